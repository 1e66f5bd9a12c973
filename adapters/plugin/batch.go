package plugin

import (
	"fmt"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/plugin/internal/frame"
)

const (
	// fullUpdates and fullBytes are what a batch holds, and a frame, when it is time to
	// send it.
	fullUpdates = 512
	fullBytes   = 64 << 10
	// partMax is where a batch that goes on being filled begins another part, and
	// rowMax the size of an update: a part and an update fit into a frame.
	partMax = 1 << 20
	rowMax  = 2 << 20
	// keepMax is how large a buffer may be that is used again.
	keepMax = 256 << 10
)

// batch implements adapters.Batch: it is a piece of a frame.
type batch struct {
	feed    *feed
	buf     []byte
	parts   [][]byte // before buf; each fits into a frame
	updates int
}

func (b *batch) Update(item adapters.Item, fields []adapters.Field, values [][]byte) {
	b.row(frame.OpUpdate, item, fields, values)
}

func (b *batch) Snapshot(item adapters.Item, fields []adapters.Field, values [][]byte) {
	b.row(frame.OpSnapshot, item, fields, values)
}

func (b *batch) EndOfSnapshot(item adapters.Item) { b.item(frame.OpEndOfSnapshot, item) }
func (b *batch) Clear(item adapters.Item)         { b.item(frame.OpClear, item) }

func (b *batch) Fail(item adapters.Item, reason error) {
	op, number := reference(frame.OpFail, item)
	b.buf = frame.AppendFail(b.buf, op, number, reason.Error())
	b.added()
}

func (b *batch) Full() bool {
	return b.updates >= fullUpdates || len(b.buf) >= fullBytes || len(b.parts) > 0
}

// row appends an update. One that is too large for a frame makes its item fail.
func (b *batch) row(op byte, item adapters.Item, fields []adapters.Field, values [][]byte) {
	before := len(b.buf)
	numbered, number := reference(op, item)
	b.buf = frame.AppendRow(b.buf, numbered, number, fields, values)
	if size := len(b.buf) - before; size > rowMax {
		b.buf = b.buf[:before]
		b.Fail(item, fmt.Errorf("an update of %d bytes; %d are possible", size, rowMax))
		return
	}
	b.added()
}

func (b *batch) item(op byte, item adapters.Item) {
	numbered, number := reference(op, item)
	b.buf = frame.AppendItem(b.buf, numbered, number)
	b.added()
}

func (b *batch) added() {
	b.updates++
	if len(b.buf) >= partMax {
		b.parts, b.buf = append(b.parts, b.buf), nil
	}
}

func (b *batch) Send() { b.feed.out.batch(b) }

// recycle makes b as new.
func (b *batch) recycle() {
	b.parts, b.updates = nil, 0
	if cap(b.buf) > keepMax {
		b.buf = nil
	}
	b.buf = b.buf[:0]
}

// reference returns an item's number, and the operation that goes with it.
func reference(op byte, item adapters.Item) (byte, uint64) {
	if ref := item.Ref(); ref&definedRef != 0 {
		return op | frame.OpDefined, ref &^ definedRef
	}
	return op, item.Ref()
}
