package kafka

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/kafka/cluster"
	"github.com/halley-stream/halley/adapters/kafka/internal/extract"
)

// Config says what to read from where. DefaultConfig has the defaults; zero values
// mean the same.
type Config struct {
	// Cluster is how to reach the brokers.
	Cluster cluster.Config `yaml:",inline"`
	// Topics says what to read and what becomes of it. Required. A topic that
	// comes several times is read once.
	Topics []Topic `yaml:"topics" doc:"What to read, and which items and fields become of it."`
	// ReadUncommitted shows records of transactions that are not committed yet, or
	// never will be.
	ReadUncommitted bool `yaml:"read_uncommitted" doc:"Shows records of transactions that are not committed, or never will be."`
	// SnapshotTimeout is how long rebuilding the last values may take until they
	// are shown as they are. Default 30 s.
	SnapshotTimeout time.Duration `yaml:"snapshot_timeout" min:"0s" doc:"How long rebuilding the last values may take until they are shown as they are."`
	// MetadataRefresh is how often the cluster is asked for new partitions.
	// Default 5 s.
	MetadataRefresh time.Duration `yaml:"metadata_refresh" min:"0s" doc:"How often the cluster is asked whether topics have new partitions."`
	// Fetch tunes the requests for records.
	Fetch Fetch `yaml:"fetch" doc:"The requests for records. The defaults suit most topics."`

	// Log is where the adapter tells of its state. Default: nowhere.
	Log *slog.Logger `yaml:"-"`
}

// Fetch tunes the requests for records.
type Fetch struct {
	// MaxWait is how long a broker waits for records when there are none. It does
	// not delay records. Default 250 ms.
	MaxWait time.Duration `yaml:"max_wait" min:"0s" max:"30s" doc:"How long a broker waits when there are no records. It delays none."`
	// MaxBytes bounds a response. Default 8 MiB.
	MaxBytes int `yaml:"max_bytes" unit:"bytes" min:"0" max:"128MiB" doc:"The size of a response. A larger batch still comes whole."`
	// PartitionBytes bounds what a response has of one partition. Default 1 MiB.
	PartitionBytes int `yaml:"partition_bytes" unit:"bytes" min:"0" max:"128MiB" doc:"How much of a response may be of one partition."`
	// MaxBatch bounds a batch of records after decompression. Default 64 MiB.
	MaxBatch int `yaml:"max_batch" unit:"bytes" min:"0" max:"1GiB" doc:"How large a batch of records may be, once decompressed. Larger ones are passed over."`
	// SkipChecksum turns the check of the batches' sums off.
	SkipChecksum bool `yaml:"skip_checksum" doc:"Turns the check of the batches' sums off."`
}

// Topic maps the records of a topic to items.
type Topic struct {
	// Topic is the topic's name. Required.
	Topic string `yaml:"topic" doc:"The name of the topic. It must exist."`
	// Item is the template of the items' names. Default #{KEY}.
	Item string `yaml:"item" doc:"The template of the items' names, such as quote-#{VALUE.symbol}. Empty means #{KEY}."`
	// Mode is that of the items: merge, distinct, command or raw. Default merge.
	Mode string `yaml:"mode" doc:"The mode of the items: merge, distinct, command or raw. Empty means merge."`
	// Fields are expressions by field name. The name * stands for the names in an
	// object: "*": "#{VALUE.*}" maps all scalars, and is the default when there
	// are no fields. Items in command mode have a field key, #{KEY} unless given,
	// and a field command, UPDATE unless given.
	Fields map[string]string `yaml:"fields" doc:"Expressions by field name, such as bid: \"#{VALUE.bid}\". \"*\": \"#{VALUE.*}\" is all scalars of the value, and what an empty map means."`
	// From says where to begin: earliest, latest, "last 1000" (offsets of each
	// partition), "since 15m" or "since 2026-01-31T08:00:00Z". Default earliest.
	From Start `yaml:"from" doc:"Where to begin: earliest, latest, last 1000 (offsets of each partition), since 15m, since 2026-01-31T08:00:00Z."`
}

// Defaults.
const (
	defaultSnapshotTimeout = 30 * time.Second
	defaultMetadataRefresh = 5 * time.Second
	defaultMaxWait         = 250 * time.Millisecond
	defaultMaxBytes        = 8 << 20
	defaultPartitionBytes  = 1 << 20
	defaultMaxBatch        = 64 << 20
	defaultItem            = "#{KEY}"
	defaultFields          = "#{VALUE.*}"
	allFields              = "*"
)

