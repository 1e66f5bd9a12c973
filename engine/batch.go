package engine

import (
	"encoding/binary"
	"sync/atomic"
	"unicode/utf8"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/protocol"
)

// batchSize is the size at which a batch says that it is full, in bytes of
// records.
const batchSize = 64 << 10

// batchesPerFeed is how many batches of one feed may be under way.
const batchesPerFeed = 8

// batch implements adapters.Batch. What is said about an item becomes a record in
// the part of the item's shard; values are checked for UTF-8 and put into wire
// form here, on the feed's goroutine, once for all receivers.
type batch struct {
	feed  *feed
	parts []part
	size  int
	// sent counts the parts that shards still work on; the last one gives the
	// batch back to its feed.
	sent atomic.Int32
}

// part is the records of one batch for one shard.
type part struct {
	batch *batch
	buf   []byte
}

// A record is
//
//	op u8 | flags and index u64 (adapters.Item.Ref) | fields u16 | { slot u16 | length u32 | token }
//
// in little endian.
const (
	recordUpdate = iota + 1
	recordSnapshot
	recordEnd
	recordClear
	recordFail

	recordHead = 1 + 8 + 2
	fieldHead  = 2 + 4
)

func (b *batch) Update(item adapters.Item, fields []adapters.Field, values [][]byte) {
	b.fields(recordUpdate, item, fields, values)
}

func (b *batch) Snapshot(item adapters.Item, fields []adapters.Field, values [][]byte) {
	b.fields(recordSnapshot, item, fields, values)
}

func (b *batch) EndOfSnapshot(item adapters.Item) { b.fields(recordEnd, item, nil, nil) }
func (b *batch) Clear(item adapters.Item)         { b.fields(recordClear, item, nil, nil) }

func (b *batch) Fail(item adapters.Item, reason error) {
	b.feed.source.log.Warn("item failed", "item", item.Name(), "error", reason)
	b.fields(recordFail, item, nil, nil)
}

func (b *batch) Full() bool { return b.size >= batchSize }

func (b *batch) fields(op byte, item adapters.Item, fields []adapters.Field, values [][]byte) {
	p := &b.parts[refShard(item.Ref())%len(b.parts)]
	before := len(p.buf)
	buf := append(p.buf, op)
	buf = binary.LittleEndian.AppendUint64(buf, item.Ref())
	buf = binary.LittleEndian.AppendUint16(buf, uint16(min(len(fields), len(values))))
	for i, f := range fields[:min(len(fields), len(values))] {
		buf = binary.LittleEndian.AppendUint16(buf, uint16(f))
		head := len(buf)
		buf = append(buf, 0, 0, 0, 0)
		buf = b.token(buf, values[i])
		binary.LittleEndian.PutUint32(buf[head:], uint32(len(buf)-head-4))
	}
	p.buf = buf
	b.size += len(buf) - before
}

// token appends a value in wire form.
func (b *batch) token(buf, value []byte) []byte {
	if limit := b.feed.source.engine.cfg.Limits.Value; len(value) > limit {
		b.feed.source.tooLong(len(value), limit)
		for limit > 0 && !utf8.RuneStart(value[limit]) {
			limit--
		}
		value = value[:limit]
	}
	buf, replaced := protocol.AppendToken(buf, value)
	if replaced > 0 {
		b.feed.source.stats.badUTF8.Add(uint64(replaced))
	}
	return buf
}

func (b *batch) Send() {
	n := int32(0)
	for i := range b.parts {
		if len(b.parts[i].buf) > 0 {
			n++
		}
	}
	if n == 0 {
		b.recycle()
		return
	}
	b.sent.Store(n)
	for i := range b.parts { // b may be back with its feed before this ends
		if len(b.parts[i].buf) > 0 {
			n--
			b.feed.source.engine.shards[i].feed(&b.parts[i])
			if n == 0 {
				return
			}
		}
	}
}

// done gives a part back; the last one recycles the batch. Any shard.
func (p *part) done() {
	if p.batch.sent.Add(-1) == 0 {
		p.batch.recycle()
	}
}

func (b *batch) recycle() {
	for i := range b.parts {
		if cap(b.parts[i].buf) > 4*batchSize { // one large value does not stay for ever
			b.parts[i].buf = nil
		}
		b.parts[i].buf = b.parts[i].buf[:0]
	}
	b.size = 0
	b.feed.free <- b
}

// The reference in an adapters.Item, from the top: shard 7 bits, resident 1 bit,
// life 24 bits, index 32 bits.
func makeRef(shard int, resident bool, life uint32, index uint32) uint64 {
	ref := uint64(shard)<<57 | uint64(life&(1<<24-1))<<32 | uint64(index)
	if resident {
		ref |= 1 << 56
	}
	return ref
}

func refShard(ref uint64) int     { return int(ref >> 57) }
func refResident(ref uint64) bool { return ref&(1<<56) != 0 }
func refLife(ref uint64) uint32   { return uint32(ref>>32) & (1<<24 - 1) }
func refIndex(ref uint64) uint32  { return uint32(ref) }

// record is one record of a part, read back on the shard.
type record struct {
	op     byte
	ref    uint64
	fields int
	rest   []byte // of the part, from the first field on
}

// next reads the record at the start of buf.
func nextRecord(buf []byte) record {
	return record{
		op:     buf[0],
		ref:    binary.LittleEndian.Uint64(buf[1:]),
		fields: int(binary.LittleEndian.Uint16(buf[9:])),
		rest:   buf[recordHead:],
	}
}

// nextField reads one field of a record and returns what follows.
func nextField(buf []byte) (slot int, token, rest []byte) {
	n := binary.LittleEndian.Uint32(buf[2:])
	return int(binary.LittleEndian.Uint16(buf)), buf[fieldHead : fieldHead+n], buf[fieldHead+n:]
}
