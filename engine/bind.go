package engine

import (
	"bytes"
	"math"
	"strings"

	"github.com/halley-stream/halley/protocol"
)

// requestLimit is the size of requests that clients are told to stay below.
const requestLimit = 50000

// rebindRequest is a bind_session on its way to the session's home.
type rebindRequest struct {
	id   string
	link *Link
	bind protocol.Bind
	// done says that the session has come to the connection's loop for it.
	done *Session
}

// arrive binds the session, here or where the stream is.
func (m rebindRequest) arrive(l *Loop) {
	if m.done != nil {
		l.adopt(m.done, m)
		return
	}
	s := l.sessions[m.id]
	switch {
	case s == nil:
		if !l.send(m.id, m) { // it has moved, or is gone
			l.refuseBind(m.link, protocol.ConnSessionNotFound, "Session not found")
		}
	case s.state == sessionDeciding:
		l.refuseBind(m.link, protocol.ConnSessionNotFound, "Session not found")
	case m.bind.RecoveryFrom >= 0 && !s.recoverable(uint64(m.bind.RecoveryFrom)):
		l.stats.forgotten.Add(1)
		l.refuseBind(m.link, protocol.ConnRecoveryGone, "Recovery point not available")
	case s.link == m.link && !s.polling:
		l.refuseBind(m.link, protocol.ConnAlreadyStreaming, "A session is streaming on this WebSocket")
	default:
		s.takeOver(m)
	}
}

func (l *Loop) refuseBind(k *Link, code int, text string) {
	l.respond(k, protocol.AppendCONERR(nil, code, text))
}

// takeOver gives the session to a new connection: the last bind to reach the home
// wins, the older connection is closed.
func (s *Session) takeOver(m rebindRequest) {
	l := s.loop
	if k := s.link; k != nil {
		s.unbind()
		if k != m.link {
			l.shut(k)
		}
	}
	if m.bind.RecoveryFrom >= 0 {
		s.recover(uint64(m.bind.RecoveryFrom))
		l.stats.recovered.Add(1)
	}
	if !m.bind.Polling && m.link.loop != l {
		s.moveTo(m.link.loop, m)
		return
	}
	s.rebound(m)
}

// rebound begins the response to a bind.
func (s *Session) rebound(m rebindRequest) {
	recovery := m.bind.RecoveryFrom >= 0
	if !recovery {
		s.acknowledge(s.count) // all that was sent
	}
	s.bind(m.link, &m.bind.ConnectionParams, false, recovery)
}

// moveTo hands the session to the loop of its new stream. Nothing is transferred
// but the session: its subscribers leave their seats and sync from where they are
// sitting then.
func (s *Session) moveTo(to *Loop, m rebindRequest) {
	from := s.loop
	from.wheel.disarm(&s.clock)
	s.messages.stop(from)
	if s.leaving != nil {
		from.wheel.disarm(&s.leaving.timer)
	}
	from.forget(s)
	delete(from.sessions, s.id)
	from.stats.sessions.Add(-1)
	for _, sub := range s.subscriptions {
		for i := range sub.members {
			member := &sub.members[i]
			if f := member.fan(); f != nil {
				f.rise(member)
			}
			member.token++
			if broken == brokenMoveClean {
				member.state = subscriberAsked
			} else if member.state != subscriberBehind {
				s.behind(member)
			}
			member.home.Store(int32(to.index))
		}
	}
	s.asked = 0
	from.detach(s)
	s.loop = to
	m.done = s
	to.post(m)                                 // first the session …
	from.engine.directory.move(m.id, to.index) // … then the entry
}

// adopt takes a session that has moved here, and binds it.
func (l *Loop) adopt(s *Session, m rebindRequest) {
	l.attach(s)
	l.sessions[s.id] = s
	l.stats.sessions.Add(1)
	s.messages.resume()
	if s.leaving != nil {
		s.leave(s.leaving.at, s.leaving.why)
	}
	if l.draining && (s.leaving == nil || s.leaving.why != goingDown) {
		s.leave(l.now, goingDown) // it was on its way when the turns were given out
	}
	for _, d := range s.unsent {
		d.loop = l
	}
	if s.waiting() {
		l.starving = append(l.starving, s)
	}
	if m.link.closed {
		s.unbind()
		return
	}
	s.rebound(m)
}