// DefaultConfig returns the defaults of all settings that have one.
func DefaultConfig() Config { return Config{}.withDefaults() }

func (c Config) withDefaults() Config {
	c.Cluster = c.Cluster.WithDefaults()
	for _, d := range []struct {
		value   *time.Duration
		instead time.Duration
	}{
		{&c.SnapshotTimeout, defaultSnapshotTimeout},
		{&c.MetadataRefresh, defaultMetadataRefresh},
		{&c.Fetch.MaxWait, defaultMaxWait},
	} {
		if *d.value == 0 {
			*d.value = d.instead
		}
	}
	for _, d := range []struct {
		value   *int
		instead int
	}{
		{&c.Fetch.MaxBytes, defaultMaxBytes},
		{&c.Fetch.PartitionBytes, defaultPartitionBytes},
		{&c.Fetch.MaxBatch, defaultMaxBatch},
	} {
		if *d.value == 0 {
			*d.value = d.instead
		}
	}
	c.Topics = slices.Clone(c.Topics)
	for i := range c.Topics {
		if t := &c.Topics[i]; t.Item == "" {
			t.Item = defaultItem
		}
		if t := &c.Topics[i]; len(t.Fields) == 0 {
			t.Fields = map[string]string{allFields: defaultFields}
		}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// maxTopicName is Kafka's own limit.
const maxTopicName = 249

// Validate returns all faults of c, each with the name of its setting.
func (c Config) Validate() error {
	faults := []error{c.Cluster.Validate()}
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if len(c.Topics) == 0 {
		fault("topics: at least one is needed")
	}
	starts := make(map[string]int)
	for i, t := range c.Topics {
		for _, err := range t.faults() {
			fault("topics[%d].%w", i, err)
		}
		if first, ok := starts[t.Topic]; !ok {
			starts[t.Topic] = i
		} else if t.Topic != "" && c.Topics[first].From != t.From {
			fault("topics[%d].from: is %q, but topics[%d] reads the same topic from %q", i, t.From, first, c.Topics[first].From)
		}
	}
	for _, d := range []struct {
		name  string
		value int64
		most  int64
	}{
		{"snapshot_timeout", int64(c.SnapshotTimeout), 0},
		{"metadata_refresh", int64(c.MetadataRefresh), 0},
		{"fetch.max_wait", int64(c.Fetch.MaxWait), int64(30 * time.Second)},
		{"fetch.max_bytes", int64(c.Fetch.MaxBytes), 128 << 20},
		{"fetch.partition_bytes", int64(c.Fetch.PartitionBytes), 128 << 20},
		{"fetch.max_batch", int64(c.Fetch.MaxBatch), 1 << 30},
	} {
		if d.value < 0 {
			fault("%s: is negative", d.name)
		} else if d.most > 0 && d.value > d.most {
			fault("%s: is too large", d.name)
		}
	}
	return errors.Join(faults...)
}

// faults returns what is wrong with t, each with the name of its setting.
func (t Topic) faults() []error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	switch {
	case t.Topic == "":
		fault("topic: is missing")
	case len(t.Topic) > maxTopicName || strings.Trim(t.Topic, topicCharacters) != "" || t.Topic == "." || t.Topic == "..":
		fault("topic: %q is no name for a topic; it has letters, digits, dots, dashes and underscores", t.Topic)
	}
	if _, ok := parseMode(t.Mode); !ok {
		fault("mode: %q is not one of merge, distinct, command, raw", t.Mode)
	}
	if t.Item != "" {
		if _, err := extract.Parse(t.Item, t.Topic); err != nil {
			fault("item: %w", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Fields)) {
		var err error
		switch {
		case name == "":
			err = errors.New("a field has no name")
		case name == allFields:
			_, err = extract.ParseAll(t.Fields[name])
		default:
			_, err = extract.Parse(t.Fields[name], t.Topic)
		}
		if err != nil {
			fault("fields.%s: %w", name, err)
		}
	}
	if err := t.From.validate(); err != nil {
		fault("from: %w", err)
	}
	return faults
}

const topicCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

// parseMode returns the mode with the name given, in any case; none is Merge.
func parseMode(name string) (adapters.Mode, bool) {
	if name == "" {
		return adapters.Merge, true
	}
	for m := adapters.Merge; m <= adapters.Raw; m++ {
		if strings.EqualFold(name, m.String()) {
			return m, true
		}
	}
	return 0, false
}
