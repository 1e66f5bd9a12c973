package adaptertest

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// Conformance says what Conform needs to know of a Data Adapter.
type Conformance struct {
	// New makes an adapter that has not been run. It is called for each part of the
	// test.
	New func(t testing.TB) adapters.DataAdapter
	// Items are names that the adapter knows, at least one. What it says of them must
	// begin within Patience.
	Items []string
	// Mode is that of the items.
	Mode adapters.Mode
	// Unknown is a name that it does not know; empty if it knows every name.
	Unknown string
}

// Conform holds an adapter to the contract, as an engine would use it: subscribed and
// unsubscribed in all orders and at the same time, with a feed that is slow to take
// what it says, ended at any moment, and run again. Each part is a subtest.
//
//	func TestConformance(t *testing.T) {
//		adaptertest.Conform(t, adaptertest.Conformance{
//			New:   func(testing.TB) adapters.DataAdapter { return New() },
//			Items: []string{"EURUSD", "EURGBP"},
//			Mode:  adapters.Merge,
//		})
//	}
func Conform(t *testing.T, c Conformance) {
	t.Helper()
	for name, part := range map[string]func(*testing.T, Conformance){
		"each item speaks":                    conformSpeaks,
		"an item that is over is silent":      conformSilence,
		"an item comes back":                  conformComesBack,
		"changes of mind":                     conformChangesOfMind,
		"all at the same time":                conformConcurrent,
		"a feed that is slow":                 conformBackpressure,
		"an unknown item":                     conformUnknown,
		"it ends, and leaves nothing running": conformEnd,
	} {
		t.Run(name, func(t *testing.T) { part(t, c) })
	}
}

// spoken reports whether something was said of an item since it had n events.
func (f *Feed) spoken(item string, n int) bool { return len(f.EventsOf(item)) > n }

func conformSpeaks(t *testing.T, c Conformance) {
	a, feed := c.New(t), NewFeed(t)
	Run(t, a, feed)
	for _, name := range c.Items {
		item := feed.Begin(name, c.Mode)
		ctx, cancel := context.WithTimeout(t.Context(), Patience)
		kind, err := a.Subscribe(ctx, item)
		cancel()
		if err != nil {
			t.Fatalf("Subscribe(%q): %v", name, err)
		}
		feed.WaitFor(func() bool { return feed.spoken(name, 0) })
		if kind == adapters.WithSnapshot && c.Mode != adapters.Merge {
			feed.WaitFor(func() bool { return feed.Complete(name) })
		}
		defer feed.Unsubscribe(a, item)
	}
}

func conformSilence(t *testing.T, c Conformance) {
	a, feed := c.New(t), NewFeed(t)
	stop := Run(t, a, feed)
	item := feed.Subscribe(a, c.Items[0], c.Mode)
	feed.WaitFor(func() bool { return feed.spoken(c.Items[0], 0) })
	feed.Unsubscribe(a, item)
	late := feed.Late()
	// What was under way may still arrive; what comes after another item has been
	// subscribed and has spoken was not under way.
	if len(c.Items) > 1 {
		feed.Subscribe(a, c.Items[1], c.Mode)
		feed.WaitFor(func() bool { return feed.spoken(c.Items[1], 0) })
	}
	stop()
	if n := feed.Late() - late; n > conformLate {
		t.Errorf("%d calls about %q after it was unsubscribed", n, c.Items[0])
	}
}

// conformLate is how much may be under way when an item is unsubscribed: some batches.
const conformLate = 1000

func conformComesBack(t *testing.T, c Conformance) {
	a, feed := c.New(t), NewFeed(t)
	Run(t, a, feed)
	for range 3 {
		before := len(feed.EventsOf(c.Items[0]))
		item := feed.Subscribe(a, c.Items[0], c.Mode)
		feed.WaitFor(func() bool { return feed.spoken(c.Items[0], before) })
		feed.Unsubscribe(a, item)
	}
}

