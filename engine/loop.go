package engine

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/halley-stream/halley/protocol"
)

// Loop is the stage that owns sessions: what shards say comes in, is appended to
// the sessions' output, and leaves in one write a session and flush. Its methods
// must be called on its own event loop, but for those that say otherwise.
type Loop struct {
	engine *Engine
	index  int
	ins    []*inbox // from the shards

	sessions map[string]*Session
	now      int64
	wheel    wheel
	window   window
	soon     []*outlet // to flush at the end of this step
	calendar calendar  // to flush later
	outlets  outlets
	// scheduled says, by slot, that an outlet is on one of the two, or that nobody
	// is to flush it.
	scheduled []bool
	recent    recent
	chain     []*said // scratch for what one subscriber lacks
	ats       []int   // scratch for seats
	buffers   buffers
	seen      int             // by glances
	out       []byte          // scratch for one write
	line      []byte          // scratch for one line or response
	params    protocol.Params // scratch for one request line
	starving  []*Session      // sessions with requests that wait for the request stage
	paused    []*Link         // connections that are not read until then
	creates   []*decision     // create requests that wait their turn
	draining  bool
	stats     loopStats

	mu    sync.Mutex // guards mail
	mail  []loopMail
	spare []loopMail

	resting bool // it makes steps at intervals, and is not woken
	woken   atomic.Bool
	waker   atomic.Pointer[func()]
}

// loopMail is a message to a loop: one per connection, decision or request under
// way. A loop takes all of it in each step.
type loopMail interface{ arrive(l *Loop) }

// loopStats are a loop's figures. The loop writes, anyone reads.
type loopStats struct {
	sessions             atomic.Int64
	bound                [transports]atomic.Int64
	updates              atomic.Uint64 // update lines appended
	lagged               atomic.Uint64 // times that a subscriber fell behind
	rationed             atomic.Uint64 // times that one had to wait for its session's bandwidth
	recovered, forgotten atomic.Uint64 // recoveries, and those refused
	recent               atomic.Int64  // bytes of text that the ring of what was said last has
	lost                 atomic.Uint64 // events told lost by OV
	writes               atomic.Uint64
	bytes                atomic.Uint64
	slow                 atomic.Int64  // sessions whose client does not read
	tooSlow              atomic.Uint64 // sessions closed for that
	ends                 [3]atomic.Uint64
	refusals             atomic.Uint64 // requests answered with an error
	steps                atomic.Uint64
	busy                 atomic.Int64 // nanoseconds in steps
	window               atomic.Int64
	share                atomic.Int64 // busy share of the last interval, in 1/1000
}

func (s *loopStats) ended(code int) {
	switch code {
	case protocol.ConnDestroyed:
		s.ends[0].Add(1)
	case protocol.ConnLifeLimit:
		s.ends[1].Add(1)
	default:
		s.ends[2].Add(1)
	}
}

func newLoop(e *Engine, index int) *Loop {
	l := &Loop{engine: e, index: index, sessions: make(map[string]*Session)}
	for _, s := range e.shards {
		l.ins = append(l.ins, s.outs[index])
	}
	l.recent = newRecent(e.cfg.Recent)
	l.window = newWindow(int64(e.cfg.WindowMin), int64(e.cfg.WindowMax))
	return l
}

// SetWaker tells how the loop is woken: f is called from any goroutine, must not
// block, and leads to one call of Step. Any goroutine.
func (l *Loop) SetWaker(f func()) { l.waker.Store(&f) }

// wake leads to a Step soon. Any goroutine.
func (l *Loop) wake() {
	if !l.woken.Swap(true) {
		if f := l.waker.Load(); f != nil {
			(*f)()
		}
	}
}

// post leaves a message. Any goroutine.
func (l *Loop) post(m loopMail) {
	l.mu.Lock()
	l.mail = append(l.mail, m)
	l.mu.Unlock()
	l.wake()
}

// send brings a message to the home of a session, and reports whether there is
// one.
func (l *Loop) send(id string, m loopMail) bool {
	home, ok := l.engine.directory.home(id)
	if ok {
		l.engine.loops[home].post(m)
	}
	return ok
}

const (
	entriesPerStep = 2048
	flushesPerStep = 512
	timersPerStep  = 1024
)

