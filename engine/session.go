package engine

import (
	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/protocol"
)

// Session is one client's session: its subscriptions, and what goes out to it. It
// belongs to one loop at a time, its home.
//
//	deciding ──► bound ◄──► unbound ──► closed
type Session struct {
	*outlet
	receivers []*subscriber // by seat

	loop      *Loop
	link      *Link // the connection bound, or nil; a poll's may be another loop's
	late      lateList
	asked     int32 // syncs under way
	undecided int32 // subscriptions that the request stage has not answered
	polling   bool  // the connection is a poll: one response, then none
	transport Transport
	version   protocol.Version
	state     sessionState
	bare      bool // it is told nothing about its bandwidth
	untold    bool // its bandwidth has changed, and there was no room to tell: of many changes the last is told
	diffs     protocol.DiffFormats
	noted     bool // the Metadata Adapter has been told of it

	id      string
	address string // of the client that began it
	client  string // address that it was told to have
	user    string
	grant   string // of the Metadata Adapter, for its own use
	set     *adapterSet
	// acked is the number of data lines that a bind has acknowledged.
	acked uint64
	past  past

	subscriptions []*subscription // in the order of their ids
	// most is how many of them the user may have, 0: any number.
	most      int
	postponed *postponed // nil while nothing is
	unsent    []*decision
	messages  *messages  // nil until there is one
	bandwidth *bandwidth // nil until there is a limit

	// lines that must not be lost and came while nothing could be written.
	queue lineQueue

	wire  binding
	clock Timer
	// leaving is when the session has to go, or nil: its permit is over, or the server
	// is drained.
	leaving *leaving
}

// binding is how a session is bound to its connection, or what it asked for.
type binding struct {
	keepalive int64 // nanoseconds of silence before a PROBE
	began     int64 // when the connection was bound
	until     int64 // poll: when to answer at the latest; unbound: when to end
	budget    int64 // HTTP streaming: bytes that the response may have; 0: any
	pause     int64 // polling: milliseconds the client waits between polls
	stuck     int64 // since when the kernel has taken nothing; 0: it takes
	waiting   int32 // bytes that it had not taken when looked at last
	head      int32 // poll: length of buf after the response's head
	sync      int64 // when the next SYNC is due; 0: never
	// inactivity is the silence of a client that promised to be heard of, in
	// nanoseconds; 0: it did not. heard is when it was.
	inactivity, heard int64
	full              bool // something did not fit
	hold              bool // poll: it may be held until there is something
}

type sessionState uint8

const (
	sessionDeciding sessionState = iota + 1
	sessionOpen
	sessionClosed
)

func newSession(l *Loop, k *Link, id string, version protocol.Version) *Session {
	s := &Session{loop: l, id: id, address: k.address, version: version, state: sessionDeciding}
	s.clock.Owner = s
	l.attach(s)
	return s
}

// behind puts a subscriber on the session's list, and makes sure that somebody
// looks at it.
func (s *Session) behind(sub *subscriber) {
	if sub.state == subscriberBehind {
		return
	}
	sub.state = subscriberBehind
	s.late.push(sub)
	s.plain = false
	s.schedule()
}

// pump asks for what the session is behind with, while its client can take it:
// snapshots flow at the speed of their reader.
func (s *Session) pump() {
	if s.link == nil || !s.queue.empty() {
		return
	}
	for s.late.first != nil && int(s.asked) < s.askMost() && s.low() {
		sub := s.late.pop()
		if sub.left {
			continue
		}
		s.asked++
		sub.ask()
	}
	if s.limited && s.late.first != nil && s.asked == 0 {
		s.waitForTurn()
	}
}

// low reports whether so little waits for the client that it can take more.
func (s *Session) low() bool { return len(s.buf)+int(s.wire.waiting) < lowMark }

// waiting reports whether requests of the session wait for the request stage.
func (s *Session) waiting() bool { return len(s.unsent) > 0 }

// unsubscribe ends a subscription.
func (s *Session) unsubscribe(sub *subscription) {
	s.remove(sub)
	s.dismiss(sub)
	s.vacate(sub)
}

// dismiss has the subscribers of a subscription leave. Their seats are still there.
func (s *Session) dismiss(sub *subscription) {
	if !sub.deciding {
		s.notify(adapters.SubscriptionClosed, sub)
	}
	for i := range sub.members {
		m := &sub.members[i]
		if m.state == subscriberAsked {
			s.asked--
		}
		m.leave()
	}
	s.loop.engine.schemas.release(sub.fields)
	sub.source.engine.selectors.release(sub.source, sub.items(), sub.selector)
}

