// Package recordtest makes batches of records for tests: all that brokers send,
// and what they should not send.
package recordtest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"

	"github.com/segmentio/kafka-go/compress"
)

// Record is a record in a Batch.
type Record struct {
	Offset int64 // in the partition
	Time   int64 // in ms since 1970
	// Key and Value are nil for null.
	Key, Value []byte
	Headers    []Header
}

// Header is a header of a Record. A nil Value is null.
type Header struct {
	Name  string
	Value []byte
}

// Text returns a record with a key and a value.
func Text(offset int64, key, value string) Record {
	return Record{Offset: offset, Key: []byte(key), Value: []byte(value)}
}

// Tombstone returns a record with a key and no value.
func Tombstone(offset int64, key string) Record { return Record{Offset: offset, Key: []byte(key)} }

// Batch is a batch of records. Those that compaction has taken away are simply not
// in Records.
type Batch struct {
	// Base and Last are the offsets of the batch. Last is that of the last record
	// if it is below Base.
	Base, Last int64
	Records    []Record
	Codec      compress.Compression
	// Time is the time that the broker gave to all records, if it is not 0.
	Time int64
	// Producer, Epoch and Sequence are those of a transaction, which Transactional
	// marks.
	Producer      int64
	Epoch         int16
	Sequence      int32
	Transactional bool
	control       bool
}

// Of returns a batch of records, without holes at its ends.
func Of(records ...Record) Batch {
	return Batch{Base: records[0].Offset, Last: -1, Records: records, Producer: -1, Sequence: -1}
}

// Empty returns a batch whose records have all been compacted away.
func Empty(base, last int64) Batch { return Batch{Base: base, Last: last, Producer: -1, Sequence: -1} }

// Mark returns the control batch that ends a producer's transaction.
func Mark(offset, producer int64, commit bool) Batch {
	key := []byte{0, 0, 0, 0}
	if commit {
		key[3] = 1
	}
	return Batch{
		Base: offset, Last: offset, Producer: producer, Transactional: true, control: true,
		Records: []Record{{Offset: offset, Key: key, Value: []byte{0, 0, 0, 0, 0, 0}}},
	}
}

// In returns b as part of a producer's transaction.
func (b Batch) In(producer int64) Batch {
	b.Producer, b.Transactional = producer, true
	return b
}

// Until returns b with a later last offset: the records at its end have been
// compacted away.
func (b Batch) Until(last int64) Batch {
	b.Last = last
	return b
}

// Compressed returns b compressed.
func (b Batch) Compressed(codec compress.Compression) Batch {
	b.Codec = codec
	return b
}

// Places in a batch, for tests that damage one.
const (
	AtLength     = 8
	AtMagic      = 16
	AtCRC        = 17
	AtAttributes = 21
	AtCount      = 57
	AtRecords    = 61
)

// Bytes returns the batch as brokers send it.
func (b Batch) Bytes() []byte { return b.Append(nil) }

// Append appends the batch as brokers send it.
func (b Batch) Append(dst []byte) []byte {
	last := b.Last
	first := int64(0)
	if n := len(b.Records); n > 0 {
		last = max(last, b.Records[n-1].Offset)
		first = b.Records[0].Time
	}
	attributes := uint16(b.Codec)
	highest := first
	if b.Time != 0 {
		attributes |= 1 << 3
		highest = b.Time
	}
	if b.Transactional {
		attributes |= 1 << 4
	}
	if b.control {
		attributes |= 1 << 5
	}
	var records []byte
	for _, r := range b.Records {
		records = r.append(records, b.Base, first)
	}
	if b.Codec != compress.None {
		records = Compress(b.Codec, records)
	}
	start := len(dst)
	dst = binary.BigEndian.AppendUint64(dst, uint64(b.Base))
	dst = binary.BigEndian.AppendUint32(dst, uint32(AtRecords-AtLength-4+len(records)))
	dst = binary.BigEndian.AppendUint32(dst, 0) // leader epoch
	dst = append(dst, 2, 0, 0, 0, 0)            // magic, room for the sum
	dst = binary.BigEndian.AppendUint16(dst, attributes)
	dst = binary.BigEndian.AppendUint32(dst, uint32(last-b.Base))
	dst = binary.BigEndian.AppendUint64(dst, uint64(first))
	dst = binary.BigEndian.AppendUint64(dst, uint64(highest))
	dst = binary.BigEndian.AppendUint64(dst, uint64(b.Producer))
	dst = binary.BigEndian.AppendUint16(dst, uint16(b.Epoch))
	dst = binary.BigEndian.AppendUint32(dst, uint32(b.Sequence))
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(b.Records)))
	dst = append(dst, records...)
	Seal(dst[start:])
	return dst
}

// Seal writes the right checksum into a batch that was changed.
func Seal(batch []byte) {
	binary.BigEndian.PutUint32(batch[AtCRC:], crc32.Checksum(batch[AtAttributes:], crc32.MakeTable(crc32.Castagnoli)))
}

// Compress compresses as producers do.
func Compress(codec compress.Compression, data []byte) []byte {
	var out bytes.Buffer
	w := codec.Codec().NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func (r Record) append(dst []byte, base, first int64) []byte {
	body := []byte{0} // attributes
	body = binary.AppendVarint(body, r.Time-first)
	body = binary.AppendVarint(body, r.Offset-base)
	body = appendField(body, r.Key)
	body = appendField(body, r.Value)
	body = binary.AppendVarint(body, int64(len(r.Headers)))
	for _, h := range r.Headers {
		body = appendField(body, []byte(h.Name))
		body = appendField(body, h.Value)
	}
	dst = binary.AppendVarint(dst, int64(len(body)))
	return append(dst, body...)
}

func appendField(dst, value []byte) []byte {
	if value == nil {
		return binary.AppendVarint(dst, -1)
	}
	return append(binary.AppendVarint(dst, int64(len(value))), value...)
}
