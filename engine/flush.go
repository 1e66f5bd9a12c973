package engine

import "github.com/halley-stream/halley/protocol"

// flush writes what has gathered for a session, if its client takes it.
func (l *Loop) flush(s *Session) {
	s.scheduled = false
	switch {
	case s.link == nil:
		return
	case s.polling:
		s.drain()
		s.pump()
		s.look()
		return
	}
	if l.stuck(s) {
		return
	}
	s.drain()
	if len(s.out) > Headroom {
		s.wire.sent += int64(len(s.out) - Headroom)
		if s.wire.budget > 0 && s.wire.sent+loopLine+controlLine >= s.wire.budget {
			s.rebind()
			return
		}
		l.write(s.link, s.out, false)
		if s.link == nil { // the write has found the connection dead
			return
		}
		l.release(s)
		s.flushed, s.wire.wrote = l.now, l.now
	}
	l.measure(s)
	if s.wire.full && s.wire.budget > 0 && s.room < s.limit() && s.wire.waiting == 0 && s.count > s.acked {
		s.rebind() // what did not fit into the budget
		return
	}
	s.wire.full = false
	if broken != brokenDirtyLost {
		s.pump()
	}
	if len(s.queue) > 0 && !s.scheduled {
		l.schedule(s)
	}
}

// loopLine is more than a LOOP line comes to.
const loopLine = 32

// measure finds out how much more the session may gather.
func (l *Loop) measure(s *Session) {
	s.room = s.limit()
	if w := &s.wire; w.budget > 0 { // the response's budget bounds it too
		s.room = int(min(int64(s.room), w.budget-w.sent-loopLine+Headroom))
	}
	s.wire.waiting = s.link.conn.Buffered()
	if n := s.wire.waiting; n > 0 {
		s.room = max(s.room-n, 0)
		if s.wire.stuck == 0 {
			s.wire.stuck = l.now
			l.stats.slow.Add(1)
		}
		if !s.scheduled {
			s.scheduled = true
			l.wheel.arm(&s.flush, l.now+max(l.window.now, lookAgain))
		}
	}
}

// lookAgain is how soon a client that does not read is looked at again: there is
// no call that says that a connection takes bytes again.
const lookAgain = int64(10e6)

// stuck reports whether the client has not taken what was written before. One that
// takes nothing for too long is let go.
func (l *Loop) stuck(s *Session) bool {
	n := s.link.conn.Buffered()
	if n == 0 {
		s.taken()
		l.measure(s)
		return false
	}
	if s.wire.stuck > 0 && l.now-s.wire.stuck > int64(l.engine.cfg.SlowTimeout) {
		l.stats.tooSlow.Add(1)
		l.engine.log.Info("client does not read; connection closed", "session", s.shortID(), "user", s.user, "buffered", n)
		k := s.link
		s.unbind()
		l.shut(k)
		return true
	}
	if n < s.wire.waiting {
		s.wire.stuck = l.now // it reads, however slowly
	}
	s.wire.waiting = n
	s.scheduled = true
	l.wheel.arm(&s.flush, l.now+max(l.window.now, lookAgain))
	return true
}

// taken notes that the kernel has taken all that was written.
func (s *Session) taken() {
	if s.wire.stuck > 0 {
		s.wire.stuck = 0
		s.loop.stats.slow.Add(-1)
	}
}

// write hands bytes to a connection of this loop. buf begins with Headroom free
// bytes.
func (l *Loop) write(k *Link, buf []byte, last bool) {
	if k.closed {
		return
	}
	l.stats.writes.Add(1)
	l.stats.bytes.Add(uint64(len(buf) - Headroom))
	if err := k.conn.Send(buf, last); err != nil {
		k.conn.Close()
	}
}

// deliverLast writes the rest of a session's output as the end of the response.
func (l *Loop) deliverLast(s *Session) {
	k := s.link
	out := s.out
	s.out = nil
	if k.loop != l {
		k.loop.post(replied{link: k, lines: append([]byte(nil), out[Headroom:]...), whole: true})
	} else {
		k.session = nil
		k.open = false
		l.write(k, out, true)
	}
	l.buffers.give(out)
	s.unbind()
}

// rebind ends a streaming response whose budget is used up: the client binds
// again.
func (s *Session) rebind() {
	s.append(protocol.AppendLOOP(s.loop.line[:0], 0))
	s.loop.deliverLast(s)
}
