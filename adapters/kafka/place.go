package kafka

import (
	"cmp"
	"context"
	"errors"

	"github.com/halley-stream/halley/adapters/kafka/internal/wire"
)

// findPlaces finds the offsets to begin at in those partitions held that have
// none.
func (f *follower) findPlaces(ctx context.Context) error {
	var lost []*holding
	for i := range f.held {
		if !f.held[i].placed {
			lost = append(lost, &f.held[i])
		}
	}
	if len(lost) == 0 {
		return nil
	}
	firsts, err := f.offsets(ctx, wire.First, lost)
	if err != nil {
		return err
	}
	ends, err := f.offsets(ctx, wire.Last, lost)
	if err != nil {
		return err
	}
	founds, err := f.offsetsSince(ctx, lost)
	if err != nil {
		return err
	}
	for _, h := range lost {
		first, end := firsts[h.partition], ends[h.partition]
		found, timed := founds[h.partition]
		if !timed {
			found.Offset = -1
		}
		if err := cmp.Or(first.Err, end.Err, found.Err); err != nil {
			f.trouble(h, err)
			continue
		}
		if err := f.put(ctx, h, first.Offset, end.Offset, found.Offset); err != nil {
			return err
		}
	}
	return nil
}

var errNoAnswer = errors.New("the broker says nothing of it")

// offsets asks for the offsets that belong to a time. Partitions that the broker
// does not answer for have an error.
func (f *follower) offsets(ctx context.Context, at int64, lost []*holding) (map[*partition]wire.Offset, error) {
	limited, cancel := context.WithTimeout(ctx, responseTimeout)
	defer cancel()
	offsets := make(map[*partition]wire.Offset, len(lost))
	places := make([]wire.Place, len(lost))
	for i, h := range lost {
		places[i] = h.place
		offsets[h.partition] = wire.Offset{Err: errNoAnswer}
	}
	answers, err := f.client.Offsets(limited, f.broker, f.run.isolation, at, places)
	if err != nil {
		return nil, err
	}
	for _, o := range answers {
		if h := f.holdingOf([]byte(o.Topic), o.Partition); h != nil {
			offsets[h.partition] = o
		}
	}
	return offsets, nil
}

// offsetsSince asks for the offsets of the times from which topics are read, where
// they are read from a time.
func (f *follower) offsetsSince(ctx context.Context, lost []*holding) (map[*partition]wire.Offset, error) {
	times := make(map[int64][]*holding)
	for _, h := range lost {
		if at, ok := h.topic.start.time(f.run.began); ok {
			times[at] = append(times[at], h)
		}
	}
	all := make(map[*partition]wire.Offset)
	for at, some := range times {
		offsets, err := f.offsets(ctx, at, some)
		if err != nil {
			return nil, err
		}
		for p, o := range offsets {
			all[p] = o
		}
	}
	return all, nil
}

// put places a partition, whose records go from first to end; found is the offset
// of the time to begin at, or negative.
func (f *follower) put(ctx context.Context, h *holding, first, end, found int64) error {
	log := f.run.log.With("topic", h.topic.name, "partition", h.index)
	switch {
	case h.strayed && h.next < first:
		log.Warn("records were deleted before they could be read", "offsets", first-h.next)
		f.run.stats.lost.Add(uint64(first - h.next))
		h.next = first
	case h.strayed && h.next <= end:
		// It is in range after all: a leader that was behind.
	case h.strayed:
		log.Warn("the end of the partition went back: its records are read again", "from", h.next, "to", end)
		if err := f.clear(ctx, h.partition); err != nil {
			return err
		}
		h.next = h.first(first, end, found)
		h.goal = end
		h.rebuilt.Store(false)
	default:
		h.next = h.first(first, end, found)
		h.goal = end
	}
	h.placed, h.strayed = true, false
	h.lag.Store(max(0, end-h.next))
	if h.next >= h.goal && !h.rebuilt.Load() {
		h.rebuilt.Store(true)
	}
	f.run.poke()
	return nil
}

// first returns the offset at which reading begins.
func (p *partition) first(first, end, found int64) int64 {
	if p.late {
		return first
	}
	return p.topic.start.offset(first, end, found)
}

// clear empties the items of a partition, whose records are void.
func (f *follower) clear(ctx context.Context, p *partition) error {
	for _, known := range p.items {
		for _, item := range known {
			b, err := f.open(ctx)
			if err != nil {
				return err
			}
			if b.Clear(item); b.Full() {
				f.flush()
			}
		}
	}
	f.flush()
	return nil
}
