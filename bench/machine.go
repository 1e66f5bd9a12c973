//go:build linux

package main

import (
	"debug/buildinfo"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// machine is where a result was measured, and what.
type machine struct {
	CPU      string `json:"cpu"`
	Cores    int    `json:"cores"`
	Memory   int64  `json:"memory_bytes"`
	Kernel   string `json:"kernel"`
	Go       string `json:"go"`       // that the server was built with
	Revision string `json:"revision"` // of the server's source, with a + if it was changed since
}

// describe returns what is known of the machine and of a program. What cannot be
// read stays empty: it is for the reader only.
func describe(program string) machine {
	m := machine{CPU: "unknown", Cores: runtime.NumCPU()}
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			m.CPU = strings.TrimSpace(value)
			break
		}
	}
	kib, _ := readField("/proc/meminfo", "MemTotal:")
	m.Memory = kib << 10
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		m.Kernel = unix.ByteSliceToString(name.Release[:])
	}
	build, err := buildinfo.ReadFile(program)
	if err != nil {
		return m
	}
	m.Go = build.GoVersion
	changed := ""
	for _, s := range build.Settings {
		switch s.Key {
		case "vcs.revision":
			m.Revision = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				changed = "+"
			}
		}
	}
	if m.Revision != "" {
		m.Revision += changed
	}
	return m
}
