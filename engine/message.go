package engine

import (
	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/protocol"
)

// messages is what a session knows of the messages that its client sends. Loop
// only.
type messages struct {
	sequences map[string]*sequence // by name
	names     int                  // bytes of these names
	loose     loose
	held      int // taken, and without an outcome yet
	bytes     int // of their texts
	handled   int // of them, those with the Metadata Adapter
}

// note is one message that was taken.
type note struct {
	sequence *sequence // or nil
	number   int64     // 0: none
	text     string
	outcome  bool  // the client wants to know what becomes of it
	until    int64 // in a sequence: how long it waits for the numbers before it
}

// say takes a message of the session's client.
func (s *Session) say(r *request) []byte {
	asked := r.message
	if s.set.messages == nil {
		return r.refuse(protocol.ReqMessageFailed, "Nobody listens to messages here")
	}
	if s.messages == nil {
		s.messages = new(messages)
	}
	n := &note{number: asked.Prog, text: asked.Message, outcome: asked.Outcome}
	if asked.Sequence != "" {
		if n.sequence = s.sequence(asked.Sequence); n.sequence == nil {
			return r.refuse(protocol.ReqInternal, "Too many sequences of messages")
		}
	}
	switch due, code := s.messages.knows(n); {
	case code != 0:
		return r.refuse(code, "A message of this number has been there before")
	case due:
		return granted(r)
	}
	if most := s.loop.engine.cfg.Limits.Messages; s.messages.held >= most {
		return r.refuse(protocol.ReqInternal, tooMany("messages that wait", "messages_per_session", most))
	}
	if s.messages.bytes+len(n.text) > messagesBytes {
		return r.refuse(protocol.ReqInternal, "Too much text of messages waits")
	}
	s.messages.held++
	s.messages.bytes += len(n.text)
	if n.sequence == nil {
		s.messages.loose.take(n.number)
		s.handle(n)
		return granted(r)
	}
	n.until = s.loop.now + int64(s.loop.engine.cfg.MessageWait)
	if asked.MaxWait >= 0 {
		n.until = s.loop.now + asked.MaxWait*1e6
	}
	n.sequence.take(n)
	return granted(r)
}

// knows reports whether a message has come before and its outcome is still due:
// clients repeat what they have no answer to. Where it is due no more, code says
// what to tell them.
func (m *messages) knows(n *note) (due bool, code int) {
	switch {
	case n.sequence != nil:
		return n.sequence.knows(n.number)
	case n.number > 0:
		return m.loose.knows(n.number)
	}
	return false, 0
}

// handle gives a message to the Metadata Adapter.
func (s *Session) handle(n *note) {
	s.messages.handled++
	d := &decision{
		kind: decideMessage, loop: s.loop, session: s.id, set: s.set, note: n,
		message: adapters.Message{User: s.user, Session: s.id, Text: n.text},
	}
	if n.sequence != nil {
		d.message.Sequence, d.message.Number = n.sequence.name, n.number
	}
	s.decide(d)
}

// heard takes the Metadata Adapter's word on a message.
func (l *Loop) heard(d *decision) {
	s := l.sessions[d.session]
	if s == nil {
		l.send(d.session, d) // it has moved, or nobody waits for this
		return
	}
	n := d.note
	s.messages.held--
	s.messages.bytes -= len(n.text)
	s.messages.handled--
	if n.outcome && n.number > 0 {
		if d.refused {
			s.tell(protocol.AppendMSGFAIL(nil, d.message.Sequence, n.number, d.code, d.text))
		} else {
			s.tell(protocol.AppendMSGDONE(nil, s.version, d.message.Sequence, n.number, d.answer))
		}
	}
	if n.sequence == nil {
		s.messages.loose.done(n.number)
	} else {
		n.sequence.handled()
	}
}

// messagesBytes is how much text of messages a session may have that have no outcome
// yet.
const messagesBytes = 1 << 20

// waits reports whether further requests of the client should not be read for now:
// many messages are held, and there will be room because some are being handled.
func (m *messages) waits(most int) bool {
	return m != nil && (m.held > most/2 || m.bytes > messagesBytes/2) && m.handled > 0
}

// stop takes the clocks of all sequences off a loop, resume puts them onto that
// where the session is now.
func (m *messages) stop(l *Loop) {
	if m == nil {
		return
	}
	for _, q := range m.sequences {
		l.wheel.disarm(&q.timer)
	}
}

func (m *messages) resume() {
	if m == nil {
		return
	}
	for _, q := range m.sequences {
		q.arm()
	}
}
