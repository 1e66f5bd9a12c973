package engine

import (
	"crypto/rand"
	"encoding/base32"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/protocol"
)

// newID returns an unguessable session id: 160 random bits, in letters and digits
// that need no encoding anywhere.
func newID() string {
	var b [20]byte
	rand.Read(b[:]) // it does not fail: crypto/rand says so
	return "S" + base32.StdEncoding.EncodeToString(b[:])
}

// create begins a session. It exists at once, so that requests which follow on
// the same WebSocket find it, and is bound when the Metadata Adapter has let the
// client in.
func (k *Link) create(c protocol.Create) {
	l, e := k.loop, k.loop.engine
	if l.draining {
		k.refuse(protocol.ConnLifeLimit, "The server is going down; try again")
		return
	}
	if k.Streaming() {
		k.refuse(protocol.ConnAlreadyStreaming, "A session is streaming on this WebSocket")
		return
	}
	set := e.sets[c.AdapterSet]
	if set == nil {
		e.log.Info("session refused: unknown adapter set", "set", c.AdapterSet, "known", e.setNames)
		k.refuse(protocol.ConnAdapterSet, "Requested Adapter Set not available")
		return
	}
	s := newSession(l, k, e.newID(), k.version)
	s.set = set
	switch e.directory.add(s.id, s.address, l.index) {
	case tooManySessions:
		k.refuse(protocol.ConnSessionLimit, "Too many sessions (limits.sessions)")
		return
	case tooManyOfAddress:
		k.refuse(protocol.ConnLoadLimit, "Too many sessions from this address (limits.sessions_per_address)")
		return
	}
	if old := c.OldSession; old != "" {
		l.send(old, abandoned{id: old})
	}
	l.sessions[s.id] = s
	l.stats.sessions.Add(1)
	k.implied = s.id
	k.pending++ // the answer to this line comes later
	d := &decision{kind: decideLogin, loop: l, link: k, session: s.id, set: set, create: c, login: adapters.Login{
		AdapterSet: c.AdapterSet, User: c.User, Password: c.Password, Address: k.address, Header: k.conn.Header(),
	}}
	if e.requests.submit(d) {
		return
	}
	if c.TTL < 0 {
		l.creates = append(l.creates, d)
		return
	}
	k.pending--
	s.close()
	k.refuse(protocol.ConnOverloaded, "Server overloaded")
}

// refuse answers a create or bind with CONERR.
func (k *Link) refuse(code int, text string) {
	k.loop.stats.refusals.Add(1)
	k.answer(protocol.AppendCONERR(nil, code, text))
}

// abandoned says that a client has lost a session and began another: the old one
// need not wait for its time-out. To the old one's home.
type abandoned struct{ id string }

func (m abandoned) arrive(l *Loop) {
	if s := l.sessions[m.id]; s != nil && s.link == nil && s.state == sessionOpen {
		s.close()
	} else if s == nil {
		l.send(m.id, m)
	}
}

// loggedIn takes the Metadata Adapter's word on a new session.
func (l *Loop) loggedIn(d *decision) {
	s, k := l.sessions[d.session], d.link
	if s == nil { // it was drained meanwhile
		k.answered(protocol.AppendCONERR(nil, protocol.ConnLifeLimit, "The server is going down; try again"))
		return
	}
	if d.code != 0 {
		s.state = sessionOpen // so that its requests are answered
		s.close()
		k.implied = ""
		l.stats.refusals.Add(1)
		k.answered(protocol.AppendCONERR(nil, d.code, d.text))
		return
	}
	s.state, s.user = sessionOpen, d.permit.User
	l.engine.log.Debug("session created", "session", s.shortID(), "user", s.user, "address", s.address)
	if k.closed {
		s.wire.pause = d.create.PollingMillis
		s.unbind()
	} else {
		s.bind(k, &d.create.ConnectionParams, true, false)
	}
	requests := s.requests
	s.requests = nil
	for _, r := range requests {
		s.request(r)
	}
}
