package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/adaptertest"
)

// killed waits until the feed is told that its process was killed.
func (s *subject) killed() {
	s.t.Helper()
	s.waitFor("the end of a process", func() bool {
		events := s.feed.Events()
		for i := len(events) - 1; i >= 0; i-- {
			if e := events[i]; e.Kind == adaptertest.Down {
				return strings.Contains(e.Err.Error(), "the process ended: signal: killed")
			}
		}
		return false
	})
}

// TestTheOldProcessEndsWhileItIsReplaced kills a process whose successor is not ready
// yet. It went on as if nothing had happened: logins failed, and nobody heard why.
func TestTheOldProcessEndsWhileItIsReplaced(t *testing.T) {
	dir := t.TempDir()
	link, begun, gate := filepath.Join(dir, "testplugin"), filepath.Join(dir, "begun"), filepath.Join(dir, "gate")
	if err := os.Symlink(program, link); err != nil {
		t.Fatal(err)
	}
	s := start(t, func(c *Config) { c.Command = link })
	s.want("IBM")
	s.feed.WaitFor(func() bool { return s.feed.Complete("IBM") })
	old := s.pid("IBM")
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\ntouch " + begun + "\nuntil [ -e " + gate + " ]; do sleep 0.01; done\nexec " + program + "\n"
	if err := os.WriteFile(link, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	replaced := make(chan error, 1)
	go func() { replaced <- s.plugin.Replace(t.Context()) }()
	s.waitFor("the start of the successor", func() bool { _, err := os.Stat(begun); return err == nil })
	if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.killed()
	m := s.plugin.Metadata()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := m.Authenticate(ctx, adapters.Login{User: "ann"}); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "signal: killed") {
		t.Errorf("a login is told %v, want it to wait for the successor", err)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Authenticate(t.Context(), adapters.Login{User: "ann"}); err != nil {
		t.Error(err)
	}
	if err := <-replaced; err != nil {
		t.Error(err)
	}
	s.waitFor("the successor", func() bool { return s.pid("IBM") != 0 && s.pid("IBM") != old })
	s.waitFor("the feed", s.feed.IsUp)
	if errors := s.log.errors(); len(errors) != 1 || !strings.Contains(errors[0], "the process ended: signal: killed") {
		t.Errorf("the errors in the log are %q, want the one that it was killed", errors)
	}
}

// TestTheSuccessorEndsWhileTheOldProcessIsStopped has somebody who does not let go of
// the old process, so that it takes long to stop.
func TestTheSuccessorEndsWhileTheOldProcessIsStopped(t *testing.T) {
	s := start(t, nil)
	s.want("IBM")
	s.feed.WaitFor(func() bool { return s.feed.Complete("IBM") })
	old := s.pid("IBM")
	held, err := s.plugin.use(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	release := sync.OnceFunc(held.release)
	defer release()
	replaced := make(chan error, 1)
	go func() { replaced <- s.plugin.Replace(t.Context()) }()
	s.waitFor("the successor", func() bool { return s.pid("IBM") != 0 && s.pid("IBM") != old })
	next := s.pid("IBM")
	if err := syscall.Kill(next, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.waitFor("the state", func() bool { now, _ := s.plugin.state.get(); return now.life == nil })
	release()
	s.killed()
	if err := <-replaced; err != nil {
		t.Error(err)
	}
	s.waitFor("a third process", func() bool { return s.pid("IBM") != 0 && s.pid("IBM") != old && s.pid("IBM") != next })
}
