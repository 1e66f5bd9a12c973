// Package adaptertest is an engine in miniature for the tests of Data Adapters:
// a Feed that keeps in memory what an adapter says, and Run, which runs one.
//
//	feed := adaptertest.NewFeed(t)
//	adaptertest.Run(t, adapter, feed)
//	item := feed.Subscribe(adapter, "IBM", adapters.Merge)
//	feed.WaitFor(func() bool { return feed.Last("IBM", "bid") == "180.36" })
//
// The Feed fails the test when the contract is broken: a batch used after Send
// or never sent, a slot that the feed did not give out, an update of a COMMAND
// item without key and command, a second end of snapshot. It starts no goroutine
// and works inside a testing/synctest bubble.
package adaptertest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// Limits are the bounds of a Feed. A zero means the default.
type Limits struct {
	// Fields is the size of the dictionary of field names. Default 500.
	Fields int
	// Items is how many items may be published. Default 10,000.
	Items int
	// Batches is how many batches there are: an adapter that holds that many
	// waits for one. Default 4.
	Batches int
	// BatchSize is the number of updates that makes a batch Full. Default 64.
	BatchSize int
	// Events is how many events are kept; older ones are forgotten. Default 10,000.
	Events int
}

// Patience is how long WaitFor waits, and how long Run may take to end. In a
// synctest bubble it is virtual time.
const Patience = 30 * time.Second

// Feed is an adapters.Feed that keeps what it is told. All its methods may be
// called from any goroutine, but Subscribe, WaitFor and the others that can fail
// the test at once only from the test's own.
type Feed struct {
	t      testing.TB
	limits Limits
	free   chan *batch

	mu      sync.Mutex
	names   []string // of the fields, by slot
	slots   map[string]adapters.Field
	nextRef uint64
	lives   map[uint64]*life // those that are not over, by reference
	latest  map[string]*life // by name; also when over
	count   [kinds]int       // of events ever, by kind
	events  []Event          // the newest ones, a ring once it is full
	oldest  int              // index of the ring's start
	late    int              // calls through handles whose life was over
	up      bool
	closed  chan struct{}
	changed chan struct{} // closed and replaced at each change, nil when nobody waits
}

// life is what the feed knows of one life of an item.
type life struct {
	item     adapters.Item
	mode     adapters.Mode
	resident bool
	complete bool // its snapshot has ended
	row      map[string]Value
	keys     map[string]map[string]Value // COMMAND: the rows
}

// NewFeed returns a Feed with the default limits.
func NewFeed(t testing.TB) *Feed {
	t.Helper()
	return NewFeedWith(t, Limits{})
}

// NewFeedWith returns a Feed with other limits.
func NewFeedWith(t testing.TB, limits Limits) *Feed {
	for _, l := range []struct {
		limit *int
		size  int
	}{{&limits.Fields, 500}, {&limits.Items, 10_000}, {&limits.Batches, 4}, {&limits.BatchSize, 64}, {&limits.Events, 10_000}} {
		if *l.limit == 0 {
			*l.limit = l.size
		}
	}
	f := &Feed{
		t:      t,
		limits: limits,
		free:   make(chan *batch, limits.Batches),
		slots:  make(map[string]adapters.Field),
		lives:  make(map[uint64]*life),
		latest: make(map[string]*life),
		closed: make(chan struct{}),
	}
	for range limits.Batches {
		f.free <- &batch{feed: f, sent: true}
	}
	t.Cleanup(func() {
		if n := limits.Batches - len(f.free); n > 0 {
			t.Errorf("adaptertest: %d batches were taken and never sent", n)
		}
	})
	return f
}

// Field implements adapters.Feed.
func (f *Feed) Field(name string) (adapters.Field, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if slot, ok := f.slots[name]; ok {
		return slot, nil
	}
	switch {
	case name == "":
		f.t.Error("adaptertest: Field of an empty name")
		return 0, errors.New("empty field name")
	case len(f.names) == f.limits.Fields:
		return 0, adapters.ErrTooManyFields
	}
	slot := adapters.Field(len(f.names))
	f.names = append(f.names, name)
	f.slots[name] = slot
	return slot, nil
}

