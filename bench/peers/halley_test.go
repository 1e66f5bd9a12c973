//go:build linux

package main

import (
	"context"
	"slices"
	"testing"
	"time"
)

// Halley's window follows from the peer's p99, and is halved once if Halley is then
// slower than the peer.
func TestPatience(t *testing.T) {
	cases := map[string]struct {
		p99     float64       // the peer's, in milliseconds
		own     time.Duration // what Halley takes besides its window
		windows []time.Duration
		found   bool
	}{
		"as far as the peer allows": {100, 10 * time.Millisecond, []time.Duration{80 * time.Millisecond}, true},
		"half of it":                {100, 30 * time.Millisecond, []time.Duration{80 * time.Millisecond, 40 * time.Millisecond}, true},
		"not even half":             {100, 90 * time.Millisecond, []time.Duration{80 * time.Millisecond, 40 * time.Millisecond}, false},
		"a very slow peer":          {900, 0, []time.Duration{400 * time.Millisecond}, true},
		"a very fast peer":          {2, 0, nil, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var windows []time.Duration
			run := func(_ context.Context, _ string, _ int, _ float64, _, window time.Duration) (*halley, error) {
				windows = append(windows, window)
				return &halley{P99: millis(window + c.own)}, nil
			}
			got, err := patient(t.Context(), run, &trial{P99: c.p99}, overWebSocket, 1, time.Second)
			if err != nil || (got != nil) != c.found || !slices.Equal(windows, c.windows) {
				t.Errorf("got %+v, %v with windows %v, want %v", got, err, windows, c.windows)
			}
		})
	}
}
