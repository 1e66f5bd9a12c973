package leaktest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

func TestGoroutinesFindsOneThatDoesNotEnd(t *testing.T) {
	started, release := make(chan struct{}), make(chan struct{})
	go stuck(started, release)
	<-started
	left := goroutines()
	if !slicesContain(left, "leaktest.stuck") {
		t.Errorf("goroutines() = %q, want one in leaktest.stuck", left)
	}
	close(release)
	gone := settle(func() []string {
		if left := goroutines(); slicesContain(left, "leaktest.stuck") {
			return left
		}
		return nil
	})
	if len(gone) > 0 {
		t.Errorf("after its end: %q", gone)
	}
}

func stuck(started, release chan struct{}) {
	close(started)
	<-release
}

func slicesContain(stacks []string, name string) bool {
	return strings.Contains(strings.Join(stacks, "\n"), name)
}

func TestDescriptorsFindsAnOpenFile(t *testing.T) {
	if descriptors() == nil {
		t.Skip("no /proc here")
	}
	Descriptors(t) // and this test itself leaves none
	before := descriptors()
	f, err := os.Create(filepath.Join(t.TempDir(), "left-open"))
	if err != nil {
		t.Fatal(err)
	}
	if left := surplus(before, descriptors()); len(left) != 1 || !strings.HasSuffix(left[0], "left-open") {
		t.Errorf("with a file open: %q, want that file", left)
	}
	f.Close()
	if left := surplus(before, descriptors()); len(left) != 0 {
		t.Errorf("after Close: %q", left)
	}
}
