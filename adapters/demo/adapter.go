package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/halley-stream/halley/adapters"
)

const (
	// bundle is the least time between two looks at the tape: ticks that are
	// closer together leave in one batch.
	bundle = time.Millisecond
	// idle is the time between two looks at the tape while nobody wants an item,
	// so that who comes next finds it at the present.
	idle = time.Second
)

// view is what an adapter shows of the tape. It belongs to Run's goroutine.
type view interface {
	// fields are the names of the fields, in the order of the view's own numbers.
	fields() []string
	// snapshot says all there is about an item, which it knows by index.
	snapshot(out *output, index int, item adapters.Item)
	// follow says what a tick means for the items wanted; those that nobody wants
	// are the zero Item. It is told every tick.
	follow(out *output, t *tick, wanted []adapters.Item)
}

// adapter is a Data Adapter: it plays a tape and shows a view of it.
type adapter struct {
	start time.Time
	mode  adapters.Mode
	index map[string]int // of the items, by name; immutable
	wants *wants

	// Run's goroutine only. They outlive one Run, so that the next goes on.
	tape   *tape
	view   view
	wanted []adapters.Item // what wants said when it was looked at last
}

var (
	_ adapters.DataAdapter = (*adapter)(nil)
	_ adapters.Catalog     = (*adapter)(nil)
)

func newAdapter(m *Market, mode adapters.Mode, items []string, newView func(*tape) view) *adapter {
	a := &adapter{
		start:  m.start,
		mode:   mode,
		index:  make(map[string]int, len(items)),
		wants:  newWants(len(items)),
		tape:   newTape(m.seed, m.rate, m.start),
		wanted: make([]adapters.Item, len(items)),
	}
	a.view = newView(a.tape)
	for i, name := range items {
		a.index[name] = i
	}
	return a
}

// Describe implements adapters.Catalog.
func (a *adapter) Describe(name string) (adapters.Traits, error) {
	if _, ok := a.index[name]; !ok {
		return adapters.Traits{}, fmt.Errorf("%q: %w", name, adapters.ErrUnknownItem)
	}
	return adapters.Traits{Modes: adapters.Modes(a.mode)}, nil
}

// Subscribe never waits; Run sends the snapshot.
func (a *adapter) Subscribe(_ context.Context, item adapters.Item) (adapters.SnapshotKind, error) {
	if _, err := a.Describe(item.Name()); err != nil {
		return adapters.NoSnapshot, err
	}
	a.wants.set(a.index[item.Name()], item)
	return adapters.WithSnapshot, nil
}

// Unsubscribe never waits.
func (a *adapter) Unsubscribe(item adapters.Item) {
	if i, ok := a.index[item.Name()]; ok {
		a.wants.unset(i, item)
	}
}

// Run plays the tape until ctx is done.
func (a *adapter) Run(ctx context.Context, feed adapters.Feed) error {
	defer a.forget()
	out, err := newOutput(ctx, feed, a.view.fields())
	if err != nil {
		return err
	}
	feed.Up()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-a.wants.changed:
		}
		due := a.step(out, time.Since(a.start))
		if err := out.err; err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		timer.Reset(due - time.Since(a.start))
	}
}

// forget ends the lives of all items, with Run.
func (a *adapter) forget() {
	a.wants.clear()
	clear(a.wanted)
}

// step plays the tape up to now, then looks what is wanted and sends snapshots of
// what is wanted anew. It returns when it wants to be called again; now and that
// are times since the start. A failure is in out.
func (a *adapter) step(out *output, now time.Duration) time.Duration {
	for out.ok() {
		t := a.tape.next(now)
		if t == nil {
			break
		}
		a.view.follow(out, t, a.wanted)
	}
	busy := a.wants.look(a.wanted, func(i int, item adapters.Item) {
		a.view.snapshot(out, i, item)
		out.endOfSnapshot(item)
	})
	out.flush()
	if !busy {
		return now + idle
	}
	due, _ := a.tape.due()
	return max(due, now+bundle)
}
