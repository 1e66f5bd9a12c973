package main

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/halley-stream/halley/internal/leaktest"
)

// TestHangupWithoutPlugins sends the hangup that once ended the server at once, without a
// drain and without a line in the log.
func TestHangupWithoutPlugins(t *testing.T) {
	leaktest.Descriptors(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := &running{stderr: new(logBuffer), cancel: cancel, code: make(chan int, 1)}
	r.serve(ctx, t, false, startServer, "-set", "engine.drain=50ms")
	r.logged(t, `(Halley is up)`)
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	r.waitFor(t, func() bool {
		return strings.Contains(r.stderr.String(), "no plugins to replace; the configuration is not read again")
	})
	cancel()
	if code := r.end(t); code != exitOK {
		t.Errorf("it ends with %d; the log is\n%s", code, r.stderr)
	}
}
