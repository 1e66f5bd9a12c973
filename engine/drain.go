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
// configured, and refuses new ones. It returns when they are gone or ctx is done.
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
	return nil
}

// drain lets the sessions of a loop end. To a loop.
type drain struct{}

func (drain) arrive(l *Loop) {
	l.draining = true
	ids := slices.Sorted(maps.Keys(l.sessions))
	for i, id := range ids {
		s := l.sessions[id]
		s.leaving = &leaving{session: s}
		s.leaving.timer.Owner = s.leaving
		l.wheel.arm(&s.leaving.timer, l.now+int64(l.engine.cfg.Drain)*int64(i)/int64(len(ids)))
	}
}

// leaving is a session that waits for its turn to be drained.
type leaving struct {
	session *Session
	timer   Timer
}

// Expire ends the session; its client opens a new one at once, elsewhere.
func (v *leaving) Expire(*Timer, int64) {
	v.session.end(protocol.ConnLifeLimit, "The server is going down")
}
