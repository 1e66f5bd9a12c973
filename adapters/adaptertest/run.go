package adaptertest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// Run starts a's Run in a goroutine and returns at once. The function returned
// ends it: it cancels Run's context and waits. It fails the test when Run does
// not return within Patience, or returns an error. It may be called several
// times, and the end of the test calls it too.
func Run(t testing.TB, a adapters.DataAdapter, feed adapters.Feed) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx, feed) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			timeout := time.NewTimer(Patience)
			defer timeout.Stop()
			select {
			case err := <-done:
				if err != nil {
					t.Errorf("Run returned %v, want nil", err)
				}
			case <-timeout.C:
				t.Errorf("Run did not return within %v", Patience)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}
