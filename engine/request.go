package engine

import (
	"errors"

	"github.com/halley-stream/halley/protocol"
)

// lines takes the lines of a request: each is one. Those of a create_session are one
// together.
func (k *Link) lines(name protocol.RequestName, session string, body []byte) {
	if name == protocol.CreateSession {
		k.opening(body)
		return
	}
	n := 0
	for line := range protocol.Lines(body) {
		if n++; n > 1 && name != protocol.Control && name != protocol.Message {
			k.fail(protocol.ReqMalformed, "Only control and msg requests come in batches")
			return
		}
		err := k.loop.params.Parse(line)
		k.line(name, session, len(line), err)
	}
}

// line takes one line of a request, of size bytes.
func (k *Link) line(name protocol.RequestName, session string, size int, malformed error) {
	switch name {
	case protocol.BindSession:
		b, err := protocol.ParseBind(&k.loop.params)
		if err = errors.Join(malformed, err); err != nil {
			k.refuse(codeOf(err))
			return
		}
		k.bind(b, session)
	case protocol.Control:
		c, err := protocol.ParseControl(&k.loop.params)
		k.route(&request{link: k, control: c, id: c.ReqID, size: size}, c.Session, session, errors.Join(malformed, err))
	case protocol.Message:
		m, err := protocol.ParseMessage(&k.loop.params)
		k.route(&request{link: k, message: &m, control: protocol.ControlRequest{Ack: m.Ack}, id: m.ReqID, size: size}, m.Session, session, errors.Join(malformed, err))
	case protocol.Heartbeat:
		h := protocol.ParseHeartbeat(&k.loop.params)
		if h.Session == "" {
			h.Session = session
		}
		heartbeat{h.Session}.arrive(k.loop)
		if !k.webSocket {
			k.answer(protocol.AppendREQOK(nil, ""))
		}
	}
}

// opening takes the lines of a create_session: after the first one, and on it as
// well, may be subscriptions and messages for the session that begins.
func (k *Link) opening(body []byte) {
	var create protocol.Create
	var combo []protocol.ComboRequest
	first := true
	for line := range protocol.Lines(body) {
		err := k.loop.params.Parse(line)
		if first {
			var bad error
			create, bad = protocol.ParseCreate(&k.loop.params)
			err = errors.Join(err, bad)
		}
		if err == nil && (!first || create.Combo) {
			var part protocol.ComboRequest
			part, err = protocol.ParseCombo(&k.loop.params)
			combo = append(combo, part)
		}
		if err != nil {
			code, text := codeOf(err)
			if !first {
				code = protocol.ConnCombo
			}
			k.refuse(code, text)
			return
		}
		first = false
	}
	k.create(create, combo)
}

// heartbeat says that a client is alive, on its way to the session's home.
type heartbeat struct{ session string }

func (m heartbeat) arrive(l *Loop) {
	if s := l.sessions[m.session]; s != nil {
		s.wire.heard = l.now
	} else {
		l.send(m.session, m)
	}
}

// fail answers what cannot be answered to a request of its own.
func (k *Link) fail(code int, text string) {
	k.loop.stats.refusals.Add(1)
	k.answer(protocol.AppendERROR(nil, code, text))
}

// codeOf returns what a client is told of an error of package protocol.
func codeOf(err error) (code int, text string) {
	var e *protocol.Error
	if errors.As(err, &e) {
		return e.Code, e.Text
	}
	return protocol.ReqInternal, "Internal error"
}

// bind brings a bind_session to the session's home.
func (k *Link) bind(b protocol.Bind, session string) {
	id := b.Session
	if id == "" {
		id = session
	}
	if k.Streaming() {
		k.refuse(protocol.ConnAlreadyStreaming, "A session is streaming on this WebSocket")
		return
	}
	k.pending++
	m := rebindRequest{id: id, link: k, bind: b}
	if s := k.loop.sessions[id]; s != nil {
		m.arrive(k.loop)
		return
	}
	if !k.loop.send(id, m) {
		k.answered(protocol.AppendCONERR(nil, protocol.ConnSessionNotFound, "Session not found"))
		return
	}
	if b.Polling {
		k.polled = id
	}
	if k.webSocket {
		k.implied = id
	}
}

// request is one control or msg request.
type request struct {
	link    *Link
	session string
	id      string // LS_reqId
	size    int    // bytes of its line
	control protocol.ControlRequest
	message *protocol.MessageRequest // nil in a control request
}

// route brings a request to the home of its session: the one it names, or that of
// its connection.
func (k *Link) route(r *request, named, implied string, err error) {
	k.pending++
	if err != nil {
		code, text := codeOf(err)
		k.answered(r.refuse(code, text))
		return
	}
	if r.session = named; named == "" {
		r.session = implied
	}
	r.arrive(k.loop)
}

// arrive brings the request to its session, here or wherever that has gone.
func (r *request) arrive(l *Loop) {
	if s := l.sessions[r.session]; s != nil {
		s.request(r)
	} else if !l.send(r.session, r) {
		l.respond(r.link, r.refuse(protocol.ReqSessionNotFound, "Session not found"))
	}
}

// refuse returns the answer to a request that is not granted.
func (r *request) refuse(code int, text string) []byte {
	r.link.loop.stats.refusals.Add(1)
	if r.id == "" {
		return protocol.AppendERROR(nil, code, text)
	}
	return protocol.AppendREQERR(nil, r.id, code, text)
}

// accept returns the answer to a request that is granted: none where the client
// said that it wants none, which counts on a WebSocket only.
func (r *request) accept() []byte {
	if !r.control.Ack && r.link.webSocket {
		return nil
	}
	return protocol.AppendREQOK(nil, r.id)
}
