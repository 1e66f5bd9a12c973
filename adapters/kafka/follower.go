package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/kafka/cluster"
	"github.com/halley-stream/halley/adapters/kafka/internal/records"
	"github.com/halley-stream/halley/adapters/kafka/internal/wire"
)

// follower reads the partitions that one broker leads. It has a goroutine, to
// which its fields belong.
type follower struct {
	run    *run
	broker int32
	// wake says that there may be something to hold. Any goroutine sends.
	wake chan struct{}

	fetcher *wire.Fetcher
	client  *wire.Client
	reader  records.Reader
	current records.Record // the one being mapped
	mappers map[*mapping]*mapper
	batch   adapters.Batch // or nil

	held     []holding
	wants    []wire.Want
	answer   wire.Answer
	turn     int // which partition comes first in the next request
	expected int // which one probably comes next in the response
	failures int // of requests, in a row
}

// holding is a partition held, and how requests name it.
type holding struct {
	*partition
	place wire.Place
}

// responseTimeout is how long a request may take, its response included. A broker
// that says nothing is found out much sooner.
const responseTimeout = 2 * time.Minute

func newFollower(r *run, broker int32) *follower {
	f := &follower{
		run:     r,
		broker:  broker,
		wake:    make(chan struct{}, 1),
		fetcher: wire.NewFetcher(r.cluster),
		client:  wire.NewClient(r.cluster),
		mappers: make(map[*mapping]*mapper),
	}
	f.fetcher.MaxWait = r.cfg.Fetch.MaxWait
	f.fetcher.MaxBytes = int32(r.cfg.Fetch.MaxBytes)
	f.fetcher.PartitionBytes = int32(r.cfg.Fetch.PartitionBytes)
	f.fetcher.Isolation = r.isolation
	f.reader.MaxDecoded = r.cfg.Fetch.MaxBatch
	f.reader.SkipChecksum = r.cfg.Fetch.SkipChecksum
	return f
}

// follow reads until ctx is done. It returns an error when the feed takes no more.
func (f *follower) follow(ctx context.Context) error {
	for ctx.Err() == nil {
		wait := f.run.claim(f)
		if len(f.held) == 0 {
			f.sleep(ctx, wait)
			continue
		}
		err := f.poll(ctx)
		f.flush()
		f.run.release(f)
		var broken *feedError
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &broken):
			return broken.error
		case err != nil:
			f.failures++
			f.run.stats.reconnects.Add(1)
			f.run.fault(brokerFault(f.broker), fmt.Errorf("broker %d: %w", f.broker, cluster.Explain(err)))
			f.run.want()
			pause(ctx, backoff(f.failures))
		default:
			f.failures = 0
			f.run.mend(brokerFault(f.broker))
		}
	}
	return nil
}

func brokerFault(id int32) string { return fmt.Sprint("broker ", id) }

// feedError is an error of the feed, which ends the run.
type feedError struct{ error }

// sleep waits until there may be something to do.
func (f *follower) sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-f.wake:
	}
}

// pause waits, whatever there may be to do.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// poll asks the broker once for records of the partitions held. Errors of single
// partitions are dealt with; those of the whole request are returned.
func (f *follower) poll(ctx context.Context) error {
	if err := f.findPlaces(ctx); err != nil {
		return err
	}
	f.wants = f.wants[:0]
	f.turn++
	for i := range f.held { // each is the first now and then, and so never starves
		h := f.held[(f.turn+i)%len(f.held)]
		if h.placed {
			f.wants = append(f.wants, wire.Want{Place: h.place, Offset: h.next})
		}
	}
	if len(f.wants) == 0 {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, responseTimeout)
	defer cancel()
	if err := f.fetcher.Fetch(limited, f.broker, f.wants); err != nil {
		return err
	}
	f.run.stats.bytes.Add(uint64(f.fetcher.Size()))
	for f.fetcher.Next(&f.answer) {
		h := f.holdingOf(f.answer.Topic, f.answer.Partition)
		if h == nil || !h.placed {
			continue // not asked for
		}
		if err := f.take(ctx, h); err != nil {
			return err
		}
	}
	return f.fetcher.Err()
}

