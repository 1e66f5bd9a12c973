package engine

import (
	"context"
	"hash/maphash"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// witnessStage tells Metadata Adapters which sessions and subscriptions there are, if
// they want to know. It has some queues with a goroutine each. All notices of a session
// are in the same one, so they come in order. Loops never wait: what does not fit into
// its queue is left out, counted and logged.
type witnessStage struct {
	queues  []chan notice
	timeout time.Duration
	log     *slog.Logger
	told    atomic.Uint64
	lost    atomic.Uint64
}

// notice is a Notice on its way.
type notice struct {
	to adapters.Witness
	it adapters.Notice
}

func newWitnessStage(cfg *Config) *witnessStage {
	w := &witnessStage{timeout: cfg.MetadataTimeout, log: cfg.Log}
	for range cfg.RequestWorkers {
		w.queues = append(w.queues, make(chan notice, cfg.RequestQueue))
	}
	return w
}

// post leaves a notice. Any goroutine.
func (w *witnessStage) post(n notice) {
	select {
	case w.queues[maphash.String(fingerprints, n.it.Session)%uint64(len(w.queues))] <- n:
	default:
		w.lost.Add(1)
		w.log.Warn("the metadata adapter is too slow for its notices; one was left out", "user", n.it.User)
	}
}

// work delivers the notices of a queue until ctx is done, and then those that are left,
// so that the end of the sessions is told when the server stops.
func (w *witnessStage) work(ctx context.Context, queue chan notice) {
	for ctx.Err() == nil {
		select {
		case n := <-queue:
			w.step(ctx, n)
		case <-ctx.Done():
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.timeout)
	defer cancel()
	for last.Err() == nil {
		select {
		case n := <-queue:
			w.step(last, n)
		default:
			return
		}
	}
}

// step delivers one notice.
func (w *witnessStage) step(ctx context.Context, n notice) {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	n.to.Notice(ctx, n.it)
	w.told.Add(1)
}

// NoticeStats are the figures of the notices to Metadata Adapters.
type NoticeStats struct {
	Waiting int
	Told    uint64
	Lost    uint64 // left out, because the adapter was too slow
}

func (w *witnessStage) figures() NoticeStats {
	if w == nil {
		return NoticeStats{}
	}
	f := NoticeStats{Told: w.told.Load(), Lost: w.lost.Load()}
	for _, queue := range w.queues {
		f.Waiting += len(queue)
	}
	return f
}

// notify tells the Metadata Adapter of a change of the session, or of one of its
// subscriptions.
func (s *Session) notify(kind adapters.NoticeKind, sub *subscription) {
	if s.set.witness == nil || !s.noted {
		return
	}
	n := adapters.Notice{Kind: kind, User: s.user, Session: s.id, Address: s.address}
	if sub != nil {
		n.Subscription, n.Items, n.Mode = sub.id, sub.items(), sub.mode
		n.DataAdapter = sub.source.name[len(s.set.name)+1:] // behind the set's
	}
	s.loop.engine.witnesses.post(notice{s.set.witness, n})
}
