package transport

import (
	"context"
	"time"

	"github.com/panjf2000/gnet/v2"

	"github.com/halley-stream/halley/engine"
)

// loop runs one of the engine's loops on one of gnet's.
type loop struct {
	engine *engine.Loop
	gnet   gnet.EventLoop
	// timer wakes the loop when it wants to be called, or has more to do.
	timer   *time.Timer
	scratch []byte  // for one response
	ready   []*conn // their response has ended, and the next request is there
}

// stepsInRow is how many steps are made before the loop looks at its sockets
// again.
const stepsInRow = 4

// loopOf returns the loop that runs on a loop of gnet, which gets one with its
// first connection.
func (s *Server) loopOf(g gnet.EventLoop) *loop {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.loops[g]; l != nil {
		return l
	}
	l := &loop{engine: s.engine.Loop(len(s.loops)), gnet: g}
	s.loops[g] = l
	l.timer = time.AfterFunc(time.Hour, l.wake)
	l.engine.SetWaker(l.wake)
	l.wake() // it may have been woken before
	return l
}

// wake leads to a step. Any goroutine.
func (l *loop) wake() {
	// When gnet is going down there is nobody left to step for.
	_ = l.gnet.Execute(context.Background(), l)
}

// Run makes steps; it is called by gnet, on the loop.
func (l *loop) Run(context.Context) error {
	for range stepsInRow {
		more, next := l.engine.Step()
		l.handle()
		if !more {
			l.timer.Reset(time.Duration(min(max(l.engine.Until(next), 0), int64(time.Hour))))
			return nil
		}
	}
	// Not by Execute: gnet would run that before it looks at its sockets.
	l.timer.Reset(0)
	return nil
}

// handle takes the requests that came ahead of their turn. A response may end
// anywhere in the engine, in the middle of a bind or of the end of a session; the
// next request must not be taken there, so it waits for the step to be over.
func (l *loop) handle() {
	for len(l.ready) > 0 {
		ready := l.ready
		l.ready = nil
		for _, c := range ready {
			c.handle()
		}
	}
}
