package adaptertest

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/halley-stream/halley/adapters"
)

// Discard is a Feed that counts and forgets, for benchmarks and for tests that
// count allocations: it makes none of its own for a batch. It has one batch,
// which it gives to everybody at once, and keeps no lives of items.
type Discard struct {
	updates atomic.Uint64
	bytes   atomic.Uint64

	mu    sync.Mutex
	names map[string]adapters.Field
	items map[string]adapters.Item
}

// NewDiscard returns a Discard.
func NewDiscard() *Discard {
	return &Discard{names: make(map[string]adapters.Field), items: make(map[string]adapters.Item)}
}

// Updates returns the number of updates and snapshots so far.
func (d *Discard) Updates() uint64 { return d.updates.Load() }

// Bytes returns the length of all values so far.
func (d *Discard) Bytes() uint64 { return d.bytes.Load() }

// Field implements adapters.Feed.
func (d *Discard) Field(name string) (adapters.Field, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	slot, ok := d.names[name]
	if !ok {
		slot = adapters.Field(len(d.names))
		d.names[name] = slot
	}
	return slot, nil
}

// Publish implements adapters.Feed.
func (d *Discard) Publish(name string, _ adapters.Mode, _ adapters.SnapshotKind) (adapters.Item, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	item, ok := d.items[name]
	if !ok {
		item = adapters.NewItem(name, uint64(len(d.items)+1))
		d.items[name] = item
	}
	return item, nil
}

// Batch implements adapters.Feed.
func (d *Discard) Batch(ctx context.Context) (adapters.Batch, error) {
	return (*discardBatch)(d), ctx.Err()
}

// Up implements adapters.Feed.
func (d *Discard) Up() {}

// Down implements adapters.Feed.
func (d *Discard) Down(error) {}

// discardBatch is the batch of a Discard, full at each 64th update.
type discardBatch Discard

func (b *discardBatch) Update(_ adapters.Item, _ []adapters.Field, values [][]byte) {
	n := 0
	for _, v := range values {
		n += len(v)
	}
	b.bytes.Add(uint64(n))
	b.updates.Add(1)
}

func (b *discardBatch) Snapshot(item adapters.Item, fields []adapters.Field, values [][]byte) {
	b.Update(item, fields, values)
}

func (b *discardBatch) EndOfSnapshot(adapters.Item) {}
func (b *discardBatch) Clear(adapters.Item)         {}
func (b *discardBatch) Fail(adapters.Item, error)   {}
func (b *discardBatch) Full() bool                  { return b.updates.Load()%64 == 0 }
func (b *discardBatch) Send()                       {}
