package kafka

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// Stats are figures of an adapter since New.
type Stats struct {
	// Records is how many records were read, Bytes how many bytes of responses
	// they came in.
	Records, Bytes uint64
	// Bad is how many records were passed over, by reason: json (it is not valid),
	// item (it gives no name), row (no key or command), tombstone (it does not tell
	// what it deletes), items (there are too many); and how many batches of records
	// were damaged (batch), and values left out because there are too many field
	// names (fields).
	Bad map[string]uint64
	// Lost is how many offsets were gone before they could be read, because the
	// topic's retention was shorter than a pause.
	Lost uint64
	// Reconnects is how often a request to a broker failed and was sent again.
	Reconnects uint64
	// Rebuilt says that the last values are complete; Partial that they were shown
	// before they were, because SnapshotTimeout had passed.
	Rebuilt, Partial bool
	// Topics are the topics, in the order of Config.Topics.
	Topics []TopicStats
}

// TopicStats are figures of a topic.
type TopicStats struct {
	Name       string
	Partitions int
	Records    uint64
	// Lag is how many offsets are still to be read, of all partitions.
	Lag int64
	// Rebuilt says that the last values of all partitions are complete.
	Rebuilt bool
	// LastRecord is the time of the newest record read; zero when there is none.
	LastRecord time.Time
}

// Reasons in Stats.Bad.
const (
	badJSON      = "json"      // the value is not valid JSON
	badItem      = "item"      // no name for the item
	badRow       = "row"       // no key, or no command, in command mode
	badTombstone = "tombstone" // a record without a value does not tell what it deletes
	badItems     = "items"     // more items than may be published
	badFields    = "fields"    // a field found no room in the dictionary
	badBatch     = "batch"     // a batch of records is damaged
)

// counters are what Stats is made of. Any goroutine.
type counters struct {
	records, bytes, lost, reconnects atomic.Uint64

	mu  sync.Mutex
	bad map[string]uint64
	// told is when something bad of a kind was last logged, and silent how many
	// came since.
	told   map[string]time.Time
	silent map[string]uint64
}

// allBad returns the bad records by reason.
func (c *counters) allBad() map[string]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.bad)
}

// tellEvery is how often something bad of the same kind is logged.
const tellEvery = 10 * time.Second

// add counts n records that are bad for a reason. It reports whether this should
// be logged, and how many were not logged since the last time.
func (c *counters) add(reason string, n uint64, now time.Time) (silent uint64, tell bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bad == nil {
		c.bad, c.told, c.silent = make(map[string]uint64), make(map[string]time.Time), make(map[string]uint64)
	}
	c.bad[reason] += n
	if last, ok := c.told[reason]; ok && now.Sub(last) < tellEvery {
		c.silent[reason] += n
		return 0, false
	}
	silent = c.silent[reason]
	c.told[reason], c.silent[reason] = now, 0
	return silent, true
}
