package e2e

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for a thing that should happen at once. The
// machine may be slow and busy.
const patience = 30 * time.Second

// work is the folder of what all tests share; it is gone after them.
var work string

func TestMain(m *testing.M) {
	var err error
	if work, err = os.MkdirTemp("", "halley-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	for _, left := range programs.running() {
		fmt.Fprintf(os.Stderr, "e2e: %s still runs after the tests\n", left)
		code = 1
	}
	if err := os.RemoveAll(work); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// halley returns the path of the program, built with the race detector if the
// tests are.
func halley(t testing.TB) string {
	t.Helper()
	path, err := buildHalley()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var buildHalley = sync.OnceValues(func() (string, error) {
	path := filepath.Join(work, "halley")
	args := []string{"build", "-o", path}
	if raceDetector {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, "github.com/halley-stream/halley/cmd/halley")...)
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, said)
	}
	return path, nil
})

// waitFor waits until a condition is met.
func waitFor(t testing.TB, what string, met func() bool) {
	t.Helper()
	waitLong(t, patience, what, met)
}

// waitLong is the same with a time limit of its own.
func waitLong(t testing.TB, limit time.Duration, what string, met func() bool) {
	t.Helper()
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !met() {
		select {
		case <-tick.C:
		case <-timeout.C:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// sortedKeys returns the keys of a map, sorted.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
