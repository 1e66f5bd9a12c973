package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// needNode makes sure that the packages which a folder needs in Node are there. It
// skips the test where npm is missing, and only there.
func needNode(t testing.TB, folder string) {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("npm is missing: programs in Node are not tested")
	}
	if err := installPackages(folder); err != nil {
		t.Fatal(err)
	}
}

// installing is held while packages are installed: tests may want the same ones.
var installing sync.Mutex

// installPackages installs what a folder's package-lock.json lists, if that was not
// done.
func installPackages(folder string) error {
	installing.Lock()
	defer installing.Unlock()
	done := filepath.Join(folder, "node_modules/.package-lock.json") // npm writes it at the end
	wanted, err := os.Stat(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		return err
	}
	if installed, err := os.Stat(done); err == nil && !installed.ModTime().Before(wanted.ModTime()) {
		return nil
	}
	if said, err := exec.Command("npm", "--prefix", folder, "ci", "--no-audit", "--no-fund").CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci in %s: %w\n%s", folder, err, said)
	}
	now := time.Now()
	return os.Chtimes(done, now, now)
}

// script is a script of this folder, running in Node. It takes commands and tells
// events, both as lines of JSON.
type script struct {
	*program
	stdin io.WriteCloser

	mu      sync.Mutex
	lines   []json.RawMessage // all that it has told
	changed chan struct{}     // closed and replaced at each line
	closed  bool              // there will be no more
}

// runScript starts a script.
func runScript(t testing.TB, args ...string) *script {
	t.Helper()
	needNode(t, ".")
	cmd := exec.Command("node", args...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, writer := io.Pipe()
	cmd.Stdout = writer
	s := &script{program: start(t, cmd), stdin: stdin, changed: make(chan struct{})}
	go func() {
		<-s.ended
		writer.Close()
	}()
	go s.read(stdout)
	t.Cleanup(func() {
		if t.Failed() && s.stderr.String() != "" {
			t.Logf("%s said:\n%s", args[0], s.stderr.String())
		}
	})
	return s
}

func (s *script) read(stdout io.Reader) {
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		s.tell(json.RawMessage(append([]byte(nil), lines.Bytes()...)))
	}
	s.tell(nil)
}

// tell takes a line, nil for the last.
func (s *script) tell(line json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if line == nil {
		s.closed = true
	} else {
		s.lines = append(s.lines, line)
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// line returns line i, waiting for it, and whether there is one in time.
func (s *script) line(i int, timeout <-chan time.Time) (json.RawMessage, bool) {
	for {
		s.mu.Lock()
		if i < len(s.lines) {
			defer s.mu.Unlock()
			return s.lines[i], true
		}
		changed, closed := s.changed, s.closed
		s.mu.Unlock()
		if closed {
			return nil, false
		}
		select {
		case <-changed:
		case <-timeout:
			return nil, false
		}
	}
}

// send sends a command.
func (s *script) send(command map[string]any) {
	s.t.Helper()
	line, err := json.Marshal(command)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.stdin.Write(append(line, '\n')); err != nil {
		s.t.Fatalf("%s does not listen: %v\n%s", s.cmd, err, s.stderr.String())
	}
}

// quit closes the script's input and fails the test unless it then ends by itself.
func (s *script) quit() {
	s.t.Helper()
	s.stdin.Close()
	if code := s.end(); code != 0 {
		s.t.Errorf("%s ends with %d, want 0", s.cmd, code)
	}
}
