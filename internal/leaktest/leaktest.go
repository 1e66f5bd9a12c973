// Package leaktest finds what tests have left behind: goroutines of this module
// that do not end, and file descriptors that nobody closed.
//
//	func TestMain(m *testing.M) { leaktest.Main(m) }
package leaktest

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// module is the mark of our own goroutines: a frame of ours is on their stack,
// or one of ours has started them.
const module = "github.com/halley-stream/halley/"

// patience is how long a goroutine or descriptor may take to go away.
const patience = 5 * time.Second

// Main runs the tests of a package and exits with their code. If they passed but
// goroutines of this module are still there some seconds later, it prints their
// stacks and exits with 1.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is as Main, for those who have something to put away before they exit.
func Run(m *testing.M) int {
	code := m.Run()
	if code == 0 {
		if left := settle(goroutines); len(left) > 0 {
			fmt.Fprintf(os.Stderr, "leaktest: %d goroutines did not end:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
			code = 1
		}
	}
	return code
}

// settle asks until nothing is left or patience ends, and returns what is left.
func settle(left func() []string) []string {
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		l := left()
		if len(l) == 0 || time.Now().After(deadline) {
			return l
		}
		<-tick.C
	}
}

// goroutines returns the stacks of this module's goroutines but the caller's.
func goroutines() []string {
	stacks := make([]byte, 1<<16)
	n := runtime.Stack(stacks, true)
	for n == len(stacks) {
		stacks = make([]byte, 2*len(stacks))
		n = runtime.Stack(stacks, true)
	}
	var ours []string
	for i, s := range strings.Split(string(stacks[:n]), "\n\n") {
		if i > 0 && strings.Contains(s, module) { // the first is the caller
			ours = append(ours, s)
		}
	}
	return ours
}
