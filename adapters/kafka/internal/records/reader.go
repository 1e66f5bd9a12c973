// Package records walks batches of Kafka records, version 2, as a broker sends
// them: from compacted topics with holes and empty batches in them, with the
// marks of transactions between the records, compressed or not, and with the last
// batch cut off. It makes no connection; everything is done on bytes.
package records

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// A batch is
//
//	base offset i64 | length i32 | leader epoch i32 | magic i8 | crc u32 |
//	attributes i16 | last offset delta i32 | first time i64 | max time i64 |
//	producer i64 | producer epoch i16 | sequence i32 | records i32 | records …
//
// where length counts from the leader epoch on, and crc from the attributes on.
const (
	atLength     = 8
	atEpoch      = 12
	atMagic      = 16
	atCRC        = 17
	atAttributes = 21
	atLastDelta  = 23
	atFirstTime  = 27
	atMaxTime    = 35
	atProducer   = 43
	atCount      = 57
	atRecords    = 61
)

// Bits of the attributes.
const (
	codecMask     = 7
	logAppendTime = 1 << 3
	transactional = 1 << 4
	control       = 1 << 5
)

// What may be wrong with a batch.
var (
	// ErrChecksum: the bytes are not those that the producer sent.
	ErrChecksum = errors.New("checksum mismatch")
	// ErrOldFormat: the batch has a form from before Kafka 0.11.
	ErrOldFormat = errors.New("record format from before Kafka 0.11")
	// ErrCodec: the compression is unknown, or the bytes do not decompress.
	ErrCodec = errors.New("decompression")
	// ErrTooLarge: the records are more bytes than allowed, once decompressed.
	ErrTooLarge = errors.New("batch too large")
	// ErrRecord: a record does not have the form of one.
	ErrRecord = errors.New("malformed record")
	// ErrBatch: the head makes no sense, so that the next batch cannot be found.
	ErrBatch = errors.New("malformed batch")
)

// Aborted is a transaction that came to nothing: a producer's records from an
// offset on, until the mark of its end.
type Aborted struct {
	Producer int64
	First    int64
}

// Reader walks the batches of one partition in one response.
//
//	r.Reset(data, from, aborted)
//	for r.Next(&rec) { … }
//	if r.Err() != nil { … r.Skip() and go on, or try again from r.Position() }
//
// It belongs to one goroutine and keeps its buffers for the next response.
type Reader struct {
	// MaxDecoded bounds the bytes of a batch after decompression. 0 means 64 MiB.
	MaxDecoded int
	// SkipChecksum turns the check of the batches' sums off.
	SkipChecksum bool

	data     []byte // from the present batch on
	position int64
	err      error
	begun    bool // the batch at the start of data has been opened

	batch batch
	left  []byte // the records of the batch that are still to come
	count int    // how many these are
	codec decoder

	aborted  []Aborted          // that begin later
	aborting map[int64]struct{} // producers whose records are being dropped
}

// batch is the head of a batch.
type batch struct {
	base, last int64
	size       int // in data
	attributes int16
	firstTime  int64
	producer   int64
	count      int
}

const defaultMaxDecoded = 64 << 20

// maxOffset is beyond all offsets that there are, and far from overflow.
const maxOffset = 1 << 62

// Reset begins with a response: records before the offset from are passed over,
// as are those of the transactions given, which are in the order of First.
func (r *Reader) Reset(data []byte, from int64, aborted []Aborted) {
	r.data, r.position, r.aborted = data, from, aborted
	r.err, r.begun, r.left, r.count = nil, false, nil, 0
	clear(r.aborting)
}

// Position returns the offset to go on at: the one after the last record, or
// after the last batch even where its end has been compacted away.
func (r *Reader) Position() int64 { return r.position }

// Err returns what is wrong with the present batch, or nil at the end.
func (r *Reader) Err() error { return r.err }

// Next reads the next record and reports whether there is one.
func (r *Reader) Next(rec *Record) bool {
	for r.err == nil {
		if !r.begun && !r.open() {
			return false
		}
		for r.count > 0 {
			rest, ok := rec.parse(r.left, r.batch.base, r.batch.firstTime)
			if !ok || rec.Offset < r.batch.base || rec.Offset > r.batch.last {
				r.fail(ErrRecord)
				return false
			}
			r.left = rest
			r.count--
			if rec.Offset < r.position {
				continue
			}
			if r.batch.attributes&logAppendTime != 0 {
				rec.Time = r.batch.firstTime
			}
			r.position = rec.Offset + 1
			return true
		}
		r.close()
	}
	return false
}

