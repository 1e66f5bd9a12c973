package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/halley-stream/halley/protocol"
)

// Drain asks all sessions to come back elsewhere, spread evenly over the time
// configured, and refuses new ones. It returns when they are gone, and told so, or
// ctx is done.
func (e *Engine) Drain(ctx context.Context) error {
	for _, l := range e.loops {
		l.post(drain{})
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for e.directory.len() > 0 {
		select {
		case <-ctx.Done():
			return fmt.Errorf("drain: %d sessions left: %w", e.directory.len(), ctx.Err())
		case <-tick.C:
		}
	}
	return e.settle(ctx)
}

// settle waits until the loops have dealt with all that was posted to them: the last
// words to a poll may be on their way to its loop.
func (e *Engine) settle(ctx context.Context) error {
	reached, running := make(milestone, len(e.loops)), 0
	for _, l := range e.loops {
		if l.stats.steps.Load() > 0 { // else it has never had a connection
			running++
			l.post(reached)
		}
	}
	for range running {
		select {
		case <-ctx.Done():
			return fmt.Errorf("drain: %w", ctx.Err())
		case <-reached:
		}
	}
	return nil
}

// milestone tells that a loop has come to it. To a loop.
type milestone chan struct{}

func (m milestone) arrive(*Loop) { m <- struct{}{} }

// drain lets the sessions of a loop end. To a loop.
type drain struct{}

func (drain) arrive(l *Loop) {
	l.draining = true
	ids := slices.Sorted(maps.Keys(l.sessions))
	for i, id := range ids {
		l.sessions[id].leave(l.now+int64(l.engine.cfg.Drain)*int64(2*i+1)/int64(2*len(ids)), goingDown)
	}
}

// goingDown is why sessions leave that are drained.
const goingDown = "The server is going down"

// leave has the session go at a time, or earlier if it has to for another reason.
func (s *Session) leave(at int64, why string) {
	if s.leaving == nil {
		s.leaving = &leaving{session: s, at: never}
		s.leaving.timer.Owner = s.leaving
	}
	if at < s.leaving.at {
		s.leaving.at, s.leaving.why = at, why
	}
	s.loop.wheel.arm(&s.leaving.timer, s.leaving.at)
}

// leaving is a session that has to go. It takes the time along to the loop where it is.
type leaving struct {
	session *Session
	at      int64
	why     string
	timer   Timer
}

// Expire ends the session; its client opens a new one at once, elsewhere if the server
// is drained.
func (v *leaving) Expire(*Timer, int64) {
	v.session.end(protocol.ConnLifeLimit, v.why)
}
