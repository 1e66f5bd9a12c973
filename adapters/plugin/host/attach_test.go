package host

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/plugin/internal/wire"
)

func isUnknown(err error) bool { return errors.Is(err, adapters.ErrUnknownItem) }

// startAttached starts the test's plugin by hand, and attaches to it.
func startAttached(t *testing.T) *subject {
	t.Helper()
	dir, err := os.MkdirTemp("", "h") //nolint:usetesting // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), wire.AttachEnv+"=unix:"+socket)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		os.RemoveAll(dir)
	})
	s := start(t, func(c *Config) { c.Command, c.Attach = "", "unix:"+socket })
	s.byHand = true
	return s
}
