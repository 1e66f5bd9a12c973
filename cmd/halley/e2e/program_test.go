package e2e

import (
	"bytes"
	"errors"
	"maps"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// programs knows the programs that run, so that none is forgotten.
var programs = registry{names: make(map[*program]string)}

type registry struct {
	mu    sync.Mutex
	names map[*program]string
}

func (r *registry) add(p *program, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names[p] = name
}

func (r *registry) remove(p *program) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.names, p)
}

func (r *registry) running() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Values(r.names))
}

// program is one that a test has started. It ends with the test at the latest.
type program struct {
	t      testing.TB
	cmd    *exec.Cmd
	stderr text
	ended  chan struct{} // closed when it has ended
	code   int           // its exit code, after that; -1 if a signal ended it
}

// start starts a program. What it writes to stdout goes there too, unless the
// command has something else for it.
func start(t testing.TB, cmd *exec.Cmd) *program {
	t.Helper()
	p := &program{t: t, cmd: cmd, ended: make(chan struct{})}
	cmd.Stderr = &p.stderr
	if cmd.Stdout == nil {
		cmd.Stdout = &p.stderr
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	programs.add(p, cmd.String())
	go func() {
		err := cmd.Wait()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			p.stderr.Write([]byte(err.Error()))
		}
		p.code = cmd.ProcessState.ExitCode()
		programs.remove(p)
		close(p.ended)
	}()
	t.Cleanup(func() {
		if p.runs() {
			_ = cmd.Process.Kill() // it may end just now
		}
		<-p.ended
	})
	return p
}

// runs reports whether the program has not ended.
func (p *program) runs() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// signal sends a signal.
func (p *program) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("%v to %s: %v", s, p.cmd, err)
	}
}

// end waits for the program's end and returns its exit code.
func (p *program) end() int {
	p.t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-p.ended:
		return p.code
	case <-timeout.C:
		p.t.Fatalf("%s does not end; it said\n%s", p.cmd, p.stderr.String())
		return -1
	}
}

// text is what a program has written. Any goroutine.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends p.
func (w *text) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

// String returns all that was written.
func (w *text) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}
