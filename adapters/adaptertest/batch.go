package adaptertest

import (
	"github.com/halley-stream/halley/adapters"
)

// batch is the Feed's adapters.Batch. It copies values into an arena of its own,
// as the engine does, and spoils the arena when it is recycled, so that whoever
// still looks at it sees rubbish.
type batch struct {
	feed  *Feed
	sent  bool // it is in the free list; calls are the fault of an adapter
	calls []call
	pairs []pair
	arena []byte
}

// call is one call; its pairs are pairs[from:to].
type call struct {
	kind     Kind
	item     adapters.Item
	from, to int
	err      error
}

// pair is a field and its value, arena[from:to]; null when from is negative.
type pair struct {
	slot     adapters.Field
	from, to int
}

func (b *batch) take() { b.sent = false }

func (b *batch) Update(item adapters.Item, fields []adapters.Field, values [][]byte) {
	b.put(Update, item, fields, values)
}

func (b *batch) Snapshot(item adapters.Item, fields []adapters.Field, values [][]byte) {
	b.put(Snapshot, item, fields, values)
}

func (b *batch) EndOfSnapshot(item adapters.Item) { b.add(call{kind: EndOfSnapshot, item: item}) }

func (b *batch) Clear(item adapters.Item) { b.add(call{kind: Clear, item: item}) }

func (b *batch) Fail(item adapters.Item, reason error) {
	b.add(call{kind: Fail, item: item, err: reason})
}

func (b *batch) Full() bool { return len(b.calls) >= b.feed.limits.BatchSize }

func (b *batch) put(kind Kind, item adapters.Item, fields []adapters.Field, values [][]byte) {
	if len(fields) != len(values) {
		b.feed.t.Errorf("adaptertest: %v of %q with %d fields and %d values", kind, item.Name(), len(fields), len(values))
		return
	}
	c := call{kind: kind, item: item, from: len(b.pairs)}
	for i, v := range values {
		p := pair{slot: fields[i], from: -1}
		if v != nil {
			p.from = len(b.arena)
			b.arena = append(b.arena, v...)
			p.to = len(b.arena)
		}
		b.pairs = append(b.pairs, p)
	}
	c.to = len(b.pairs)
	b.add(c)
}

func (b *batch) add(c call) {
	if b.sent {
		b.feed.t.Errorf("adaptertest: %v of %q on a batch that was sent", c.kind, c.item.Name())
		return
	}
	b.calls = append(b.calls, c)
}

func (b *batch) Send() {
	if b.sent {
		b.feed.t.Error("adaptertest: a batch was sent twice")
		return
	}
	f := b.feed
	f.mu.Lock()
	for _, c := range b.calls {
		f.apply(b.event(c))
	}
	f.wake()
	f.mu.Unlock()
	for i := range b.arena {
		b.arena[i] = '?'
	}
	clear(b.calls)
	b.calls, b.pairs, b.arena = b.calls[:0], b.pairs[:0], b.arena[:0]
	b.sent = true
	f.free <- b
}

// event turns a call into an Event, which shares nothing with the batch.
func (b *batch) event(c call) Event {
	e := Event{Kind: c.kind, Item: c.item, Err: c.err}
	if c.kind != Update && c.kind != Snapshot {
		return e
	}
	e.Values = make(map[string]Value, c.to-c.from)
	for _, p := range b.pairs[c.from:c.to] {
		if int(p.slot) >= len(b.feed.names) {
			b.feed.t.Errorf("adaptertest: %v of %q with slot %d, which the feed did not give out", c.kind, c.item.Name(), p.slot)
			continue
		}
		name := b.feed.names[p.slot]
		if _, twice := e.Values[name]; twice {
			b.feed.t.Errorf("adaptertest: %v of %q names the field %q twice", c.kind, c.item.Name(), name)
		}
		v := Value{Null: p.from < 0}
		if !v.Null {
			v.Text = string(b.arena[p.from:p.to])
		}
		e.Values[name] = v
	}
	return e
}
