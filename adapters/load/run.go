package load

import (
	"strconv"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// run is one life of an adapter, from Run to its end. Times are since its start.
// It belongs to Run's goroutine.
type run struct {
	*Adapter
	out      *output
	schedule *schedule
	start    time.Time
	toldAt   time.Duration // when $lag was told last
	said     []*said       // in this step
}

// publish makes all items resident.
func (r *run) publish(feed adapters.Feed) error {
	for i := range r.items {
		item, err := feed.Publish(itemPrefix+strconv.Itoa(i), adapters.Merge, adapters.WithSnapshot)
		if err != nil {
			return err
		}
		r.begin(want{index: i, item: item})
	}
	r.out.flush()
	return r.out.err
}

// step lets all that is due tick, and returns when it wants to be called again. A
// failure is in out.
func (r *run) step(now time.Duration) time.Duration {
	r.look()
	if r.rest != (adapters.Item{}) {
		r.schedule.skip(now)
	} else {
		r.tick(now)
	}
	if r.told != (adapters.Item{}) && now-r.toldAt >= lagEvery {
		r.toldAt = now
		r.out.lag(r.told, r.lag.read())
	}
	r.out.flush()
	r.answer()
	if r.schedule.period == 0 {
		return now + idle
	}
	return max(r.schedule.due(), now+bundle)
}

// look takes in what is wanted, and sends snapshots.
func (r *run) look() {
	r.spare = r.wants.take(r.spare)
	for _, w := range r.spare {
		if w.said != nil {
			r.tell(w.index, w.said)
			continue
		}
		place := &r.told
		switch w.index {
		case lagIndex:
		case restIndex:
			place = &r.rest
		default:
			place = &r.items[w.index]
		}
		switch {
		case !w.ends:
			r.begin(w)
		case *place == w.item: // no other life has begun
			*place = adapters.Item{}
		}
	}
}

// begin begins the life of an item with its snapshot.
func (r *run) begin(w want) {
	switch w.index {
	case lagIndex:
		r.told = w.item
		r.lag.reset()
		r.out.lag(w.item, Lag{})
	case restIndex:
		r.rest = w.item
		r.out.ticks(w.item, r.ticks)
	default:
		r.items[w.index] = w.item
		r.out.row(w.item, r.seqs[w.index], time.Now(), true)
	}
	r.out.endOfSnapshot(w.item)
}

// batchesMax is how many batches a step fills at most. Where more is due than the
// engine takes, each step would else be longer than the one before, and nobody would
// look at what is wanted.
const batchesMax = 32

// tick lets what is due tick, batch by batch. Each batch is stamped before it is
// asked for, because that may wait.
func (r *run) tick(now time.Duration) {
	if r.schedule.period == 0 {
		return
	}
	for n := 0; n < batchesMax && r.out.ok() && r.schedule.due() <= now; n++ {
		sent := time.Now()
		at := sent.Sub(r.start)
		if !r.out.open() {
			return
		}
		r.lag.begin()
		for full := false; !full && r.schedule.due() <= now; {
			due := r.schedule.due()
			i := r.schedule.take()
			if r.items[i] == (adapters.Item{}) {
				continue
			}
			r.seqs[i]++
			r.ticks++
			r.lag.record(at - due)
			full = r.out.row(r.items[i], r.seqs[i], sent, false)
		}
		r.lag.end()
	}
}
