//go:build linux

package fleet

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/halley-stream/halley/protocol"
)

// Storm resets the connections of the last n sessions at once and lets them come
// back as fast as they can: each by a recovery of its session, or with a new one
// and a new snapshot. It returns how long that took until the last was back. From
// then on these sessions count as slow ones do: they may skip numbers, and their
// latency does not count.
//
// It is for WebSockets.
func (f *Fleet) Storm(ctx context.Context, n int, recover bool, limit time.Duration) (time.Duration, error) {
	var waiting []*session
	for _, s := range f.sessions[max(len(f.sessions)-n, f.observers()):] {
		if s.state != bound {
			continue
		}
		f.cut(s)
		s.recovering = recover
		if !recover {
			s.forget()
		}
		waiting = append(waiting, s)
	}
	start, ended := time.Now(), f.tally.Ended
	all := f.ready + len(waiting)
	err := f.pump(ctx, func() bool {
		for len(waiting) > 0 && f.opening < f.config.Opening {
			f.reopen(waiting[0])
			waiting = waiting[1:]
		}
		return f.ready >= all || f.tally.Ended > ended || time.Since(start) > limit
	}, nil)
	switch {
	case err != nil:
		return 0, err
	case f.tally.Ended > ended:
		return 0, fmt.Errorf("sessions ended in the storm: %s", strings.Join(f.tally.faults, "; "))
	case f.ready < all:
		return 0, fmt.Errorf("%d sessions are not back after %v", all-f.ready, limit)
	}
	return time.Since(start), nil
}

// cut resets a session's connection.
func (f *Fleet) cut(s *session) {
	// A linger of zero makes close send a reset.
	if err := unix.SetsockoptLinger(s.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
		f.tally.fault("session %d: linger: %v", s.index, err)
	}
	unix.Close(s.fd)
	s.state, s.rest, s.cut = connecting, nil, true
	f.ready--
}

// reopen connects a session that was cut.
func (f *Fleet) reopen(s *session) {
	f.opening++
	if err := f.dial(s); err != nil {
		f.tally.fault("session %d: %v", s.index, err)
		s.state = ended
		f.opening--
		f.tally.Ended++
	}
}

// recover asks for the session as it was.
func (f *Fleet) recover(s *session) {
	p := protocol.AppendParam(nil, "LS_session", s.id)
	p = protocol.AppendParam(p, "LS_recovery_from", strconv.FormatUint(s.count, 10))
	p = protocol.AppendParam(p, "LS_send_sync", "false")
	f.message(s, "bind_session", f.appendKeepalive(p))
}

// refused goes on with a new session when there is no recovery, as clients do.
func (f *Fleet) refused(s *session) {
	f.tally.Refused++
	s.recovering = false
	s.forget()
	f.create(s)
}

// forget forgets all updates.
func (s *session) forget() {
	s.begun, s.subscribed = 0, false
	for i := range s.items {
		s.items[i].seq = none
	}
}

// progress takes in a PROG: how many notifications come before the next. What we
// have already is skipped.
func (f *Fleet) progress(s *session, from uint64) {
	if from > s.count {
		f.tally.fault("session %d: the recovery starts at %d, but we have only %d", s.index, from, s.count)
		f.end(s)
		return
	}
	s.skip, s.count = s.count-from, from
}

// skipped counts a data notification and reports whether it had come before.
func (s *session) skipped() bool {
	s.count++
	if s.skip == 0 {
		return false
	}
	s.skip--
	return true
}