// bind begins a response on a connection: a stream on this loop, or a poll on any.
// first says that it is the session's first, recovery that the client goes on after
// a lost connection and is told from where.
func (s *Session) bind(k *Link, c *protocol.ConnectionParams, first, recovery bool) {
	l, cfg := s.loop, &s.loop.engine.cfg
	if k.loop == l && k.session != nil && k.session != s {
		k.session.unbind() // one session at a time on a WebSocket
	}
	s.link, s.polling, s.transport = k, c.Polling, transportOf(k.webSocket, c.Polling)
	s.bare = s.bare || c.ReduceHead
	l.stats.bound[s.transport].Add(1)
	if k.loop == l {
		k.session, k.implied = s, s.id
		k.taken, k.reply = true, nil
	}
	s.wire = binding{began: l.now, heard: l.now, pause: c.PollingMillis}
	s.wrote, s.left, l.scheduled[s.slot] = l.now, math.MaxInt64, false
	if k.loop == l && !c.Polling {
		s.conn = k.conn
	}
	w := &s.wire
	s.room = s.limit()
	keepalive := cfg.keepalive(c.KeepaliveMillis)
	told := keepalive
	if c.Polling {
		idle := min(max(c.IdleMillis, 0), cfg.IdleMax.Milliseconds())
		told, w.hold = idle, idle > 0
		w.until = l.now + max(idle*1e6, pollWait)
		if w.hold {
			w.until = l.now + idle*1e6
		}
	} else {
		w.keepalive = keepalive * 1e6
		w.inactivity = c.InactivityMillis * 1e6
		if c.SendSync {
			w.sync = l.now + syncEvery
		}
		if !k.webSocket {
			w.budget = cfg.contentLength(c.ContentLength)
			s.left = w.budget
		}
	}
	s.control(protocol.AppendCONOK(l.line[:0], s.id, requestLimit, told, cfg.ControlLink))
	if first && !c.ReduceHead {
		s.control(protocol.AppendSERVNAME(l.line[:0], cfg.Name))
	}
	if (first || s.client != k.address) && !c.ReduceHead {
		s.control(protocol.AppendCLIENTIP(l.line[:0], k.address))
	}
	s.client = k.address
	if w.budget > 0 {
		s.control(padding)
		s.left += int64(len(padding)) // it is not part of what the client asked for
	}
	s.tellBandwidth()
	if recovery {
		s.control(protocol.AppendPROG(l.line[:0], s.count))
	}
	w.head = int32(len(s.buf))
	s.drain()
	s.pump()
	s.arm()
	if c.Polling {
		s.look()
	}
}

// padding pushes the head of an HTTP stream through what buffers on its way to the
// client.
var padding = bytes.Repeat(protocol.AppendNOOP(nil, strings.Repeat("padding ", 32)), 8)

// pollWait is how long a poll that need not be held waits for syncs under way, in
// nanoseconds.
const pollWait = int64(1e9)

// look answers a poll when there is something to answer, or no reason to wait.
func (s *Session) look() {
	if s.link == nil {
		return
	}
	s.gather()
	switch w := &s.wire; {
	case s.asked > 0 && s.loop.now < w.until && s.low() && !w.full:
	case len(s.buf) > int(w.head), !w.hold:
		s.answerPoll()
	case w.head > Headroom:
		s.beginPoll()
	}
}

// beginPoll sends the head of a poll's answer, before it is held: the client sees
// that it is connected.
func (s *Session) beginPoll() {
	k, l := s.link, s.loop
	if k.loop == l {
		l.write(k, s.buf, false)
	} else {
		k.loop.post(replied{link: k, lines: bytes.Clone(s.buf[Headroom:]), begun: true})
	}
	if s.link == nil { // the write has found the connection dead
		return
	}
	l.release(s.outlet)
	s.wire.head = Headroom
}

// answerPoll ends a poll: what there is, and when to come back.
func (s *Session) answerPoll() {
	s.append(protocol.AppendLOOP(s.loop.line[:0], s.wire.pause))
	s.flushed = s.loop.now
	s.loop.deliverLast(s)
}

// linkGone says that a connection is gone on which a session of another loop has a
// poll. To the session's home.
type linkGone struct {
	id   string
	link *Link
}

func (m linkGone) arrive(l *Loop) {
	if s := l.sessions[m.id]; s != nil {
		s.lost(m.link)
	} else {
		l.send(m.id, m)
	}
}
