package leaktest

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// Descriptors fails t if at its end more file descriptors are open than now,
// some seconds of grace included. Call it first, so that it looks last; tests
// that run in parallel would disturb it. Where there is no /proc it does nothing.
func Descriptors(t testing.TB) {
	t.Helper()
	// The runtime opens descriptors of its own for the first pipe or socket.
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
	before := descriptors()
	t.Cleanup(func() {
		if left := settle(func() []string { return surplus(before, descriptors()) }); len(left) > 0 {
			t.Errorf("leaktest: descriptors left open:\n%s", strings.Join(left, "\n"))
		}
	})
}

// descriptors returns what the open descriptors refer to, as "5 -> /tmp/x".
func descriptors() []string {
	const dir = "/proc/self/fd/"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var open []string
	for _, e := range entries {
		target, err := os.Readlink(dir + e.Name())
		if err != nil { // the one that ReadDir itself had open
			continue
		}
		open = append(open, e.Name()+" -> "+target)
	}
	return open
}

// surplus returns the entries of after that before has not, if after has more.
func surplus(before, after []string) []string {
	if len(after) <= len(before) {
		return nil
	}
	return slices.DeleteFunc(after, func(d string) bool { return slices.Contains(before, d) })
}
