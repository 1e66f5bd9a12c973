package engine

import (
	"context"
	"errors"
	"sync"

	"github.com/halley-stream/halley/adapters"
)

// openings calls Subscribe and Unsubscribe for the items of one source. A shard
// only says what it wants of an item; a fixed number of goroutines bring the
// adapter there, for one item strictly in turn, so that quick changes of mind
// cost nothing and cannot get out of step. The list is linked through the items:
// each is on it at most once, so it needs no bound of its own.
type openings struct {
	mu     sync.Mutex
	ready  *sync.Cond // an item is on the list, or work is over
	first  *opening
	last   *opening
	ended  bool
	lost   uint32 // runs of the adapter that have ended: what was open then is not
	length int
}

// opening is an item's place in openings: what its shard wants and how far the
// adapter is. All fields are guarded by openings.mu.
type opening struct {
	item   *item
	want   bool
	life   uint32 // the life wanted
	isOpen bool
	open   uint32 // the life that the adapter has
	run    uint32 // the run of the adapter in which it was opened
	queued bool
	busy   bool
	next   *opening
}

func (o *openings) init() { o.ready = sync.NewCond(&o.mu) }

// desire says what a shard wants of an item from now on.
func (o *openings) desire(p *opening, want bool, life uint32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p.want, p.life = want, life
	o.push(p)
}

func (o *openings) push(p *opening) {
	if p.queued || p.busy {
		return
	}
	p.queued, p.next = true, nil
	if o.last != nil {
		o.last.next = p
	} else {
		o.first = p
	}
	o.last = p
	o.length++
	o.ready.Signal()
}

func (o *openings) pop() *opening {
	p := o.first
	if p == nil {
		return nil
	}
	o.first = p.next
	if o.first == nil {
		o.last = nil
	}
	p.queued, p.next = false, nil
	o.length--
	return p
}

// reset ends a run of the adapter: nothing is open any more.
func (o *openings) reset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lost++
	o.ended = false
}

// step makes the calls for one item, if there is one. For tests without
// goroutines.
func (o *openings) step(ctx context.Context, s *source) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.pop()
	if p != nil {
		o.settle(ctx, s, p)
	}
	return p != nil
}

// work makes calls until ctx is done.
func (o *openings) work(ctx context.Context, s *source) {
	o.mu.Lock()
	defer o.mu.Unlock()
	run := o.lost
	stop := context.AfterFunc(ctx, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.lost == run { // else it comes too late, when another run has begun
			o.ended = true
			o.ready.Broadcast()
		}
	})
	defer stop()
	for {
		for o.first == nil && !o.ended {
			o.ready.Wait()
		}
		if o.ended || ctx.Err() != nil {
			return
		}
		o.settle(ctx, s, o.pop())
	}
}

// settle brings the adapter to where the shard wants it, one call after the other.
// It is called with mu held and lets go of it during the calls. When the run ends, the
// item waits for the next one.
func (o *openings) settle(ctx context.Context, s *source, p *opening) {
	p.busy = true
	for ctx.Err() == nil {
		if p.isOpen && p.run != o.lost {
			p.isOpen = false
		}
		switch {
		case p.isOpen && (!p.want || p.open != p.life):
			item := p.handle(p.open)
			p.isOpen = false
			o.mu.Unlock()
			s.adapter.Unsubscribe(item)
			o.mu.Lock()
		case p.want && !p.isOpen:
			life := p.life
			o.mu.Unlock()
			kind, err := subscribe(ctx, s, p.handle(life))
			o.mu.Lock()
			if err == nil {
				p.isOpen, p.open, p.run = true, life, o.lost
			}
			p.item.shard.control(opened{item: p.item, life: life, kind: kind, err: err})
			if err != nil { // the shard asks again, later
				p.busy = false
				if p.life != life || !p.want {
					o.push(p)
				}
				return
			}
		default:
			p.busy = false
			if !p.want {
				p.item.shard.control(closed{item: p.item, life: p.life})
			}
			return
		}
	}
	p.busy = false
	o.push(p) // for the next run
}

func (p *opening) handle(life uint32) adapters.Item {
	return adapters.NewItem(p.item.name, makeRef(p.item.shard.index, false, life, p.item.index))
}

func subscribe(ctx context.Context, s *source, item adapters.Item) (adapters.SnapshotKind, error) {
	ctx, cancel := context.WithTimeout(ctx, subscribeTimeout)
	defer cancel()
	kind, err := s.adapter.Subscribe(ctx, item)
	if err != nil && ctx.Err() == nil {
		s.stats.openFailed.Add(1)
		if !errors.Is(err, adapters.ErrUnknownItem) {
			s.log.Warn("subscribe", "item", item.Name(), "error", err)
		}
	}
	return kind, err
}
