package engine

import (
	"fmt"

	"github.com/halley-stream/halley/protocol"
)

// enter takes what the Metadata Adapter permits, unless the user has as many sessions
// as it may.
func (s *Session) enter(d *decision) {
	if !s.loop.engine.directory.enter(account{s.set.name, d.permit.User}, d.permit.MaxSessions) {
		d.refuse(protocol.ConnSessionLimit, fmt.Sprintf("Too many sessions of this user: at most %d", d.permit.MaxSessions))
		return
	}
	s.entered, s.user, s.grant = true, d.permit.User, d.permit.Grant
	s.most, s.bandwidth.allowed = d.permit.MaxSubscriptions, d.permit.MaxBandwidth
}

// exit gives up what enter took.
func (s *Session) exit() {
	if s.entered {
		s.loop.engine.directory.exit(account{s.set.name, s.user})
		s.entered = false
	}
}

// tooManyOfUser is told to a client whose user may not have more than most
// subscriptions in a session.
func tooManyOfUser(most int) string {
	return fmt.Sprintf("Too many subscriptions: this user may have at most %d in a session", most)
}

// expire has the session end when its permit does, at a time of the engine's clock; 0
// is never. The client opens a new one, and so is asked again who it is.
func (s *Session) expire(at int64) {
	if at > 0 {
		s.leave(at, "The permit is over; log in again")
	}
}

// smaller is the smaller of two bounds, of which 0 is none.
func smaller(a, b int) int {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}