func conformChangesOfMind(t *testing.T, c Conformance) {
	a, feed := c.New(t), NewFeed(t)
	Run(t, a, feed)
	for range 100 {
		feed.Unsubscribe(a, feed.Subscribe(a, c.Items[0], c.Mode))
	}
	before := len(feed.EventsOf(c.Items[0]))
	feed.Subscribe(a, c.Items[0], c.Mode)
	feed.WaitFor(func() bool { return feed.spoken(c.Items[0], before) })
}

func conformConcurrent(t *testing.T, c Conformance) {
	a, feed := c.New(t), NewFeed(t)
	Run(t, a, feed)
	var callers sync.WaitGroup
	for _, name := range c.Items {
		callers.Go(func() {
			for range 20 {
				item := feed.Begin(name, c.Mode)
				ctx, cancel := context.WithTimeout(context.Background(), Patience)
				_, err := a.Subscribe(ctx, item)
				cancel()
				if err != nil {
					t.Errorf("Subscribe(%q): %v", name, err)
					return
				}
				feed.Unsubscribe(a, item)
			}
		})
	}
	callers.Wait()
	for _, name := range c.Items {
		before := len(feed.EventsOf(name))
		feed.Subscribe(a, name, c.Mode)
		feed.WaitFor(func() bool { return feed.spoken(name, before) })
	}
}

// conformBackpressure gives the adapter one batch, which is soon full.
func conformBackpressure(t *testing.T, c Conformance) {
	a, feed := c.New(t), NewFeedWith(t, Limits{Batches: 1, BatchSize: 1})
	Run(t, a, feed)
	for _, name := range c.Items {
		feed.Subscribe(a, name, c.Mode)
	}
	for _, name := range c.Items {
		feed.WaitFor(func() bool { return feed.spoken(name, 0) })
	}
}

func conformUnknown(t *testing.T, c Conformance) {
	if c.Unknown == "" {
		t.Skip("it knows every name")
	}
	a, feed := c.New(t), NewFeed(t)
	Run(t, a, feed)
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	if _, err := a.Subscribe(ctx, feed.Begin(c.Unknown, c.Mode)); !errors.Is(err, adapters.ErrUnknownItem) {
		t.Errorf("Subscribe(%q): %v, want ErrUnknownItem", c.Unknown, err)
	}
	if catalog, ok := a.(adapters.Catalog); ok {
		if _, err := catalog.Describe(c.Unknown); !errors.Is(err, adapters.ErrUnknownItem) {
			t.Errorf("Describe(%q): %v, want ErrUnknownItem", c.Unknown, err)
		}
		for _, name := range c.Items {
			if traits, err := catalog.Describe(name); err != nil || traits.Modes != 0 && !traits.Modes.Has(c.Mode) {
				t.Errorf("Describe(%q): %v, %v; want a mode %v", name, traits, err, c.Mode)
			}
		}
	}
}

// conformEnd ends the adapter at once, and while it speaks.
func conformEnd(t *testing.T, c Conformance) {
	before := goroutinesOf(t)
	for _, speaking := range []bool{false, true} {
		a, feed := c.New(t), NewFeed(t)
		stop := Run(t, a, feed)
		if speaking {
			feed.Subscribe(a, c.Items[0], c.Mode)
			feed.WaitFor(func() bool { return feed.spoken(c.Items[0], 0) })
		}
		stop()
		feed.Close()
	}
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for len(goroutinesOf(t)) > len(before) {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("goroutines that run on after Run has returned:\n%s", strings.Join(goroutinesOf(t), "\n\n"))
		}
	}
}

// goroutinesOf returns the stacks of all goroutines but those of tests.
func goroutinesOf(t *testing.T) (stacks []string) {
	t.Helper()
	buf := make([]byte, 1<<20)
	for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if !strings.Contains(stack, "testing.") && !strings.Contains(stack, "runtime.goexit0") {
			stacks = append(stacks, stack)
		}
	}
	return stacks
}
