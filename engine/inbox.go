package engine

import (
	"sync/atomic"

	"github.com/halley-stream/halley/protocol"
)

// inbox carries what a shard says to a loop: emissions and answers, in order. It
// is a ring with one writer, the shard, and one reader, the loop. When it is full
// the shard keeps its own numbers where they are and says more later in one
// piece; nothing waits and nothing is lost.
type inbox struct {
	ring []entry
	_    [40]byte // the reader's and the writer's words on lines of their own
	read atomic.Uint64
	// starved is set by the shard when it found no room; the loop that has emptied
	// half of the ring clears it and wakes the shard.
	starved atomic.Bool
	_       [48]byte
	written atomic.Uint64
}

// entry is one line, or an answer of several, on its way to a loop. What its
// bodies refer to is the shard's: the loop copies it before it moves on.
type entry struct {
	kind entryKind
	// more says that an answer is only the next piece: ask again.
	more bool
	// done says that an answer ends with the end of the snapshot.
	done bool
	// again says that the subscriber could not change its pace yet: ask again.
	again bool
	token uint32
	view  *view
	sub   *subscriber // of an answer
	// base and seq: for a receiver that has base or more, and less than seq, the
	// body is right, and then it has seq.
	base, seq uint64
	// text is the body; behind it may be its complete form, for those who have
	// nothing yet, and one with diffs, for those who have base and take them. Of an
	// answer it is lines.
	text       []byte
	full, diff uint32 // lengths of these
	formats    protocol.DiffFormats
	// snapshot is the place that a snapshot in pieces has come to, or nil.
	snapshot *snapshotPlace
}

type entryKind uint8

const (
	entryUpdate entryKind = iota + 1 // to a fan: one update
	entryClear                       // to a fan: clear snapshot
	entryEnd                         // to a fan: end of snapshot, for those who wait for it
	entryAnswer                      // to one subscriber: lines
)

func newInbox(size int) *inbox {
	n := 4
	for n < size {
		n *= 2
	}
	return &inbox{ring: make([]entry, n)}
}

// room reports whether there is room for an entry; if not, the loop will wake the
// shard. Shard only.
func (b *inbox) room() bool {
	if b.written.Load()-b.read.Load() < uint64(len(b.ring)) {
		return true
	}
	b.starve()
	return b.written.Load()-b.read.Load() < uint64(len(b.ring))
}

// starve asks the loop to wake the shard when it has emptied half of the ring.
func (b *inbox) starve() {
	if broken != brokenNoWake {
		b.starved.Store(true)
	}
}

// put appends an entry; the caller has asked for room. Shard only.
func (b *inbox) put(e *entry) {
	at := b.written.Load()
	if at-b.read.Load() >= uint64(len(b.ring)) {
		panic("engine: entry put into a full inbox")
	}
	b.ring[at&uint64(len(b.ring)-1)] = *e
	b.written.Store(at + 1)
}

// peek returns the oldest entry, or nil. Loop only.
func (b *inbox) peek() *entry {
	at := b.read.Load()
	if at == b.written.Load() {
		return nil
	}
	return &b.ring[at&uint64(len(b.ring)-1)]
}

// drop removes the oldest entry. Loop only.
func (b *inbox) drop() {
	at := b.read.Load()
	e := &b.ring[at&uint64(len(b.ring)-1)]
	e.view, e.sub, e.text, e.snapshot = nil, nil, nil, nil
	b.read.Store(at + 1)
}

// fed reports, once, whether the shard waits for room and may be woken: the ring
// is at most half full. Loop only.
func (b *inbox) fed() bool {
	return b.starved.Load() && b.depth() <= len(b.ring)/2 && b.starved.CompareAndSwap(true, false)
}

// depth is the number of entries under way.
func (b *inbox) depth() int { return int(b.written.Load() - b.read.Load()) }