// Skip passes over the present batch and what is wrong with it. It reports false
// when the end of the batch cannot be found; the rest of the response is lost
// then.
func (r *Reader) Skip() bool {
	if errors.Is(r.err, ErrBatch) {
		return false
	}
	r.err = nil
	r.close()
	return true
}

func (r *Reader) fail(err error) {
	r.err = fmt.Errorf("batch at offset %d: %w", r.batch.base, err)
}

// close leaves the present batch behind.
func (r *Reader) close() {
	r.data = r.data[r.batch.size:]
	r.position = max(r.position, r.batch.last+1)
	r.begun, r.left, r.count = false, nil, 0
}

// open reads the head of the batch at the start of data. It reports false when
// there is none, or it cannot be read.
func (r *Reader) open() bool {
	ok, err := r.batch.parse(r.data)
	if err != nil {
		r.fail(err)
		return false
	}
	if !ok {
		return false
	}
	r.begun = true
	body := r.data[:r.batch.size]
	if body[atMagic] < 2 {
		r.fail(ErrOldFormat)
		return false
	}
	if !r.SkipChecksum && crc32.Checksum(body[atAttributes:], castagnoli) != binary.BigEndian.Uint32(body[atCRC:]) {
		r.fail(ErrChecksum)
		return false
	}
	if r.hidden(body[atRecords:]) || r.batch.last < r.position {
		return true // with no records
	}
	records := body[atRecords:]
	if codec := r.batch.attributes & codecMask; codec != 0 {
		limit := r.MaxDecoded
		if limit == 0 {
			limit = defaultMaxDecoded
		}
		if records, err = r.codec.decode(int8(codec), records, limit); err != nil {
			r.fail(err)
			return false
		}
	}
	r.left, r.count = records, r.batch.count
	return true
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// parse reads the head of the batch at the start of data. It reports false when
// the batch is cut off.
func (b *batch) parse(data []byte) (bool, error) {
	if len(data) < atEpoch {
		return false, nil
	}
	*b = batch{base: int64(binary.BigEndian.Uint64(data))}
	length := int64(int32(binary.BigEndian.Uint32(data[atLength:])))
	if b.base < 0 || b.base > maxOffset || length < atAttributes-atEpoch {
		return false, ErrBatch
	}
	if length > int64(len(data)-atEpoch) {
		return false, nil
	}
	b.size = atEpoch + int(length)
	b.last = b.base
	if data[atMagic] < 2 {
		return true, nil // its offset is that of its last record
	}
	if b.size < atRecords {
		return false, ErrBatch
	}
	delta := int32(binary.BigEndian.Uint32(data[atLastDelta:]))
	count := int32(binary.BigEndian.Uint32(data[atCount:]))
	if delta < 0 || count < 0 {
		return false, ErrBatch
	}
	b.last += int64(delta)
	b.attributes = int16(binary.BigEndian.Uint16(data[atAttributes:]))
	b.firstTime = int64(binary.BigEndian.Uint64(data[atFirstTime:]))
	if b.attributes&logAppendTime != 0 {
		b.firstTime = int64(binary.BigEndian.Uint64(data[atMaxTime:]))
	}
	b.producer = int64(binary.BigEndian.Uint64(data[atProducer:]))
	b.count = int(count)
	return true, nil
}

// Kinds of control records, in the second half of their keys.
const controlAbort = 0

// hidden reports whether the records of the present batch are not for readers,
// and keeps the list of aborting producers up to date.
func (r *Reader) hidden(records []byte) bool {
	for len(r.aborted) > 0 && r.aborted[0].First <= r.batch.last {
		if r.aborting == nil {
			r.aborting = make(map[int64]struct{})
		}
		r.aborting[r.aborted[0].Producer] = struct{}{}
		r.aborted = r.aborted[1:]
	}
	if r.batch.attributes&control != 0 {
		var mark Record
		if _, ok := mark.parse(records, r.batch.base, 0); ok && len(mark.Key) >= 4 &&
			binary.BigEndian.Uint16(mark.Key[2:]) == controlAbort {
			delete(r.aborting, r.batch.producer)
		}
		return true
	}
	if r.batch.attributes&transactional == 0 || len(r.aborting) == 0 {
		return false
	}
	_, aborting := r.aborting[r.batch.producer]
	return aborting
}