// holdingOf returns the holding of a partition, or nil.
func (f *follower) holdingOf(topic []byte, index int32) *holding {
	for range f.held {
		f.expected = (f.expected + 1) % len(f.held)
		if h := &f.held[f.expected]; h.index == index && h.topic.name == string(topic) {
			return h
		}
	}
	return nil
}

// take reads the records of an answer. It returns an error only if the feed does.
func (f *follower) take(ctx context.Context, h *holding) error {
	a := &f.answer
	if a.Err != nil {
		f.trouble(h, a.Err)
		return nil
	}
	f.reader.Reset(a.Records, h.next, a.Aborted)
	for {
		if err := f.takeRecords(ctx, h.partition); err != nil {
			return err
		}
		fault := f.reader.Err()
		if fault == nil {
			h.damaged = 0
			break
		}
		if !f.skip(h, fault) {
			break
		}
	}
	end := a.HighWatermark
	if f.fetcher.Isolation == wire.ReadCommitted {
		end = a.LastStable
	}
	h.next = f.reader.Position()
	h.lag.Store(max(0, end-h.next))
	if h.troubles > 0 && h.damaged == 0 {
		h.troubles = 0
		f.run.mend(partitionFault(h.partition))
	}
	if h.next >= h.goal && !h.rebuilt.Load() {
		f.flush() // the last values are there once they are handed over
		h.rebuilt.Store(true)
		f.run.poke()
	}
	return nil
}

// takeRecords hands the records of the reader over, as far as it can read them.
func (f *follower) takeRecords(ctx context.Context, p *partition) error {
	var count uint64
	rec := &f.current
	for f.reader.Next(rec) {
		count++
		for i, m := range p.topic.mappings {
			mapper, err := f.mapper(m)
			if err != nil {
				return err
			}
			if err := f.record(ctx, p, mapper, p.items[i], rec); err != nil {
				return err
			}
		}
	}
	if count > 0 {
		p.time.Store(rec.Time)
		p.topic.records.Add(count)
		f.run.stats.records.Add(count)
	}
	return nil
}

// damagedTries is how often a batch with a wrong checksum is asked for again: the
// fault may lie on the way.
const damagedTries = 3

// skip passes over a damaged batch, unless it is better to ask for it again.
func (f *follower) skip(h *holding, fault error) bool {
	h.damaged++
	again := errors.Is(fault, records.ErrChecksum) || errors.Is(fault, records.ErrBatch)
	if again && (h.damaged <= damagedTries || !f.reader.Skip()) {
		f.trouble(h, fault)
		return false
	}
	if !again {
		f.reader.Skip()
	}
	h.damaged = 0
	f.run.bad(badBatch, 1, h.partition, f.reader.Position(), fault)
	return true
}

// mapper returns this goroutine's mapper for m.
func (f *follower) mapper(m *mapping) (*mapper, error) {
	if p := f.mappers[m]; p != nil {
		return p, nil
	}
	p, err := newMapper(m, f.run.feed)
	if err != nil {
		return nil, &feedError{err}
	}
	f.mappers[m] = p
	return p, nil
}

// trouble deals with an error of one partition: it is left alone for a while, and
// until the cluster's metadata have been asked for again.
func (f *follower) trouble(h *holding, err error) {
	h.troubles++
	if errors.Is(err, kafka.OffsetOutOfRange) {
		h.placed, h.strayed = false, true
	}
	if h.troubles >= troublesTold {
		f.run.fault(partitionFault(h.partition), fmt.Errorf("%s: %w", partitionFault(h.partition), err))
	}
	f.run.postpone(h.partition, backoff(h.troubles))
}

// troublesTold is how many errors of a partition in a row are worth to be told:
// when leaders move there always are some.
const troublesTold = 4

func partitionFault(p *partition) string {
	return fmt.Sprintf("partition %s/%d", p.topic.name, p.index)
}

// flush hands over what has been collected.
func (f *follower) flush() {
	if f.batch != nil {
		f.batch.Send()
		f.batch = nil
	}
}
