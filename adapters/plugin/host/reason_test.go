package host

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters/adaptertest"
)

// TestTheFeedIsToldTheLastFailure is of one that is tried again: its clients and the page
// about readiness were told for ever that it was being started.
func TestTheFeedIsToldTheLastFailure(t *testing.T) {
	s := start(t, func(c *Config) { c.Args, c.BackoffMin, c.BackoffMax = []string{"exit"}, time.Hour, time.Hour })
	s.feed.WaitFor(func() bool {
		return slices.ContainsFunc(s.feed.Events(), func(e adaptertest.Event) bool {
			return e.Kind == adaptertest.Down && strings.Contains(e.Err.Error(), "it wrote: no licence was found")
		})
	})
}
