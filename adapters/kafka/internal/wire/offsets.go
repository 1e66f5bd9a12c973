package wire

import (
	"context"
	"fmt"
	"io"

	"github.com/segmentio/kafka-go/protocol"
)

// Times that Offsets gives a meaning.
const (
	// Last asks for the end: the offset of the next record, or with
	// ReadCommitted the first one that a transaction has not decided.
	Last int64 = -1
	// First asks for the oldest record kept.
	First int64 = -2
)

// Isolation says which records a reader wants to see.
type Isolation int8

const (
	// ReadUncommitted shows all records.
	ReadUncommitted Isolation = iota
	// ReadCommitted hides those of transactions that are undecided or aborted.
	ReadCommitted
)

// Place is a partition, with the leader's epoch known for it.
type Place struct {
	Topic     string
	Partition int32
	Epoch     int32
}

// Offset is what Offsets found.
type Offset struct {
	Place
	// Err is nil, or a kafka.Error.
	Err error
	// Offset is that of the first record at or after the time asked for, -1 when
	// there is none.
	Offset int64
}

const offsetsVersion = 5

// Offsets asks a broker, which must lead all the partitions, for the offsets that
// belong to a time in milliseconds, or to Last or First.
func (c *Client) Offsets(ctx context.Context, broker int32, isolation Isolation, at int64, places []Place) ([]Offset, error) {
	var offsets []Offset
	e := &exchange{key: protocol.ListOffsets, broker: broker}
	e.talk = func(conn io.ReadWriter, version int16) (err error) {
		if version < offsetsVersion {
			return tooOld("ListOffsets", version, offsetsVersion)
		}
		offsets, err = c.offsets(conn, isolation, at, places)
		return err
	}
	if err := e.do(ctx, c.cluster); err != nil {
		return nil, fmt.Errorf("offsets: %w", err)
	}
	return offsets, nil
}

func (c *Client) offsets(conn io.ReadWriter, isolation Isolation, at int64, places []Place) ([]Offset, error) {
	req := c.buffers.begin(protocol.ListOffsets, offsetsVersion, plainHeader)
	req = appendInt32(req, -1) // no replica
	req = append(req, byte(isolation))
	req = appendInt32(req, int32(len(places)))
	for _, p := range places { // a topic may come several times
		req = appendString(req, p.Topic)
		req = appendInt32(req, 1)
		req = appendInt32(req, p.Partition)
		req = appendInt32(req, p.Epoch)
		req = appendInt64(req, at)
	}
	r, err := c.buffers.ask(conn, req, plainHeader)
	if err != nil {
		return nil, err
	}
	return readOffsets(&r)
}

func readOffsets(r *reader) ([]Offset, error) {
	r.int32() // throttled
	var offsets []Offset
	for range r.array(6) {
		topic := string(r.string())
		for range r.array(26) {
			o := Offset{Place: Place{Topic: topic}}
			o.Partition, o.Err = r.int32(), codeError(r.int16())
			r.int64() // the record's time
			o.Offset, o.Epoch = r.int64(), r.int32()
			offsets = append(offsets, o)
		}
	}
	return offsets, r.err
}
