//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// halley is what Halley's own bench found, as far as it is compared; the keys are its.
type halley struct {
	Setting         string  `json:"setting"`
	Delivered       uint64  `json:"delivered"`
	Lost            uint64  `json:"lost"`
	Duplicates      uint64  `json:"duplicates"`
	Reordered       uint64  `json:"reordered"`
	Duration        float64 `json:"duration_s"`
	P50             float64 `json:"p50_ms"`
	P99             float64 `json:"p99_ms"`
	P999            float64 `json:"p999_ms"`
	FeedLagP99      float64 `json:"feed_lag_p99_ms"`
	User            float64 `json:"server_user_s"`
	System          float64 `json:"server_sys_s"`
	OtherCores      float64 `json:"other_cores"`
	UpdatesPerWrite float64 `json:"updates_per_write"`
	MemoryEmpty     int64   `json:"server_rss_empty_bytes"`
	MemoryConnected int64   `json:"server_rss_start_bytes"`
	MemoryFull      int64   `json:"server_rss_bytes"`
	PerConnection   float64 `json:"server_bytes_per_session"`

	Faults []string `json:"faults"`
	Notes  []string `json:"notes"`
}

func (h *halley) perCPU() float64 { return float64(h.Delivered) / max(h.User+h.System, 1e-9) }

// halleyBench is Halley's bench, and Halley, built once.
type halleyBench struct {
	workshop      *workshop
	bench, server string
	version       string
}

// buildHalley builds both from the folder that this module's go.mod names.
func buildHalley(ctx context.Context, w *workshop) (*halleyBench, error) {
	root, err := output(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/halley-stream/halley")
	if err != nil {
		return nil, fmt.Errorf("finding Halley's folder: %w; run this in bench/peers", err)
	}
	h := &halleyBench{workshop: w, bench: filepath.Join(w.folder, "bench"), server: filepath.Join(w.folder, "halley")}
	w.talk("building Halley")
	for program, source := range map[string]string{h.bench: "./bench", h.server: "./cmd/halley"} {
		if err := execute(ctx, root, "go", "build", "-o", program, source); err != nil {
			return nil, err
		}
	}
	if h.version, err = output(ctx, "git", "-C", root, "describe", "--tags", "--always", "--dirty"); err != nil {
		h.version = "unknown"
	}
	return h, nil
}

// Between two writes to a client Halley waits as long as it has to for its own sake.
// Told to be as patient as a peer, it waits patienceShare of the peer's p99, or that
// twice as often, but never longer than patienceMost.
const (
	patienceShare = 0.8
	patienceMost  = 400 * time.Millisecond
	patienceLeast = 5 * time.Millisecond
)

// halleyRunner runs Halley on a load, as halleyBench.run does.
type halleyRunner func(ctx context.Context, transport string, clients int, rate float64, d, window time.Duration) (*halley, error)

// patient runs Halley with a window so wide that its p99 is just not worse than a
// peer's. It returns nil if there is no patience to spend.
func patient(ctx context.Context, run halleyRunner, t *trial, transport string, clients int, d time.Duration) (*halley, error) {
	window := min(time.Duration(patienceShare*t.P99*float64(time.Millisecond)), patienceMost).Truncate(time.Millisecond)
	for range 2 {
		if window < patienceLeast {
			break
		}
		h, err := run(ctx, transport, clients, t.Rate, d, window)
		if err != nil || h.P99 <= t.P99 {
			return h, err
		}
		window = (window / 2).Truncate(time.Millisecond)
	}
	return nil, nil
}

// run runs Halley on the load of a peer: the rate is per client, that of Halley's
// bench per item. window is engine.window_min, 0 as shipped.
func (h *halleyBench) run(ctx context.Context, transport string, clients int, rate float64, d, window time.Duration) (*halley, error) {
	h.workshop.talk("Halley over %s at %g/s per client, window_min %v", transport, rate, window)
	c := exec.CommandContext(ctx, h.bench, "run", "liberator", "--clients", strconv.Itoa(clients),
		"--rate", strconv.FormatFloat(rate/perClient, 'g', -1, 64), "--floor=false", "--duration", d.String(),
		"--transport", transport, "--json", "--server", h.server)
	c.Env = append(os.Environ(), "HALLEY_ENGINE_WINDOW_MIN="+window.String())
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 30 * time.Second
	var talk bytes.Buffer
	c.Stderr = &talk
	out, err := c.Output()
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && len(out) > 0) {
		return nil, fmt.Errorf("Halley's bench: %w\n%s", err, talk.Bytes())
	}
	// Bars that were missed are those of another load.
	result := new(halley)
	if err := json.Unmarshal(out, result); err != nil {
		return nil, fmt.Errorf("Halley's bench: %w", err)
	}
	result.Setting = "as shipped"
	if window > 0 {
		result.Setting = fmt.Sprintf("engine.window_min %v", window)
	}
	h.workshop.talk("Halley: %.0f updates/s, p99 %.1f ms, %.2f cores, %.0f updates per CPU second %s", float64(result.Delivered)/result.Duration,
		result.P99, (result.User+result.System)/result.Duration, result.perCPU(), strings.Join(result.Faults, "; "))
	return result, nil
}
