package kafka

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/kafka/cluster"
	"github.com/halley-stream/halley/adapters/kafka/internal/wire"
)

// run is one life of the adapter: one goroutine that watches the cluster, and a
// follower for each broker.
//
// Who reads a partition is written in the table of topics and partitions, under a
// mutex. Before each request a follower takes all partitions that its broker leads
// and that nobody holds; after it, it lets go of them. So a partition that has got
// another leader goes over to the other follower by itself, with all that is known
// of it, and no two read it at a time.
type run struct {
	cfg       Config
	feed      adapters.Feed
	log       *slog.Logger
	stats     *counters
	isolation wire.Isolation
	began     time.Time
	items     items
	cluster   *cluster.Cluster

	// poked says that the watch should look what has changed.
	poked chan struct{}

	mu        sync.Mutex
	topics    []*topic // the slice is immutable
	followers map[int32]*follower
	// faults are what is wrong now, by what it is wrong with.
	faults map[string]error
	// refreshed numbers the metadata; wanted says that newer ones are.
	refreshed uint64
	wanted    bool
	// rebuilt and partial are as in Stats.
	rebuilt, partial bool

	watch watch
}

// watch is what the watching goroutine remembers. It belongs to it.
type watch struct {
	client *wire.Client
	// next is when the metadata are asked for, failures how often they were in
	// vain; asked is when they were last.
	next, asked time.Time
	failures    int
	// rebuildBy is when rebuilding ends, done or not; zero when there is nothing to
	// rebuild. gaveUp says that it was not done.
	rebuildBy time.Time
	gaveUp    bool
	// said says that the feed was told how things stand, told what: nil for Up.
	said bool
	told error
	// since is how long it has been down without telling so.
	since time.Time
}

// soonest is the least time between two requests for metadata.
const soonest = 100 * time.Millisecond

// grace is how long something may be wrong until the values are said to be stale:
// a new leader takes a moment, and should not make every screen flicker.
const grace = time.Second

// errRebuilding is told until the last values are there.
var errRebuilding = errors.New("rebuilding the last values")

func newRun(a *Adapter, feed adapters.Feed) (*run, error) {
	k, err := cluster.New(a.cfg.Cluster, a.names...)
	if err != nil {
		return nil, err
	}
	r := &run{
		cfg:       a.cfg,
		feed:      feed,
		log:       a.cfg.Log,
		stats:     &a.counters,
		began:     time.Now(),
		items:     items{feed: feed},
		cluster:   k,
		poked:     make(chan struct{}, 1),
		topics:    a.newTopics(),
		followers: make(map[int32]*follower),
		faults:    make(map[string]error),
	}
	if !a.cfg.ReadUncommitted {
		r.isolation = wire.ReadCommitted
	}
	r.watch.client = wire.NewClient(k)
	return r, nil
}

// run goes on until ctx is done, or the feed takes no more.
func (r *run) run(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	var followers sync.WaitGroup
	defer func() {
		cancel(nil)
		followers.Wait()
		r.cluster.Close()
	}()
	r.watch.rebuildBy = r.began.Add(r.cfg.SnapshotTimeout)
	for ctx.Err() == nil {
		for _, f := range r.refreshIfDue(ctx) {
			followers.Go(func() {
				if err := f.follow(ctx); err != nil {
					cancel(err)
				}
			})
		}
		err := r.bury(ctx)
		if err == nil {
			err = r.settle(ctx)
		}
		if err != nil {
			cancel(err)
			break
		}
		timer := time.NewTimer(time.Until(r.nextLook()))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-r.poked:
		}
		timer.Stop()
	}
	if parent.Err() != nil {
		return nil
	}
	return context.Cause(ctx)
}

// nextLook returns when the watch has something to do even if nothing changes.
func (r *run) nextLook() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := r.watch.next
	for _, t := range []time.Time{r.watch.rebuildBy, r.watch.tellAt()} {
		if !t.IsZero() && t.Before(next) {
			next = t
		}
	}
	if r.wanted && r.watch.failures == 0 {
		if t := r.watch.asked.Add(soonest); t.Before(next) {
			next = t
		}
	}
	return next
}

// poke makes the watch look what has changed. Any goroutine.
func (r *run) poke() {
	select {
	case r.poked <- struct{}{}:
	default:
	}
}

// want asks for new metadata. Any goroutine.
func (r *run) want() {
	r.mu.Lock()
	r.wanted = true
	r.mu.Unlock()
	r.poke()
}

// bad counts n records, or batches, that were passed over, and logs it now and
// then. Any goroutine.
func (r *run) bad(reason string, n uint64, p *partition, offset int64, err error) {
	if silent, tell := r.stats.add(reason, n, time.Now()); tell {
		r.log.Warn("record passed over", "reason", reason, "topic", p.topic.name, "partition", p.index, "offset", offset, "error", err, "more", silent)
	}
}
