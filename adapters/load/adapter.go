package load

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/halley-stream/halley/adapters"
)

const (
	// bundle is the least time between two looks at the schedule: ticks that are
	// closer together leave in one batch, and timers are not finer anyway.
	bundle = time.Millisecond
	// lagEvery is how often $lag tells how things stand.
	lagEvery = time.Second
	// idle is the time between two looks at the schedule when nothing ticks.
	idle = time.Second
)

// Names of the items that are no load.
const (
	LagItem  = "$lag"
	RestItem = "$rest"
)

// itemPrefix starts the names of the other items.
const itemPrefix = "item"

// Indexes of the items that are no load.
const (
	lagIndex  = -1
	restIndex = -2
)

// Adapter is a Data Adapter for benchmarks.
type Adapter struct {
	config Config
	wants  *wants
	lag    *lag

	// Run's goroutine only. They outlive one Run, so that numbers go on.
	seqs  []uint64        // of the last tick, by item
	items []adapters.Item // those wanted; the zero Item is not
	spare []want
	rest  adapters.Item // $rest, if wanted
	told  adapters.Item // $lag, if wanted
	ticks uint64
}

var (
	_ adapters.DataAdapter = (*Adapter)(nil)
	_ adapters.Catalog     = (*Adapter)(nil)
)

// New returns an adapter, or the faults that c.Validate finds.
func New(c Config) (*Adapter, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	return &Adapter{
		config: c,
		wants:  newWants(),
		lag:    &lag{},
		seqs:   make([]uint64, c.Items),
		items:  make([]adapters.Item, c.Items),
	}, nil
}

// Lag returns how late the adapter has called, since the start or since somebody
// wants $lag. It may be called from any goroutine.
func (a *Adapter) Lag() Lag { return a.lag.read() }

// Describe implements adapters.Catalog.
func (a *Adapter) Describe(name string) (adapters.Traits, error) {
	if _, ok := a.index(name); !ok {
		return adapters.Traits{}, fmt.Errorf("%q: %w; there are %s0 to %s%d", name, adapters.ErrUnknownItem, itemPrefix, itemPrefix, a.config.Items-1)
	}
	return adapters.Traits{Modes: adapters.Modes(adapters.Merge)}, nil
}

func (a *Adapter) index(name string) (int, bool) {
	switch name {
	case LagItem:
		return lagIndex, true
	case RestItem:
		return restIndex, true
	}
	number, ok := strings.CutPrefix(name, itemPrefix)
	n, err := strconv.Atoi(number)
	return n, ok && err == nil && n >= 0 && n < a.config.Items && strconv.Itoa(n) == number
}

// Subscribe never waits; Run sends the snapshot.
func (a *Adapter) Subscribe(_ context.Context, item adapters.Item) (adapters.SnapshotKind, error) {
	i, ok := a.index(item.Name())
	if !ok {
		_, err := a.Describe(item.Name())
		return adapters.NoSnapshot, err
	}
	a.wants.add(want{index: i, item: item})
	return adapters.WithSnapshot, nil
}

// Unsubscribe never waits.
func (a *Adapter) Unsubscribe(item adapters.Item) {
	if i, ok := a.index(item.Name()); ok {
		a.wants.add(want{index: i, item: item, ends: true})
	}
}

// Run feeds until ctx is done.
func (a *Adapter) Run(ctx context.Context, feed adapters.Feed) error {
	defer a.forget()
	out, err := newOutput(ctx, feed, a.config)
	if err != nil {
		return err
	}
	start := time.Now()
	r := &run{Adapter: a, out: out, schedule: newSchedule(a.config), start: start}
	if a.config.Resident {
		if err := r.publish(feed); err != nil {
			return err
		}
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
		due := r.step(time.Since(start))
		if out.err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return out.err
		}
		timer.Reset(due - time.Since(start))
	}
}

// forget ends the lives of all items, with Run.
func (a *Adapter) forget() {
	a.spare = a.wants.take(a.spare)
	for _, w := range a.spare {
		if w.said != nil {
			close(w.said.told)
		}
	}
	clear(a.items)
	a.rest, a.told = adapters.Item{}, adapters.Item{}
}