// Publish implements adapters.Feed.
func (f *Feed) Publish(name string, mode adapters.Mode, _ adapters.SnapshotKind) (adapters.Item, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.isClosed() {
		return adapters.Item{}, adapters.ErrClosed
	}
	residents := 0
	for _, l := range f.lives {
		if l.resident && l.item.Name() == name {
			return l.item, nil
		}
		if l.resident {
			residents++
		}
	}
	if residents >= f.limits.Items {
		return adapters.Item{}, adapters.ErrTooManyItems
	}
	l := f.begin(name, mode)
	l.resident = true
	f.wake()
	return l.item, nil
}

// Batch implements adapters.Feed.
func (f *Feed) Batch(ctx context.Context) (adapters.Batch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if f.isClosed() {
		return nil, adapters.ErrClosed
	}
	select {
	case b := <-f.free:
		b.take()
		return b, nil
	case <-f.closed:
		return nil, adapters.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Up implements adapters.Feed.
func (f *Feed) Up() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.up = true
	f.record(Event{Kind: Up})
	f.wake()
}

// Down implements adapters.Feed.
func (f *Feed) Down(reason error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.up = false
	f.record(Event{Kind: Down, Err: reason})
	f.wake()
}

// Begin starts a life of an item, as the engine does before it calls Subscribe.
func (f *Feed) Begin(name string, mode adapters.Mode) adapters.Item {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.begin(name, mode).item
}

func (f *Feed) begin(name string, mode adapters.Mode) *life {
	f.nextRef++
	l := &life{item: adapters.NewItem(name, f.nextRef), mode: mode, row: make(map[string]Value), keys: make(map[string]map[string]Value)}
	f.lives[f.nextRef] = l
	f.latest[name] = l
	return l
}

// End ends a life. What comes through the handle from then on is counted by Late
// and dropped; Last and Row still tell what came before.
func (f *Feed) End(item adapters.Item) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.lives, item.Ref())
}

// Subscribe begins a life of the named item and subscribes it at a, which must
// be running (see Run). It fails the test when a refuses it.
func (f *Feed) Subscribe(a adapters.DataAdapter, name string, mode adapters.Mode) adapters.Item {
	f.t.Helper()
	item := f.Begin(name, mode)
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	if _, err := a.Subscribe(ctx, item); err != nil {
		f.t.Fatalf("Subscribe(%q): %v", name, err)
	}
	return item
}

// Unsubscribe ends the life of item and unsubscribes it at a.
func (f *Feed) Unsubscribe(a adapters.DataAdapter, item adapters.Item) {
	f.End(item)
	a.Unsubscribe(item)
}

// Close ends the feed: from then on Batch and Publish return ErrClosed.
func (f *Feed) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.isClosed() {
		close(f.closed)
	}
}

func (f *Feed) isClosed() bool {
	select {
	case <-f.closed:
		return true
	default:
		return false
	}
}

// WaitFor waits until done returns true and fails the test after Patience. It
// asks again whenever something has changed; done may call the Feed's methods.
func (f *Feed) WaitFor(done func() bool) {
	f.t.Helper()
	timeout := time.NewTimer(Patience)
	defer timeout.Stop()
	for {
		f.mu.Lock()
		if f.changed == nil {
			f.changed = make(chan struct{})
		}
		changed := f.changed
		f.mu.Unlock()
		if done() {
			return
		}
		select {
		case <-changed:
		case <-timeout.C:
			last := f.Events()
			f.t.Fatalf("adaptertest: waited %v in vain; the last events: %v", Patience, last[max(0, len(last)-10):])
		}
	}
}

func (f *Feed) wake() {
	if f.changed != nil {
		close(f.changed)
		f.changed = nil
	}
}

// IsUp reports whether Up was called, and no Down since.
func (f *Feed) IsUp() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.up
}

// Late returns how many calls came through handles whose life was over.
func (f *Feed) Late() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.late
}

// Fields returns the dictionary of field names, by slot.
func (f *Feed) Fields() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.names)
}
