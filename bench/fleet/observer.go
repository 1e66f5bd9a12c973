//go:build linux

package fleet

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/halley-stream/halley/adapters/load"
	"github.com/halley-stream/halley/protocol"
)

// The observer is a session beside the fleet's, which asks the load adapter how it
// is, and lets it rest.

// Numbers of its subscriptions.
const (
	lagSubscription  = "2"
	restSubscription = "3"
)

// observed is what the load adapter has said.
type observed struct {
	lag      *protocol.ItemState
	lagSeen  int // updates of it
	rest     *protocol.ItemState
	restSeen int
}

// observe takes in an update of the observer's, the line behind "U,".
func (f *Fleet) observe(line []byte) {
	n, err := protocol.ParseLine(append([]byte("U,"), line...))
	switch {
	case err != nil:
	case n.Sub == 2 && f.observed.lag != nil:
		err = f.observed.lag.Apply(n.Text)
		f.observed.lagSeen++
	case n.Sub == 3 && f.observed.rest != nil:
		err = f.observed.rest.Apply(n.Text)
		f.observed.restSeen++
	}
	if err != nil {
		f.tally.fault("observer: %v: %s", err, line)
	}
}

// WatchLag lets the load adapter measure its lag from now on.
func (f *Fleet) WatchLag() {
	f.observed.lag, f.observed.lagSeen = protocol.NewItemState(len(load.LagFieldNames())), 0
	f.message(f.sessions[0], "control", f.subscription(lagSubscription, f.config.Adapter, load.LagItem, strings.Join(load.LagFieldNames(), " "), ""))
}

// Lag returns how late the load adapter has called at a percentile ("p99"), as far
// as it has said.
func (f *Fleet) Lag(percentile string) time.Duration {
	for i, name := range load.LagFieldNames() {
		if name == percentile && f.observed.lag != nil {
			value, _ := f.observed.lag.Value(i)
			n, _ := number(value, 0)
			return time.Duration(n)
		}
	}
	return 0
}

// Rest lets the load adapter rest, and returns how often its items have ticked.
func (f *Fleet) Rest(ctx context.Context) (ticks uint64, err error) {
	f.observed.rest, f.observed.restSeen = protocol.NewItemState(1), 0
	f.message(f.sessions[0], "control", f.subscription(restSubscription, f.config.Adapter, load.RestItem, load.TicksField, ""))
	deadline := time.Now().Add(openingPatience)
	err = f.pump(ctx, func() bool { return f.observed.restSeen > 0 || time.Now().After(deadline) }, nil)
	if err == nil && f.observed.restSeen == 0 {
		err = errors.New("the load adapter does not rest")
	}
	if err != nil {
		return 0, err
	}
	value, _ := f.observed.rest.Value(0)
	ticks, _ = number(value, 0)
	return ticks, nil
}

// Standing is what the clients have, at rest.
type Standing struct {
	// Ticks is the sum of the highest numbers of all items: as many ticks have
	// been seen.
	Ticks uint64
	// Behind are the items of sessions that have not their last number.
	Behind uint64
	// Unwatched are items that only slow sessions have, whose numbers are not known.
	Unwatched int
}

// Standing compares what the sessions have. It is of use at rest.
func (f *Fleet) Standing() Standing {
	highest := make(map[int]uint64)
	each := func(visit func(number int, seq uint64)) {
		for _, s := range f.sessions[f.observers():] {
			if s.state == ended || s.slow {
				continue
			}
			for i, number := range f.config.Items(s.index) {
				visit(number, s.items[i].seq)
			}
		}
	}
	each(func(number int, seq uint64) { highest[number] = max(highest[number], seq) })
	standing := Standing{Unwatched: f.unwatched(highest)}
	for _, seq := range highest {
		standing.Ticks += seq
	}
	each(func(number int, seq uint64) {
		if seq != highest[number] {
			standing.Behind++
		}
	})
	return standing
}

// unwatched counts the items of slow sessions that are not among those seen.
func (f *Fleet) unwatched(seen map[int]uint64) int {
	others := make(map[int]bool)
	for _, s := range f.sessions[f.observers():] {
		if !s.slow {
			continue
		}
		for _, number := range f.config.Items(s.index) {
			if _, ok := seen[number]; !ok {
				others[number] = true
			}
		}
	}
	return len(others)
}
