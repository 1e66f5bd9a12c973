//go:build linux

package main

import (
	"context"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// javaFlags are the heap that CometD's documentation measures with, and the collector
// that costs the least CPU time.
func javaFlags() []string { return []string{"-Xmx2g", "-XX:+UseParallelGC"} }

// cometd starts the server of folder cometd, which needs a JDK 17 or newer and, the
// first time, Maven.
func cometd(lazy time.Duration) starter {
	return func(ctx context.Context, w *workshop, _ int) (*process, error) {
		if err := need("java"); err != nil {
			return nil, err
		}
		folder, err := w.fetched("cometd", func(folder string) error {
			if err := need("javac", "mvn"); err != nil {
				return err
			}
			if err := execute(ctx, folder, "mvn", "-B", "-q", "-Dstyle.color=never", "dependency:copy-dependencies",
				"-DincludeScope=runtime", "-DoutputDirectory=lib"); err != nil {
				return err
			}
			return execute(ctx, folder, "javac", "-d", "classes", "-cp", "lib/*", "Peer.java")
		})
		if err != nil {
			return nil, err
		}
		java, err := output(ctx, "java", "--version")
		if err != nil {
			return nil, err
		}
		java, _, _ = strings.Cut(java, "\n")
		path := filepath.Join(folder, "lib", "*") + ":" + filepath.Join(folder, "classes")
		args := append(javaFlags(), "-cp", path, "Peer", strconv.Itoa(items), strconv.FormatInt(lazy.Milliseconds(), 10))
		return startProcess(ctx, "CometD "+cometdVersion("cometd")+", Jetty "+cometdVersion("jetty")+", "+java, w.stderr, "java", args...)
	}
}

// cometdVersion finds a version in the list of dependencies.
func cometdVersion(name string) string {
	text, _ := sources.ReadFile("cometd/pom.xml") // it is embedded
	_, after, _ := strings.Cut(string(text), "<"+name+".version>")
	version, _, _ := strings.Cut(after, "<")
	return version
}
