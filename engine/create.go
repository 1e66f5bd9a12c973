package engine

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"

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
//
// combo is what came with it: all of it begins with the session, or nothing does.
func (k *Link) create(c protocol.Create, combo []protocol.ComboRequest) {
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
	s.set, s.bare, s.diffs = set, c.ReduceHead, c.Diffs(k.version)
	if c.MaxBandwidth > 0 {
		s.allotment().asked = c.MaxBandwidth
	}
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
	if err := d.combine(s, combo); err != nil {
		k.pending--
		s.close()
		k.implied = ""
		k.refuse(err.Code, err.Text)
		return
	}
	if c.TTL > 0 {
		d.expires = l.now + c.TTL*1e6
	}
	if e.requests.submit(d) {
		return
	}
	if c.TTL < 0 {
		l.creates = append(l.creates, d)
		return
	}
	k.pending--
	s.close()
	k.implied = ""
	k.refuse(protocol.ConnOverloaded, "Server overloaded")
}

// combine adds to the decision on a session what came with its create_session.
func (d *decision) combine(s *Session, combo []protocol.ComboRequest) *protocol.Error {
	limits := &s.loop.engine.cfg.Limits
	refuse := func(format string, args ...any) *protocol.Error {
		return &protocol.Error{Code: protocol.ConnCombo, Text: fmt.Sprintf(format, args...)}
	}
	for i := range combo {
		part := &combo[i]
		if part.IsMessage {
			if d.set.messages == nil {
				return refuse("Nobody listens to messages here")
			}
			if d.messages = append(d.messages, &part.Message); len(d.messages) > limits.Messages {
				return refuse("%s", tooMany("messages that wait", "messages_per_session", limits.Messages))
			}
			continue
		}
		source := d.set.data[part.Add.DataAdapter]
		switch {
		case source == nil:
			return refuse("Data adapter %q not found", part.Add.DataAdapter)
		case s.subscription(part.Add.SubID) != nil:
			return refuse("Subscription %d comes twice", part.Add.SubID)
		case len(s.subscriptions) >= limits.Subscriptions:
			return refuse("%s", tooMany("subscriptions", "subscriptions_per_session", limits.Subscriptions))
		}
		sub := newSubscription(s, source, part.Add)
		s.insert(sub)
		d.wishes = append(d.wishes, newWish(sub, part.Add))
	}
	return nil
}

// admit counts the selectors in that came with a session: all or none.
func (d *decision) admit() {
	e := d.set.engine
	for i, w := range d.wishes {
		if err := e.selectors.use(w, e.cfg.Limits.Selectors); err != nil {
			for _, w := range d.wishes[:i] {
				e.selectors.release(w.subscription.source, w.resolution.Items, w.selector)
			}
			_, text := codeOf(err)
			d.refuse(protocol.ConnCombo, text)
			return
		}
	}
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
	if !d.refused {
		s.enter(d)
	}
	if !d.refused {
		d.admit()
	}
	if d.refused {
		s.state = sessionOpen // so that its requests are answered
		s.close()
		k.implied = ""
		l.stats.refusals.Add(1)
		k.answered(protocol.AppendCONERR(nil, d.code, d.text))
		return
	}
	s.state, s.noted = sessionOpen, true
	s.ration()
	s.notify(adapters.SessionOpened, nil)
	s.expire(d.ends)
	l.engine.log.Debug("session created", "session", s.shortID(), "user", s.user, "address", s.address)
	if k.closed {
		s.wire.pause = d.create.PollingMillis
		s.unbind()
	} else {
		s.bind(k, &d.create.ConnectionParams, true, false)
	}
	for _, w := range d.wishes {
		s.begin(w)
	}
	s.pump()
	for _, m := range d.messages {
		s.say(&request{link: k, message: m})
	}
	for _, r := range s.decided() {
		s.request(r)
	}
}
