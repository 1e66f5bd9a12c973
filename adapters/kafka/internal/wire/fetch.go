package wire

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go/protocol"

	"github.com/halley-stream/halley/adapters/kafka/cluster"
	"github.com/halley-stream/halley/adapters/kafka/internal/records"
)

const fetchVersion = 11

// Fetcher asks brokers for records. Its buffers are used again by each Fetch. It
// belongs to one goroutine.
type Fetcher struct {
	// MaxWait is how long a broker may wait until there is a record.
	MaxWait time.Duration
	// MaxBytes bounds a response, PartitionBytes what it has of one partition.
	// The first batch found is sent whole whatever its size.
	MaxBytes, PartitionBytes int32
	Isolation                Isolation

	cluster *cluster.Cluster
	buffers buffers
	// throttled is how long the broker will leave the next request lying, because
	// of a quota.
	throttled time.Duration
	// The response, where it has been read to: what is left, the topic, and how
	// many partitions of the topic and topics are still to come.
	rest               reader
	topic              []byte
	partitions, topics int
}

// Want is a partition to fetch from, and the offset to begin at.
type Want struct {
	Place
	Offset int64
}

// Answer is what a broker has of a partition. Slices refer to the response and are
// valid until the next Fetch.
type Answer struct {
	Topic     []byte
	Partition int32
	// Err is nil, or a kafka.Error.
	Err error
	// HighWatermark is the end of what all replicas have, LastStable the end of
	// what no undecided transaction concerns, LogStart the oldest offset kept.
	HighWatermark, LastStable, LogStart int64
	// Aborted are the aborted transactions that Records may contain.
	Aborted []records.Aborted
	// Records are batches of records, of which the last may be cut off.
	Records []byte
}

// NewFetcher returns a Fetcher; its exported fields are the caller's to set.
func NewFetcher(k *cluster.Cluster) *Fetcher {
	return &Fetcher{cluster: k, buffers: buffers{clientID: k.Transport.ClientID}}
}

// Fetch waits for records at the broker, which must lead all the partitions. Wants
// of the same topic stand best together. After Fetch, Next goes through the
// answers.
func (f *Fetcher) Fetch(ctx context.Context, broker int32, wants []Want) error {
	f.topics, f.partitions = 0, 0
	e := &exchange{key: protocol.Fetch, broker: broker, wait: f.MaxWait + f.throttled}
	e.talk = func(conn io.ReadWriter, version int16) (err error) {
		if version < fetchVersion {
			return tooOld("Fetch", version, fetchVersion)
		}
		f.rest, err = f.buffers.ask(conn, f.request(wants), plainHeader)
		return err
	}
	if err := e.do(ctx, f.cluster); err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	if err := f.begin(); err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	return nil
}

// begin reads the head of the response.
func (f *Fetcher) begin() error {
	f.throttled = time.Duration(f.rest.int32()) * time.Millisecond
	code := f.rest.int16()
	f.rest.int32() // fetch session: we have none
	f.topics = f.rest.array(6)
	if f.rest.err != nil {
		return f.rest.err
	}
	return codeError(code)
}

func (f *Fetcher) request(wants []Want) []byte {
	req := f.buffers.begin(protocol.Fetch, fetchVersion, plainHeader)
	req = appendInt32(req, -1) // no replica
	req = appendInt32(req, int32(f.MaxWait.Milliseconds()))
	req = appendInt32(req, 1) // byte at least
	req = appendInt32(req, f.MaxBytes)
	req = append(req, byte(f.Isolation))
	req = appendInt32(req, 0)  // no fetch session
	req = appendInt32(req, -1) // nor the wish for one
	topics := 0
	for i := range wants {
		if i == 0 || wants[i].Topic != wants[i-1].Topic {
			topics++
		}
	}
	req = appendInt32(req, int32(topics))
	for len(wants) > 0 {
		n := 1
		for n < len(wants) && wants[n].Topic == wants[0].Topic {
			n++
		}
		req = appendString(req, wants[0].Topic)
		req = appendInt32(req, int32(n))
		for _, w := range wants[:n] {
			req = appendInt32(req, w.Partition)
			req = appendInt32(req, w.Epoch)
			req = appendInt64(req, w.Offset)
			req = appendInt64(req, -1) // log start: for replicas
			req = appendInt32(req, f.PartitionBytes)
		}
		wants = wants[n:]
	}
	req = appendInt32(req, 0)    // nothing to forget
	return appendString(req, "") // rack
}

// Size returns the length of the response.
func (f *Fetcher) Size() int { return len(f.buffers.response) }

// Next reads the next answer into a and reports whether there was one. Err tells
// whether it stopped early.
func (f *Fetcher) Next(a *Answer) bool {
	r := &f.rest
	for f.partitions == 0 {
		if f.topics == 0 {
			return false
		}
		f.topics--
		f.topic = r.string()
		f.partitions = r.array(42)
	}
	f.partitions--
	a.Topic = f.topic
	a.Partition = r.int32()
	a.Err = codeError(r.int16())
	a.HighWatermark, a.LastStable, a.LogStart = r.int64(), r.int64(), r.int64()
	a.Aborted = a.Aborted[:0]
	for range r.array(16) {
		a.Aborted = append(a.Aborted, records.Aborted{Producer: r.int64(), First: r.int64()})
	}
	r.int32() // preferred replica: only for clients that name their rack
	a.Records = r.bytes()
	if r.err != nil {
		f.topics, f.partitions = 0, 0
		return false
	}
	return true
}

// Err returns why Next stopped before the end, or nil.
func (f *Fetcher) Err() error { return f.rest.err }
