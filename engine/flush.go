package engine

import "github.com/halley-stream/halley/protocol"

// flush writes what there is for a session, if its client takes it: what waits in
// buf, and what its subscribers lack.
//
// A session is plain while that is all there is to it: it streams, its connection
// has taken all that was written, and nothing else waits for a flush.
func (l *Loop) flush(o *outlet) {
	if !o.plain {
		l.flushSession(o)
		return
	}
	l.scheduled[o.slot] = false
	// Where the response's budget comes to its end, room follows it.
	if more := l.writeOut(o); o.plain && (more || o.left < int64(o.room)+leastLeft || o.conn.Buffered() > 0) {
		l.settle(o.session, more)
	}
}

// flushSession is flush where there is more to it than a write.
func (l *Loop) flushSession(o *outlet) {
	s := o.session
	if s == nil || s.link == nil {
		return // stays scheduled, so that nobody looks at it for nothing
	}
	l.scheduled[o.slot] = false
	switch {
	case s.polling:
		s.drain()
		s.pump()
		s.look()
	case !l.stuck(s):
		more := s.drain()
		if more = l.writeOut(o) || more; s.link != nil {
			l.settle(s, more)
		}
	}
}

// writeOut makes one write of all that there is room for, and reports whether there
// was more. The write may find the connection dead, and unbind the session.
func (l *Loop) writeOut(o *outlet) (more bool) {
	out := append(l.out[:0], headroom...)
	if len(o.buf) > Headroom {
		out = append(out, o.buf[Headroom:]...)
	}
	if o.limited {
		out = l.pullRationed(o, out)
	} else {
		out, more = l.pull(o, out)
	}
	l.out = out
	if len(out) == Headroom {
		return more
	}
	if o.limited {
		o.session.bandwidth.spend(framing)
	}
	l.release(o)
	o.left -= int64(len(out) - Headroom)
	o.flushed, o.wrote = l.now, l.now
	l.stats.writes.Add(1)
	l.stats.bytes.Add(uint64(len(out) - Headroom))
	if conn := o.conn; conn.Send(out, false) != nil {
		conn.Close()
	}
	return more
}

var headroom = make([]byte, Headroom)

// settle looks after all that a write changes. more says that there was no room
// for something.
func (l *Loop) settle(s *Session, more bool) {
	l.measure(s)
	w := &s.wire
	if w.full = w.full || more; w.budget > 0 && w.waiting == 0 {
		// Used up, or too little is left for what did not fit.
		if s.left < leastLeft || w.full && s.room < s.limit() && s.count > s.acked {
			s.rebind()
			return
		}
	}
	w.full = false
	if broken != brokenDirtyLost {
		s.pump()
	}
	if (more || !s.queue.empty()) && w.waiting == 0 {
		l.flushNow(s.outlet) // what fills a write need not wait for company
	}
	s.plain = w.waiting == 0 && s.late.first == nil && s.queue.empty() && !s.limited
}

const (
	// loopLine is more than a LOOP line comes to.
	loopLine = 32
	// leastLeft is what a response keeps for the lines that end it.
	leastLeft = loopLine + controlLine
)

// gather pulls what the session's subscribers lack into buf.
func (s *Session) gather() {
	l := s.loop
	n := max(len(s.buf), Headroom)
	out := append(l.out[:0], headroom...)
	if len(s.buf) > Headroom {
		out = append(out, s.buf[Headroom:]...)
	}
	if s.limited {
		l.out = l.pullRationed(s.outlet, out)
	} else {
		l.out, _ = l.pull(s.outlet, out)
	}
	if len(l.out) > n {
		s.append(l.out[n:])
	}
}

// measure finds out how much more the session may write.
func (l *Loop) measure(s *Session) {
	s.room = s.limit()
	if s.wire.budget > 0 { // the response's budget bounds it too
		s.room = int(min(int64(s.room), s.left-loopLine+Headroom))
	}
	n := s.link.conn.Buffered()
	if s.wire.waiting = int32(n); n > 0 {
		s.room = max(s.room-n, 0)
		if s.wire.stuck == 0 {
			s.wire.stuck = l.now
			l.stats.slow.Add(1)
		}
		if !l.scheduled[s.slot] {
			l.again(s)
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
	if n < int(s.wire.waiting) {
		s.wire.stuck = l.now // it reads, however slowly
	}
	s.wire.waiting = int32(n)
	l.again(s)
	return true
}

// again schedules another look at a client that does not read.
func (l *Loop) again(s *Session) {
	l.scheduled[s.slot] = true
	l.calendar.add(s.outlet, l.now+max(l.window.now, lookAgain))
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
	out := s.buf
	s.buf = nil
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
