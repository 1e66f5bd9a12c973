//go:build linux

package main

import (
	"context"
	"errors"
	"strings"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/load"
	"github.com/halley-stream/halley/bench/peers/clients"
)

// publisher takes the ticks to a peer: lines of updates, as package clients wants
// them. It may wait. The lines are lent.
type publisher interface {
	publish(lines []byte) error
}

// feed is the load of Halley's own benchmarks, for a publisher. It is an adapters.Feed
// with one batch. All of it belongs to the goroutine of run, but stop, the lag, and
// last after stop.
type feed struct {
	adapter   *load.Adapter
	publisher publisher
	lines     []byte
	last      []uint64 // the number of the last tick of each item

	cancel context.CancelFunc
	ended  chan struct{}
	err    error // why it has ended; after ended
}

// linesFull is when a batch is sent: as large as a batch of Halley's.
const linesFull = 64 << 10

// startFeed lets items tick, each so many times a second. stop it.
func startFeed(p publisher, items int, rate float64) (*feed, error) {
	adapter, err := load.New(load.Config{Items: items, Rate: rate, Seed: seed, Bytes: clients.FillerSize, Resident: true})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &feed{adapter: adapter, publisher: p, last: make([]uint64, items), cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(f.ended)
		f.err = errors.Join(adapter.Run(ctx, f), f.err)
	}()
	return f, nil
}

// stop ends the feed. It waits for the publisher.
func (f *feed) stop() error {
	f.cancel()
	<-f.ended
	return f.err
}

// resetLag begins to measure anew how late the feed is.
func (f *feed) resetLag(ctx context.Context) error {
	_, err := f.adapter.Subscribe(ctx, adapters.NewItem(load.LagItem, 0))
	return err
}

// Field implements adapters.Feed.
func (f *feed) Field(string) (adapters.Field, error) { return 0, nil }

// Publish implements adapters.Feed. The items come in the order of their numbers.
func (f *feed) Publish(name string, _ adapters.Mode, _ adapters.SnapshotKind) (adapters.Item, error) {
	number, _ := parseNumber(strings.TrimPrefix(name, "item"))
	return adapters.NewItem(name, number), nil
}

// Batch implements adapters.Feed.
func (f *feed) Batch(ctx context.Context) (adapters.Batch, error) {
	return f, errors.Join(ctx.Err(), f.err)
}

// Up implements adapters.Feed.
func (f *feed) Up() {}

// Down implements adapters.Feed.
func (f *feed) Down(error) {}

// Update implements adapters.Batch.
func (f *feed) Update(item adapters.Item, _ []adapters.Field, values [][]byte) {
	f.last[item.Ref()]++
	f.lines = append(f.lines, clients.Marker)
	f.lines = append(f.lines, strings.TrimPrefix(item.Name(), "item")...)
	for _, v := range values {
		f.lines = append(f.lines, '|')
		f.lines = append(f.lines, v...)
	}
	f.lines = append(f.lines, '\n')
}

// Snapshot implements adapters.Batch. The peers have none.
func (f *feed) Snapshot(adapters.Item, []adapters.Field, [][]byte) {}

// EndOfSnapshot implements adapters.Batch.
func (f *feed) EndOfSnapshot(adapters.Item) {}

// Clear implements adapters.Batch.
func (f *feed) Clear(adapters.Item) {}

// Fail implements adapters.Batch.
func (f *feed) Fail(adapters.Item, error) {}

// Full implements adapters.Batch.
func (f *feed) Full() bool { return len(f.lines) >= linesFull }

// Send implements adapters.Batch.
func (f *feed) Send() {
	if len(f.lines) > 0 && f.err == nil {
		f.err = f.publisher.publish(f.lines)
	}
	f.lines = f.lines[:0]
}
