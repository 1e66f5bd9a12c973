//go:build linux

package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatIsFetchedIsKept(t *testing.T) {
	w := &workshop{cache: t.TempDir(), stderr: io.Discard}
	made := 0
	build := func(folder string) error {
		made++
		return os.WriteFile(filepath.Join(folder, "made"), nil, 0o600)
	}
	first, err1 := w.fetched("node", build)
	second, err2 := w.fetched("node", build)
	if err := errors.Join(err1, err2); err != nil || first != second || made != 1 {
		t.Fatalf("%q and %q, made %d times, %v", first, second, made, err)
	}
	for _, name := range []string{"made", "server.js", ".npmrc"} {
		if _, err := os.Stat(filepath.Join(first, name)); err != nil {
			t.Error(err)
		}
	}
	_, err := w.fetched("nginx", func(string) error { return errors.New("no network") })
	if err == nil || !strings.Contains(err.Error(), "no network") {
		t.Errorf("got %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(w.cache, "*unfinished*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