// Step does a bounded piece of work. It reports whether there is more to do at
// once, and else when it wants to be called without being woken, in nanoseconds of
// the engine's clock.
func (l *Loop) Step() (more bool, next int64) {
	l.woken.Store(l.resting)
	began := l.engine.clock()
	l.now = began
	l.mu.Lock()
	mail := l.mail
	l.mail, l.spare = l.spare[:0], mail
	l.mu.Unlock()
	for _, m := range mail {
		m.arrive(l)
	}
	clear(mail)
	l.retry()
	for i, in := range l.ins {
		more = l.read(in) || more
		if in.fed() {
			l.engine.shards[i].wake()
		}
	}
	more = l.wheel.advance(l.now, timersPerStep) || more
	more = l.calendar.advance(l, l.now, flushesPerStep) || more
	more = l.flushSoon() || more
	l.stats.steps.Add(1)
	ended := l.engine.clock()
	l.stats.busy.Add(ended - began)
	if l.window.observe(ended, ended-began) {
		l.window.adjust(ended, l.engine.cpuTime(), l.engine.cpus)
		l.stats.window.Store(l.window.now)
		l.stats.recent.Store(int64(len(l.recent.text)))
		l.stats.share.Store(int64(l.window.share * 1000))
	}
	if rest := l.window.rest(); rest > 0 {
		// As if it had been woken, so that nobody wakes it, also not in the next step.
		l.resting = true
		l.woken.Store(true)
		return more, began + rest
	}
	more = more || l.resting // who wanted to wake it could not
	l.resting = false
	return more, min(l.wheel.next(), l.calendar.due())
}

// touch begins a call from the transport, outside a step: it reads the clock.
// What the call leaves to do is done in a step soon after.
func (l *Loop) touch() {
	l.now = l.engine.clock()
	l.wake()
}

// Until returns how many nanoseconds remain until a time of the engine's clock.
// Any goroutine.
func (l *Loop) Until(at int64) int64 { return at - l.engine.clock() }

// Arm sets a timer of the transport's own to expire in d nanoseconds.
func (l *Loop) Arm(t *Timer, d int64) { l.wheel.arm(t, l.engine.clock()+d) }

// Disarm forgets a timer.
func (l *Loop) Disarm(t *Timer) { l.wheel.disarm(t) }

// read takes what a shard has said, within the step's bound.
func (l *Loop) read(in *inbox) (more bool) {
	for range entriesPerStep {
		e := in.peek()
		if e == nil {
			return false
		}
		if e.kind == entryAnswer {
			l.answered(e)
		} else {
			l.spread(e)
		}
		in.drop()
	}
	return true
}

// schedule makes sure that the outlet of a slot is flushed: at once when it has
// been idle for the window, else when the window is over.
func (l *Loop) schedule(slot int32) {
	l.scheduled[slot] = true
	o := l.outlets.at(slot)
	if due := o.flushed + l.window.now; due > l.now {
		l.calendar.add(o, due)
	} else {
		l.flushNow(o)
	}
}

// flushNow has an outlet flushed at the end of this step or of the next.
func (l *Loop) flushNow(o *outlet) {
	l.scheduled[o.slot], o.due = true, 0
	l.soon = append(l.soon, o)
}

// flushSoon flushes the outlets whose turn it is.
func (l *Loop) flushSoon() (more bool) {
	for n := 0; n < len(l.soon); n++ {
		if n == flushesPerStep {
			l.soon = append(l.soon[:0], l.soon[n:]...)
			return true
		}
		if n%ahead == 0 {
			l.glance(l.soon[n:min(n+ahead, len(l.soon))])
		}
		if o := l.soon[n]; l.scheduled[o.slot] && o.due == 0 {
			l.flush(o)
		}
	}
	l.soon = l.soon[:0]
	return false
}

// retry gives requests that found the request stage full another chance.
func (l *Loop) retry() {
	if len(l.starving)+len(l.paused)+len(l.creates) == 0 {
		return
	}
	for len(l.creates) > 0 && l.engine.requests.submit(l.creates[0]) {
		l.creates = l.creates[1:]
	}
	starving := l.starving
	l.starving = nil
	for _, s := range starving {
		s.resubmit()
	}
	paused := l.paused
	l.paused = nil
	for _, k := range paused {
		k.paused = false
		if !k.closed {
			k.conn.Resume()
		}
	}
}

// pause remembers a connection whose requests wait. It returns true.
func (l *Loop) pause(k *Link) bool {
	if !k.paused {
		k.paused = true
		l.paused = append(l.paused, k)
	}
	return true
}

// forget takes a session off the loop's lists, before another loop gets it: it
// must not be touched from here any more.
func (l *Loop) forget(s *Session) {
	l.starving = slices.DeleteFunc(l.starving, func(t *Session) bool { return t == s })
}

// Wake leads to a Step soon, to look at timers that were armed outside of one. Any
// goroutine.
func (l *Loop) Wake() { l.wake() }