// Expire looks at what is due by time.
func (s *Session) Expire(_ *Timer, now int64) {
	w := &s.wire
	switch {
	case s.state != sessionOpen:
	case s.link == nil:
		if now >= w.until {
			s.close()
			return
		}
	case s.polling:
		if now >= w.until {
			s.gather()
			s.answerPoll()
			return
		}
	default:
		if now-s.wrote >= w.keepalive {
			if len(s.buf) == 0 {
				s.control(protocol.AppendPROBE(s.loop.line[:0]))
			}
			s.wrote = now // or will be as soon as the client reads
		}
		if w.sync > 0 && now >= w.sync {
			s.control(protocol.AppendSYNC(s.loop.line[:0], (now-w.began)/1e9))
			w.sync = now + syncEvery
		}
		if w.inactivity > 0 && now >= w.heard+w.inactivity+inactivityGrace {
			s.loop.engine.log.Info("client is silent though it promised not to be; connection closed", "session", s.shortID(), "user", s.user)
			s.loop.shut(s.link)
			return
		}
	}
	s.arm()
}

const (
	// syncEvery is the time between two SYNC lines, in nanoseconds.
	syncEvery = int64(20e9)
	// inactivityGrace is how late a client may be that promised to be heard of, in
	// nanoseconds.
	inactivityGrace = int64(2e9)
)

// arm sets the session's clock to what is due next.
func (s *Session) arm() {
	w := &s.wire
	due := w.until
	if s.link != nil && !s.polling {
		due = s.wrote + w.keepalive
		if w.sync > 0 {
			due = min(due, w.sync)
		}
		if w.inactivity > 0 {
			due = min(due, w.heard+w.inactivity+inactivityGrace)
		}
	}
	s.loop.wheel.arm(&s.clock, due)
}

// lost takes the end of the connection. The session goes on without one for a
// while; what was on the way counts as sent.
func (s *Session) lost(k *Link) {
	if s.link == k {
		s.unbind()
	}
}

// unbind lets go of the connection.
func (s *Session) unbind() {
	if k := s.link; k != nil && k.loop == s.loop {
		k.session = nil
	}
	if s.link != nil {
		s.loop.stats.bound[s.transport].Add(-1)
	}
	s.link, s.conn, s.plain = nil, nil, false
	s.loop.release(s.outlet)
	s.room = 0
	s.taken()
	s.wire.budget, s.wire.waiting, s.wire.full = 0, 0, false
	s.loop.scheduled[s.slot] = true // there is nothing to flush until it is bound
	s.wire.until = s.loop.now + s.loop.engine.cfg.sessionTimeout() + s.wire.pause*1e6
	if s.state == sessionOpen {
		s.loop.wheel.arm(&s.clock, s.wire.until)
	}
}

// end closes the session with a reason for the client.
func (s *Session) end(code int, text string) {
	if k := s.link; k != nil {
		line := protocol.AppendEND(nil, code, text)
		s.append(line)
		s.loop.deliverLast(s)
	}
	s.loop.stats.ended(code)
	s.close()
}

// close ends the session: its subscribers leave, its id is forgotten.
func (s *Session) close() {
	if s.state == sessionClosed {
		return
	}
	if s.link != nil {
		s.unbind()
	}
	s.state = sessionClosed
	for _, sub := range s.subscriptions {
		s.dismiss(sub)
	}
	s.subscriptions, s.seats, s.receivers = nil, nil, nil
	l := s.loop
	l.wheel.disarm(&s.clock)
	s.messages.stop(l)
	if s.leaving != nil {
		l.wheel.disarm(&s.leaving.timer)
	}
	for _, r := range s.decided() {
		l.respond(r.link, r.refuse(protocol.ReqSessionNotFound, "Session not found"))
	}
	for _, d := range s.unsent {
		if d.kind == decideSubscription {
			l.respond(d.request.link, d.request.refuse(protocol.ReqSessionNotFound, "Session not found"))
		}
	}
	s.queue, s.unsent = lineQueue{}, nil
	delete(l.sessions, s.id)
	s.notify(adapters.SessionClosed, nil)
	l.engine.directory.remove(s.id, s.address)
	l.stats.sessions.Add(-1)
	l.detach(s)
	l.engine.log.Debug("session closed", "session", s.shortID(), "user", s.user)
}

// shortID is the part of the session's id that may be shown: an id is a secret.
func (s *Session) shortID() string { return s.id[:min(len(s.id), 7)] }

// modes by name on the wire.
var modes = map[string]adapters.Mode{
	"MERGE": adapters.Merge, "DISTINCT": adapters.Distinct, "COMMAND": adapters.Command, "RAW": adapters.Raw,
}
