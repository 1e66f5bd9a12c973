package engine

import (
	"fmt"

	"github.com/halley-stream/halley/protocol"
)

// enter takes what the Metadata Adapter permits, unless the user has as many sessions
// as it may. The client's old session does not count: it ends, though the server may
// not have noticed yet that its connection has gone.
func (s *Session) enter(d *decision) {
	l, old := s.loop, d.create.OldSession
	ok, replaces := l.engine.directory.enter(s.id, account{s.set.name, d.permit.User}, d.permit.MaxSessions, old)
	if !ok {
		d.refuse(protocol.ConnSessionLimit, fmt.Sprintf("Too many sessions of this user: at most %d", d.permit.MaxSessions))
		return
	}
	if replaces {
		l.send(old, replaced{old})
	}
	s.user, s.grant = d.permit.User, d.permit.Grant
	s.most = d.permit.MaxSubscriptions
	if most := d.permit.MaxBandwidth; most > 0 {
		s.allotment().allowed = most
	}
}

// replaced says that another session of the same user has taken the place of one, which
// ends. To the old one's home.
type replaced struct{ id string }

func (m replaced) arrive(l *Loop) {
	if s := l.sessions[m.id]; s != nil {
		s.end(protocol.ConnOneSessionOnly, "Another session of this user has taken its place")
	} else {
		l.send(m.id, m)
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
