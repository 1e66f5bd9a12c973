package plugin

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/halley-stream/halley/adapters/plugin/internal/wire"
)

// TestStartedByHand runs this very test once more, as a plugin that nobody serves.
func TestStartedByHand(t *testing.T) {
	if os.Getenv("SERVE_BY_HAND") != "" {
		Serve(Adapters{})
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestStartedByHand$")
	cmd.Env = append(os.Environ(), "SERVE_BY_HAND=yes", wire.CookieName+"=", wire.AttachEnv+"=")
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("it ends with %v, want 1", err)
	}
	for _, want := range []string{"halley serve -c halley.yaml", wire.AttachEnv + "=unix:"} {
		if !strings.Contains(string(said), want) {
			t.Errorf("it says %q, without %q", said, want)
		}
	}
}
