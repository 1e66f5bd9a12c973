package wire

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/halley-stream/halley/adapters/kafka/cluster"
)

// ID is the id of a topic. It is zero where brokers are too old to have any,
// before Kafka 3.1.
type ID [16]byte

// Topic is what a cluster says of a topic.
type Topic struct {
	Name string
	ID   ID
	// Err is nil, or a kafka.Error.
	Err        error
	Partitions []Partition
}

// Partition is what a cluster says of a partition.
type Partition struct {
	Index int32
	// Leader is the id of the broker that serves it, negative when there is none.
	Leader int32
	// Epoch counts the leaders so far; it is -1 where brokers do not say it.
	Epoch int32
}

// Client asks what is asked now and then. It belongs to one goroutine.
type Client struct {
	cluster *cluster.Cluster
	buffers buffers
}

// NewClient returns a Client.
func NewClient(k *cluster.Cluster) *Client {
	return &Client{cluster: k, buffers: buffers{clientID: k.Transport.ClientID}}
}

// The versions of Metadata in use: the first that has topic ids, and the highest
// that kafka-go knows.
const (
	metadataWithIDs = 12
	metadataPlain   = 8
)

// Topics asks for topics by name. It makes none that do not exist.
func (c *Client) Topics(ctx context.Context, names []string) ([]Topic, error) {
	var topics []Topic
	e := &exchange{key: protocol.Metadata, broker: anyBroker}
	e.talk = func(conn io.ReadWriter, version int16) error {
		highest, err := c.highestMetadata(conn)
		if err != nil {
			return err
		}
		switch {
		case highest >= metadataWithIDs:
			topics, err = c.topicsWithIDs(conn, names)
		case version >= metadataPlain:
			topics, err = c.topicsPlain(conn, names)
		default:
			err = tooOld("Metadata", version, metadataPlain)
		}
		return err
	}
	if err := e.do(ctx, c.cluster); err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	return topics, nil
}

func tooOld(request string, version, need int16) error {
	return fmt.Errorf("the broker is too old: it speaks %s version %d, %d is needed (Kafka 2.3 or newer)", request, version, need)
}

// highestMetadata asks the broker for the highest version of Metadata that it
// knows; kafka-go itself knows none with topic ids.
func (c *Client) highestMetadata(conn io.ReadWriter) (int16, error) {
	r, err := c.buffers.ask(conn, c.buffers.begin(protocol.ApiVersions, 0, plainHeader), plainHeader)
	if err != nil {
		return 0, err
	}
	if code := r.int16(); code != 0 {
		return 0, kafka.Error(code)
	}
	highest := int16(-1)
	for range r.array(6) {
		key, _, top := r.int16(), r.int16(), r.int16()
		if protocol.ApiKey(key) == protocol.Metadata {
			highest = top
		}
	}
	return highest, r.err
}

func (c *Client) topicsWithIDs(conn io.ReadWriter, names []string) ([]Topic, error) {
	req := c.buffers.begin(protocol.Metadata, metadataWithIDs, flexibleHeader)
	req = binary.AppendUvarint(req, uint64(len(names)+1))
	for _, name := range names {
		req = append(req, make([]byte, len(ID{}))...)
		req = appendCompactString(req, name)
		req = append(req, 0) // tags
	}
	req = append(req, 0, 0, 0) // make topics: no, rights: no, tags: none
	r, err := c.buffers.ask(conn, req, flexibleHeader)
	if err != nil {
		return nil, err
	}
	return readTopicsWithIDs(&r)
}

func readTopicsWithIDs(r *reader) ([]Topic, error) {
	r.int32()                      // throttled
	for range r.compactArray(11) { // brokers; the transport has its own list
		r.int32()
		r.compactString()
		r.int32()
		r.compactString()
		r.skipTags()
	}
	r.compactString() // cluster
	r.int32()         // controller
	var topics []Topic
	for range r.compactArray(25) {
		t := Topic{Err: codeError(r.int16()), Name: string(r.compactString())}
		copy(t.ID[:], r.take(len(t.ID)))
		r.int8() // internal
		for range r.compactArray(18) {
			p := Partition{}
			r.int16() // the error: the leader says as much
			p.Index, p.Leader, p.Epoch = r.int32(), r.int32(), r.int32()
			for range 3 { // replicas, those in sync, those offline
				r.skipInt32s(r.compactArray(4))
			}
			r.skipTags()
			t.Partitions = append(t.Partitions, p)
		}
		r.int32() // rights
		r.skipTags()
		topics = append(topics, t)
	}
	return sortTopics(topics), r.err
}

func (c *Client) topicsPlain(conn io.ReadWriter, names []string) ([]Topic, error) {
	req := c.buffers.begin(protocol.Metadata, metadataPlain, plainHeader)
	req = appendInt32(req, int32(len(names)))
	for _, name := range names {
		req = appendString(req, name)
	}
	req = append(req, 0, 0, 0) // make topics: no, rights: no and no
	r, err := c.buffers.ask(conn, req, plainHeader)
	if err != nil {
		return nil, err
	}
	return readTopicsPlain(&r)
}

func readTopicsPlain(r *reader) ([]Topic, error) {
	r.int32()               // throttled
	for range r.array(12) { // brokers; the transport has its own list
		r.int32()
		r.string()
		r.int32()
		r.string()
	}
	r.string() // cluster
	r.int32()  // controller
	var topics []Topic
	for range r.array(13) {
		t := Topic{Err: codeError(r.int16()), Name: string(r.string())}
		r.int8() // internal
		for range r.array(26) {
			p := Partition{}
			r.int16() // the error: the leader says as much
			p.Index, p.Leader, p.Epoch = r.int32(), r.int32(), r.int32()
			for range 3 { // replicas, those in sync, those offline
				r.skipInt32s(r.array(4))
			}
			t.Partitions = append(t.Partitions, p)
		}
		r.int32() // rights
		topics = append(topics, t)
	}
	return sortTopics(topics), r.err
}

func sortTopics(topics []Topic) []Topic {
	for _, t := range topics {
		slices.SortFunc(t.Partitions, func(a, b Partition) int { return int(a.Index) - int(b.Index) })
	}
	return topics
}

// codeError returns the error that a code stands for.
func codeError(code int16) error {
	if code == 0 {
		return nil
	}
	return kafka.Error(code)
}
