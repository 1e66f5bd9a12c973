package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/kafka/cluster"
	"github.com/halley-stream/halley/adapters/kafka/internal/wire"
)

// idle is how long a follower sleeps when it has nothing to wait for but its wake.
const idle = time.Hour

// claim lets f hold all partitions that it can read now. When there are none, it
// returns how long to wait.
func (r *run) claim(f *follower) time.Duration {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	f.held = f.held[:0]
	leads, wait := false, idle
	for _, t := range r.topics {
		if t.missing || len(t.old) > 0 {
			continue
		}
		for _, p := range t.partitions {
			if p.leader != f.broker || p.held {
				continue
			}
			leads = true
			switch left := p.retry.Sub(now); {
			case p.refresh > r.refreshed: // the refresh wakes
			case left > 0:
				wait = min(wait, left)
			default:
				p.held = true
				f.held = append(f.held, holding{p, wire.Place{Topic: t.name, Partition: p.index, Epoch: p.epoch}})
			}
		}
	}
	if !leads && r.faults[brokerFault(f.broker)] != nil {
		delete(r.faults, brokerFault(f.broker)) // its partitions went to others
		r.poke()
	}
	return wait
}

// release lets go of what f holds.
func (r *run) release(f *follower) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range f.held {
		h.held = false
		if h.leader != f.broker {
			r.wakeLocked(h.leader)
		}
		if len(h.topic.old) > 0 {
			r.poke()
		}
	}
	f.held = f.held[:0]
}

// postpone leaves a partition alone for a while, and until there are metadata
// newer than the present ones.
func (r *run) postpone(p *partition, d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.retry = time.Now().Add(d)
	p.refresh = r.refreshed + 1
	r.wanted = true
	r.poke()
}

// wakeLocked wakes the follower of a broker, if there is one.
func (r *run) wakeLocked(broker int32) {
	if f := r.followers[broker]; f != nil {
		select {
		case f.wake <- struct{}{}:
		default:
		}
	}
}

// metadataTimeout is how long a request for metadata may take.
const metadataTimeout = 10 * time.Second

// refreshIfDue asks for the metadata when it is time to, and returns the followers
// that have to be started.
func (r *run) refreshIfDue(ctx context.Context) []*follower {
	w := &r.watch
	r.mu.Lock()
	due := w.next
	if r.wanted && w.failures == 0 {
		due = w.asked.Add(soonest)
	}
	r.mu.Unlock()
	if time.Now().Before(due) {
		return nil
	}
	r.mu.Lock()
	r.wanted = false
	r.mu.Unlock()
	limited, cancel := context.WithTimeout(ctx, metadataTimeout)
	defer cancel()
	topics, err := w.client.Topics(limited, r.topicNames())
	w.asked = time.Now()
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		w.failures++
		w.next = w.asked.Add(backoff(w.failures))
		r.fault("cluster", cluster.Explain(err))
		return nil
	}
	w.failures = 0
	w.next = w.asked.Add(r.cfg.MetadataRefresh)
	r.mend("cluster")
	return r.apply(topics)
}

func (r *run) topicNames() []string {
	names := make([]string, len(r.topics))
	for i, t := range r.topics {
		names[i] = t.name
	}
	return names
}

// apply makes the table what the cluster says, and returns the followers that have
// to be started.
func (r *run) apply(infos []wire.Topic) []*follower {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refreshed++
	var started []*follower
	for _, t := range r.topics {
		info := wire.Topic{Err: kafka.UnknownTopicOrPartition}
		for _, i := range infos {
			if i.Name == t.name {
				info = i
			}
		}
		r.applyTopic(t, info)
		for _, p := range t.partitions {
			if p.leader >= 0 && r.followers[p.leader] == nil {
				f := newFollower(r, p.leader)
				r.followers[p.leader] = f
				started = append(started, f)
			}
		}
	}
	for broker := range r.followers {
		r.wakeLocked(broker)
	}
	return started
}

func (r *run) applyTopic(t *topic, info wire.Topic) {
	key := "topic " + t.name
	if info.Err != nil {
		t.missing = t.missing || errors.Is(info.Err, kafka.UnknownTopicOrPartition)
		r.faultLocked(key, topicError(t, info.Err))
		return
	}
	if t.known && (info.ID != t.id || t.missing && info.ID == (wire.ID{}) || len(info.Partitions) < len(t.partitions)) {
		r.log.Warn("the topic was deleted and made again: its records are read from the first on", "topic", t.name)
		for _, p := range t.partitions {
			delete(r.faults, partitionFault(p))
		}
		t.old = append(t.old, t.partitions...)
		t.partitions = nil
	}
	leaderless := 0
	for i, p := range info.Partitions {
		if int(p.Index) != i {
			break
		}
		if i == len(t.partitions) {
			t.partitions = append(t.partitions, newPartition(t, p.Index))
			added := t.partitions[i]
			added.late = t.known
			if t.known && len(t.old) == 0 {
				added.rebuilt.Store(true) // new ones have no past
				r.log.Info("the topic has a new partition", "topic", t.name, "partition", p.Index)
			}
		}
		t.partitions[i].leader, t.partitions[i].epoch = p.Leader, p.Epoch
		if p.Leader < 0 {
			leaderless++
		}
	}
	t.id, t.known, t.missing = info.ID, true, false
	if leaderless > 0 {
		r.faultLocked(key, fmt.Errorf("topic %q: %d of %d partitions have no leader", t.name, leaderless, len(info.Partitions)))
	} else {
		r.mendLocked(key)
	}
}

// topicError says what is wrong with a topic, and what to do about it.
func topicError(t *topic, err error) error {
	switch {
	case errors.Is(err, kafka.UnknownTopicOrPartition):
		return fmt.Errorf("topic %q does not exist: create it, or correct topics[%d].topic; topics are not created by themselves: %w", t.name, t.setting, err)
	case errors.Is(err, kafka.TopicAuthorizationFailed):
		return fmt.Errorf("topic %q may not be read: allow the user to read and describe it: %w", t.name, err)
	}
	return fmt.Errorf("topic %q: %w", t.name, err)
}

// bury clears the items of topics that were deleted and made again, as soon as
// nobody reads the old partitions any more.
func (r *run) bury(ctx context.Context) error {
	for _, t := range r.topics {
		old := r.unheldOld(t)
		if len(old) == 0 {
			continue
		}
		void := make(map[adapters.Item]struct{})
		for _, p := range old {
			for _, known := range p.items {
				for _, item := range known {
					void[item] = struct{}{}
				}
			}
		}
		if err := r.say(ctx, void, adapters.Batch.Clear); err != nil {
			return err
		}
		r.mu.Lock()
		t.old = nil
		for _, p := range t.partitions {
			r.wakeLocked(p.leader)
		}
		r.mu.Unlock()
	}
	return nil
}

// unheldOld returns the old partitions of a topic, or none as long as one of them
// is held.
func (r *run) unheldOld(t *topic) []*partition {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range t.old {
		if p.held {
			return nil
		}
	}
	return t.old
}

// say calls put for all items, in as many batches as it takes.
func (r *run) say(ctx context.Context, items map[adapters.Item]struct{}, put func(adapters.Batch, adapters.Item)) error {
	var b adapters.Batch
	for item := range items {
		if b == nil {
			var err error
			if b, err = r.feed.Batch(ctx); err != nil {
				return err
			}
		}
		if put(b, item); b.Full() {
			b.Send()
			b = nil
		}
	}
	if b != nil {
		b.Send()
	}
	return nil
}
