package kafka

import (
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/kafka/internal/wire"
)

// topic is a topic being read.
type topic struct {
	name     string
	start    Start
	setting  int        // its place in Config.Topics, for messages
	mappings []*mapping // immutable

	// Guarded by run.mu.

	id wire.ID
	// known says that the topic was there once, missing that it is not now.
	known, missing bool
	partitions     []*partition // by index
	// old are partitions of a topic that was deleted and made again. Until their
	// items have been cleared, the new ones are not read.
	old []*partition

	// records is how many were read. Any goroutine.
	records atomic.Uint64
}

// partition is a partition being read. At any time at most one follower holds it;
// fields belong to the holder unless they say otherwise.
type partition struct {
	topic *topic
	index int32

	// Guarded by run.mu.

	leader, epoch int32
	held          bool
	// retry is when it may be held again after trouble, and refresh the number of
	// the metadata that must be known by then.
	retry   time.Time
	refresh uint64

	// late says that the partition was found while running: it is read from its
	// first record on, since nothing that was written meanwhile may be lost.
	late bool
	// placed says that next is known. strayed says that it was, but that the broker
	// does not have that offset.
	placed, strayed bool
	// next is the offset to fetch from; goal the one that makes it rebuilt.
	next, goal int64
	// troubles counts errors, and damaged broken batches at next, since the last
	// success.
	troubles, damaged int
	// items are the handles of the items that its records are of, by mapping and
	// name.
	items []map[string]adapters.Item

	// Written by the holder, read by all.

	// rebuilt says that goal was reached.
	rebuilt atomic.Bool
	lag     atomic.Int64
	// time is that of the last record, in ms since 1970.
	time atomic.Int64
}

func newPartition(t *topic, index int32) *partition {
	p := &partition{topic: t, index: index, leader: noLeader, epoch: noEpoch}
	p.forgetItems()
	return p
}

const (
	noLeader = -1
	noEpoch  = -1
)

func (p *partition) forgetItems() {
	p.items = make([]map[string]adapters.Item, len(p.topic.mappings))
	for i := range p.items {
		p.items[i] = make(map[string]adapters.Item)
	}
}

// The delays after the first and after many failures.
const (
	shortestDelay = 50 * time.Millisecond
	longestDelay  = 2 * time.Second
)

// backoff returns how long to wait after so many failures in a row, at least one:
// twice as long each time, of which up to half is left to chance so that not all
// come back at the same moment.
func backoff(failures int) time.Duration {
	d := longestDelay
	if failures < 7 {
		d = min(shortestDelay<<(failures-1), longestDelay)
	}
	return d/2 + rand.N(d/2)
}
