// Package publish writes records to a Kafka topic, for the command that plays
// recorded ticks into Kafka and for tests. It paces nothing: each Write waits
// until the brokers have taken the records.
package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/halley-stream/halley/adapters/kafka/cluster"
)

// Config says where a Publisher writes to, and how.
type Config struct {
	// Cluster is how to reach the brokers.
	Cluster cluster.Config
	// Topic is the topic's name. Required.
	Topic string
	// Compression is none, gzip, snappy, lz4 or zstd. Default none.
	Compression string
	// Linger is how long a small Write waits for more records. Default 2 ms.
	Linger time.Duration
}

const defaultLinger = 2 * time.Millisecond

// requestTimeout is how long what is not a Write may take.
const requestTimeout = 10 * time.Second

var codecs = []string{"none", "gzip", "snappy", "lz4", "zstd"}

// Validate returns all faults of c, each with the name of its setting.
func (c Config) Validate() error {
	faults := []error{c.Cluster.Validate()}
	if c.Topic == "" {
		faults = append(faults, errors.New("topic: is missing"))
	}
	if c.Compression != "" && !slices.Contains(codecs, c.Compression) {
		faults = append(faults, fmt.Errorf("compression: %q is not one of %s", c.Compression, strings.Join(codecs, ", ")))
	}
	if c.Linger < 0 {
		faults = append(faults, fmt.Errorf("linger: %v is negative", c.Linger))
	}
	return errors.Join(faults...)
}

// Record is a record to be written. A nil Value deletes what the key stands for,
// in a compacted topic.
type Record struct {
	Key, Value []byte
	// Time is the record's time. The zero time is now.
	Time time.Time
}

// Publisher writes records to a topic. Records of one key go to one partition, the
// same that Java clients choose, and keep their order. A Publisher belongs to one
// goroutine and must be closed.
type Publisher struct {
	topic   string
	cluster *cluster.Cluster
	client  *kafka.Client
	writer  *kafka.Writer
	created time.Time // when Create made the topic
	pending []kafka.Message
}

// ErrNoTopic says that the topic does not exist.
var ErrNoTopic = errors.New("topic does not exist")

// New returns a Publisher. Nothing is dialled yet; see Check.
func New(c Config) (*Publisher, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	k, err := cluster.New(c.Cluster, c.Topic)
	if err != nil {
		return nil, err
	}
	if c.Linger == 0 {
		c.Linger = defaultLinger
	}
	p := &Publisher{topic: c.Topic, cluster: k, client: k.Client(requestTimeout)}
	p.writer = &kafka.Writer{
		Addr:         k.Addr,
		Topic:        c.Topic,
		Transport:    k.Transport,
		Balancer:     kafka.Murmur2Balancer{},
		RequiredAcks: kafka.RequireAll,
		BatchTimeout: c.Linger,
		BatchSize:    1000,
		Compression:  kafka.Compression(max(0, slices.Index(codecs, c.Compression))),
	}
	return p, nil
}

// Check returns an error if no broker can be reached, and ErrNoTopic if there is
// no such topic.
func (p *Publisher) Check(ctx context.Context) error {
	response, err := p.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{p.topic}})
	if err != nil {
		return cluster.Explain(err)
	}
	for _, t := range response.Topics {
		if errors.Is(t.Error, kafka.UnknownTopicOrPartition) {
			return fmt.Errorf("%q: %w", p.topic, ErrNoTopic)
		}
		if t.Error != nil {
			return fmt.Errorf("topic %q: %w", p.topic, t.Error)
		}
	}
	return nil
}

// Layout is how a topic is made.
type Layout struct {
	// Partitions is how many there are. Default 1.
	Partitions int
	// Compact keeps the last record of each key for ever, and deletes the others.
	Compact bool
	// Settings are more of the topic's settings, by name.
	Settings map[string]string
}

// Create makes the topic. One that exists already is left as it is.
func (p *Publisher) Create(ctx context.Context, l Layout) error {
	topic := kafka.TopicConfig{Topic: p.topic, NumPartitions: max(1, l.Partitions), ReplicationFactor: -1}
	if l.Compact {
		topic.ConfigEntries = append(topic.ConfigEntries, kafka.ConfigEntry{ConfigName: "cleanup.policy", ConfigValue: "compact"})
	}
	for name, value := range l.Settings {
		topic.ConfigEntries = append(topic.ConfigEntries, kafka.ConfigEntry{ConfigName: name, ConfigValue: value})
	}
	response, err := p.client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{topic}})
	if err == nil {
		err = response.Errors[p.topic]
	}
	if errors.Is(err, kafka.TopicAlreadyExists) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create topic %q: %w", p.topic, cluster.Explain(err))
	}
	p.created = time.Now()
	return nil
}

// Write writes records and waits until all brokers that keep them have them. The
// records may be used again then. After an error some may have been written.
func (p *Publisher) Write(ctx context.Context, records ...Record) error {
	p.pending = p.pending[:0]
	for _, r := range records {
		p.pending = append(p.pending, kafka.Message{Key: r.Key, Value: r.Value, Time: r.Time})
	}
	err := p.writeOnce(ctx)
	for errors.Is(err, kafka.UnknownTopicOrPartition) && time.Since(p.created) < newTopicTime {
		select {
		case <-time.After(50 * time.Millisecond):
			err = p.writeOnce(ctx)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if errors.Is(err, kafka.UnknownTopicOrPartition) {
		return fmt.Errorf("%q: %w", p.topic, ErrNoTopic)
	}
	return cluster.Explain(err)
}

// newTopicTime is how long a broker may take until it knows a topic that it has
// just created.
const newTopicTime = 10 * time.Second

// writeOnce writes what is pending, and leaves pending what could not be written.
func (p *Publisher) writeOnce(ctx context.Context) error {
	err := p.writer.WriteMessages(ctx, p.pending...)
	var several kafka.WriteErrors
	if !errors.As(err, &several) {
		return err
	}
	failed := p.pending[:0]
	for i, m := range p.pending {
		if several[i] != nil {
			failed = append(failed, m)
		}
	}
	p.pending = failed
	return firstOf(several)
}

// firstOf returns the first error, and how many there are.
func firstOf(errs kafka.WriteErrors) error {
	var first error
	count := 0
	for _, err := range errs {
		if err != nil {
			count++
			if first == nil {
				first = err
			}
		}
	}
	if first == nil {
		return nil
	}
	return fmt.Errorf("%s of %s records not written: %w", strconv.Itoa(count), strconv.Itoa(len(errs)), first)
}

// Close closes the connections.
func (p *Publisher) Close() {
	p.writer.Close() // it has nothing to flush: each Write has waited
	p.cluster.Close()
}
