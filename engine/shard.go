package engine

import (
	"sync"
	"sync/atomic"

	"github.com/halley-stream/halley/conflation/selector"
	"github.com/halley-stream/halley/protocol/diff"
)

// shard is the stage that owns items: their last values and the shards' half of
// their views. Ticks come in as parts of batches, syncs as commands from the
// loops; what is new goes out to the loops' inboxes. It never waits for a loop.
type shard struct {
	engine *Engine
	index  int

	items     map[itemKey]*item
	dynamic   []*item  // by index; nil where free
	lives     []uint32 // by index: the last life there, so that none comes twice
	free      []uint32
	residents []*item // by index
	// residentIndex gives out the next index of a published item. Any goroutine.
	residentIndex atomic.Uint32

	outs    []*inbox // to the loops
	held    []heldList
	spoke   []bool // loops that were said something in this step
	mem     *arenas
	memo    encoded
	event   event
	scratch []byte
	// evaluator is of selectors, and value is its scratch.
	evaluator selector.Evaluator
	value     []byte
	// Scratch for virtual fields: a number, and the time that was written last.
	number   []byte
	stamped  []byte
	stampAt  int64
	differ   diff.Maker
	differed []byte // its scratch
	wheel    wheel
	now      int64
	more     bool // something was held back though there is room
	commands commands
	stats    shardStats

	mu    sync.Mutex // guards the following; a writer wakes the shard
	parts []*part    // bounded by the batches of the feeds
	mail  []shardMail
	spare []shardMail

	woken atomic.Bool
	wakes chan struct{}
}

// itemKey finds an item of a shard by name.
type itemKey struct {
	source uint32
	name   string
}

// shardMail is a message to a shard about the life of items: one per item and
// change, bounded by their number.
type shardMail interface{ arrive(s *shard) }

// shardStats are a shard's figures. The shard writes, anyone reads.
type shardStats struct {
	conflated [5]atomic.Uint64 // by mode: ticks that were not emitted on their own
	held      atomic.Uint64    // emissions that found no room
	views     atomic.Uint64
	// selections are evaluations of selectors, unselectable those that had no result,
	// selecting the nanoseconds in them.
	selections, unselectable atomic.Uint64
	selecting                atomic.Int64
	items                    atomic.Int64
	steps                    atomic.Uint64
	busy                     atomic.Int64 // nanoseconds in steps
}

func newShard(e *Engine, index int) *shard {
	s := &shard{
		engine: e, index: index,
		items: make(map[itemKey]*item),
		held:  make([]heldList, e.cfg.Loops), spoke: make([]bool, e.cfg.Loops),
		wakes: make(chan struct{}, 1),
	}
	for range e.cfg.Loops {
		s.outs = append(s.outs, newInbox(e.cfg.Inbox))
	}
	s.mem = newArenas(s.outs, e.cfg.Arenas)
	s.commands.lists = make([]commandList, e.cfg.Loops)
	return s
}

// wake lets the shard make a step soon. Any goroutine.
func (s *shard) wake() {
	if !s.woken.Swap(true) {
		select {
		case s.wakes <- struct{}{}:
		default:
		}
	}
}

// feed takes a part of a batch. Any goroutine.
func (s *shard) feed(p *part) {
	s.mu.Lock()
	s.parts = append(s.parts, p)
	s.mu.Unlock()
	s.wake()
}

// control takes a message. Any goroutine.
func (s *shard) control(m shardMail) {
	s.mu.Lock()
	s.mail = append(s.mail, m)
	s.mu.Unlock()
	s.wake()
}

// commandsPerStep is how many commands of each loop one step takes.
const commandsPerStep = 256

// step does a bounded piece of work. It reports whether there is more to do at
// once, and else when it wants to be called without being woken.
func (s *shard) step(now int64) (more bool, next int64) {
	s.woken.Store(false)
	s.now = now
	// The part is taken before the mail, so that an item that was published
	// before its first update is there when that arrives.
	p, mail := s.take()
	for _, m := range mail {
		m.arrive(s)
	}
	clear(mail)
	s.more = false
	more = s.wheel.advance(now, 1024)
	for l := range s.outs {
		s.release(l)
		more = s.serve(l) || more
	}
	if p != nil {
		s.read(p)
		more = true
	}
	for l, spoke := range s.spoke {
		if spoke {
			s.spoke[l] = false
			s.engine.loops[l].wake()
		}
	}
	return more || s.more, s.wheel.next()
}

// take removes the oldest part and all mail.
func (s *shard) take() (*part, []shardMail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var p *part
	if len(s.parts) > 0 {
		p = s.parts[0]
		s.parts = append(s.parts[:0], s.parts[1:]...)
	}
	mail := s.mail
	s.mail, s.spare = s.spare[:0], mail
	return p, mail
}

// serve answers the commands of a loop while its inbox has room; it reports
// whether there may be more of them.
func (s *shard) serve(l int) bool {
	for range commandsPerStep {
		if !s.outs[l].room() || !s.mem.ready(answerSize) {
			return false // the loop wakes us
		}
		sub, cmd, moved := s.commands.take(l)
		s.more = s.more || moved
		if sub == nil {
			return false
		}
		s.obey(sub, cmd)
	}
	return true
}

// read takes the records of a part.
func (s *shard) read(p *part) {
	source := p.batch.feed.source
	n := uint64(0)
	for buf := p.buf; len(buf) > 0; n++ {
		r := nextRecord(buf)
		s.event.begin()
		buf = r.rest
		for range r.fields {
			var slot int
			var token []byte
			slot, token, buf = nextField(buf)
			s.event.set(slot, token)
		}
		it := s.find(r.ref)
		if it == nil || it.source != source {
			source.stats.late.Add(1)
			continue
		}
		s.apply(it, r.op)
	}
	source.stats.updates.Add(n)
	p.done()
}

func (s *shard) apply(it *item, op byte) {
	switch op {
	case recordUpdate:
		it.update(&s.event, false)
	case recordSnapshot:
		it.update(&s.event, true)
	case recordEnd:
		it.end()
	case recordClear:
		it.clear()
	case recordFail: // the values stay as they are; the adapter has said why
		it.setStale(true)
	}
}

// find returns the item of a handle, or nil when that life is over.
func (s *shard) find(ref uint64) *item {
	index := refIndex(ref)
	if refResident(ref) {
		if int(index) < len(s.residents) {
			return s.residents[index]
		}
		return nil
	}
	if int(index) >= len(s.dynamic) {
		return nil
	}
	it := s.dynamic[index]
	if it == nil || it.life&(1<<24-1) != refLife(ref) && broken != brokenLateLife {
		return nil
	}
	return it
}

// item finds or makes an item.
func (s *shard) item(source *source, name string) *item {
	key := itemKey{source.number, name}
	if it := s.items[key]; it != nil {
		return it
	}
	it := &item{shard: s, source: source, name: name, stale: source.stale.Load()}
	it.opening.item = it
	if n := len(s.free); n > 0 {
		it.index = s.free[n-1]
		s.free = s.free[:n-1]
		s.dynamic[it.index], it.life = it, s.lives[it.index]
	} else {
		it.index = uint32(len(s.dynamic))
		s.dynamic, s.lives = append(s.dynamic, it), append(s.lives, 0)
	}
	s.items[key] = it
	s.stats.items.Add(1)
	return it
}

// remove forgets an item that nobody wants.
func (s *shard) remove(it *item) {
	delete(s.items, itemKey{it.source.number, it.name})
	s.dynamic[it.index], s.lives[it.index] = nil, it.life
	s.free = append(s.free, it.index)
	s.stats.items.Add(-1)
}
