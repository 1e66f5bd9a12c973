//go:build linux

package fleet

import (
	"time"

	"golang.org/x/sys/unix"
)

// slowTurns is how many times a second a slow session reads.
const slowTurns = 4

// slowReaders are the sessions that read slowly, one after the other, evenly in
// time. They are not in the epoll: what waits for them stays in the kernel.
type slowReaders struct {
	sessions []*session
	next     int
	due      time.Time
}

// slowDown lets a session read slowly from now on.
func (f *Fleet) slowDown(s *session) {
	if err := unix.EpollCtl(f.epoll, unix.EPOLL_CTL_DEL, s.fd, nil); err != nil {
		f.tally.fault("session %d: %v", s.index, err)
		f.end(s)
		return
	}
	f.slow.sessions = append(f.slow.sessions, s)
	f.slow.due = time.Now()
}

// patience returns how long nothing has to be done, limit at most.
func (r *slowReaders) patience(limit time.Duration) time.Duration {
	if len(r.sessions) == 0 {
		return limit
	}
	return max(min(limit, time.Until(r.due)), 0)
}

// readSlowly lets those read whose turn it is.
func (f *Fleet) readSlowly() {
	r := &f.slow
	if len(r.sessions) == 0 {
		return
	}
	pause := time.Second / slowTurns / time.Duration(len(r.sessions))
	for now := time.Now(); !r.due.After(now); r.due = r.due.Add(pause) {
		s := r.sessions[r.next]
		r.next = (r.next + 1) % len(r.sessions)
		if s.state != ended {
			f.read(s, max(f.config.SlowRate/slowTurns, 1))
		}
	}
}
