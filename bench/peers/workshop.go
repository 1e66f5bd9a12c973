//go:build linux

package main

import (
	"context"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
)

// sources are the peers that are not written in Go.
//
//go:embed node/package.json node/package-lock.json node/.npmrc node/server.js
//go:embed cometd/pom.xml cometd/Peer.java
var sources embed.FS

// workshop is where peers are made ready. What was fetched once is kept in the cache.
type workshop struct {
	cache  string
	folder string // for this run; removed at its end
	stderr io.Writer
}

// newWorkshop makes a folder for a run. close it.
func newWorkshop(stderr io.Writer) (*workshop, error) {
	cache := os.Getenv("HALLEY_CACHE")
	if cache == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return nil, err
		}
		cache = filepath.Join(base, "halley-bench")
	}
	folder, err := os.MkdirTemp("", "halley-peers-")
	if err != nil {
		return nil, err
	}
	return &workshop{cache: cache, folder: folder, stderr: stderr}, nil
}

func (w *workshop) close() { _ = os.RemoveAll(w.folder) } // in the system's folder for such things

func (w *workshop) talk(format string, args ...any) {
	fmt.Fprintf(w.stderr, "peers: "+format+"\n", args...)
}

// fetched returns a folder of the cache with what a peer consists of: the files of a
// folder of sources, if any, and what make adds to them. It is made once, and again
// when the sources have changed.
func (w *workshop) fetched(name string, make func(folder string) error) (string, error) {
	hash := fnv.New64a()
	copyTo := func(target string) error {
		return fs.WalkDir(sources, name, func(path string, e fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil // nothing but what is fetched
			case err != nil || e.IsDir():
				return err
			}
			text, err := sources.ReadFile(path)
			if err != nil || target == "" {
				hash.Write(text)
				return err
			}
			return os.WriteFile(filepath.Join(target, e.Name()), text, 0o644)
		})
	}
	if err := copyTo(""); err != nil {
		return "", err
	}
	folder := filepath.Join(w.cache, name+"-"+hex.EncodeToString(hash.Sum(nil)))
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	w.talk("fetching what %s consists of into %s", name, folder)
	if err := os.MkdirAll(w.cache, 0o755); err != nil {
		return "", err
	}
	// It gets its name when it is complete.
	unfinished, err := os.MkdirTemp(w.cache, name+"-unfinished-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(unfinished) }() // else it is in the way of nobody
	if err := errors.Join(copyTo(unfinished), os.Chmod(unfinished, 0o755)); err != nil {
		return "", err
	}
	if err := make(unfinished); err != nil {
		return "", fmt.Errorf("fetching what %s consists of: %w", name, err)
	}
	return folder, os.Rename(unfinished, folder)
}

// need says what is missing.
func need(programs ...string) error {
	var missing []error
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, fmt.Errorf("%s is missing", program))
		}
	}
	return errors.Join(missing...)
}

// execute runs a program in a folder, and shows what it says only if it fails.
func execute(ctx context.Context, folder, program string, args ...string) error {
	c := exec.CommandContext(ctx, program, args...)
	c.Dir = folder
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, out[max(0, len(out)-2000):])
	}
	return nil
}

// output returns what a program says in one line.
func output(ctx context.Context, program string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, program, args...).Output()
	for len(out) > 0 && out[len(out)-1] == '\n' {
		out = out[:len(out)-1]
	}
	return string(out), err
}

func goVersion() string { return runtime.Version() }

func cores() int { return runtime.NumCPU() }

// parseNumber reads a number of items and the like.
func parseNumber(text string) (uint64, error) { return strconv.ParseUint(text, 10, 32) }
