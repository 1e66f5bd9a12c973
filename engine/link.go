package engine

import (
	"github.com/halley-stream/halley/protocol"
)

// Headroom is the number of bytes that Conn.Send may write in front of the lines
// it is given, to frame them without a copy.
const Headroom = 16

// Conn is the transport's end of a connection. All methods are called on the
// connection's loop only.
type Conn interface {
	// Send frames and writes buf[Headroom:], whole lines; what lies before is for
	// the frame's head. With last the response ends with it: a no-op on a
	// WebSocket, the end of the body in HTTP. buf is the caller's again at once.
	Send(buf []byte, last bool) error
	// Header returns the headers of the request under way, or of a WebSocket's
	// handshake, for the Metadata Adapter.
	Header() map[string][]string
	// Buffered is the number of bytes that the kernel has not taken yet.
	Buffered() int
	// Resume is called when the connection's requests, held back because the
	// request stage was full, may be read again.
	Resume()
	// Close ends the connection; Link.Closed is called, later or at once.
	Close()
}

// Link is the engine's end of a connection. All methods must be called on its
// loop.
type Link struct {
	loop *Loop
	conn Conn
	// Immutable: what the transport knows of the client.
	address   string
	webSocket bool

	version protocol.Version
	paused  bool // on the loop's list
	closed  bool
	// Of the HTTP request under way: how many of its lines are not answered yet,
	// whether there is one, whether the response is a session's stream or poll, and
	// the answers so far, behind Headroom bytes.
	open, taken bool
	pending     int
	reply       []byte

	// session whose stream or poll goes out here and lives on this loop; nil if
	// there is none, or if it lives on another loop.
	session *Session
	// implied is the id of the session last bound here: a WebSocket's requests
	// need not name it.
	implied string
	// polled is the id of a session on another loop whose poll is answered here.
	polled string
}

// NewLink registers a connection.
func (l *Loop) NewLink(conn Conn, webSocket bool, address string) *Link {
	return &Link{loop: l, conn: conn, webSocket: webSocket, address: address}
}

// Address is the client's.
func (k *Link) Address() string { return k.address }

// SetVersion sets the protocol version of the requests that follow.
func (k *Link) SetVersion(v protocol.Version) { k.version = v }

// Paused reports whether the next request should not be read yet: the request
// stage is full, and this client has requests that wait for it; or it does not read
// the answers. Conn.Resume tells when to go on.
func (k *Link) Paused() bool {
	if s := k.session; s != nil && (s.waiting() || len(s.buf) > 2*s.limit() || s.messages.waits(k.loop.engine.cfg.Limits.Messages)) {
		return k.loop.pause(k)
	}
	return false
}

// Streaming reports whether a session's stream goes out here.
func (k *Link) Streaming() bool { return k.session != nil && !k.session.polling }

// Closed tells that the connection is gone. A session that was bound to it goes on
// without one, for a while.
func (k *Link) Closed() {
	if k.closed {
		return
	}
	k.loop.touch()
	k.closed = true
	if s := k.session; s != nil {
		k.session = nil
		s.lost(k)
	}
	if k.polled != "" {
		k.loop.send(k.polled, linkGone{id: k.polled, link: k})
		k.polled = ""
	}
}

// HTTP takes one HTTP request: its name, the session named in the query, and its
// body. The answer goes to Conn.Send and ends with last.
func (k *Link) HTTP(name protocol.RequestName, session string, body []byte) {
	k.loop.touch()
	k.open, k.taken, k.pending = true, false, 1
	k.reply = append(k.reply[:0], make([]byte, Headroom)...)
	k.lines(name, session, body)
	k.answered(nil) // the 1 above: all lines are under way
}

// Message takes one message of a WebSocket: the request's name, and its lines.
func (k *Link) Message(msg []byte) {
	k.loop.touch()
	first, rest := protocol.SplitMessage(msg)
	name, ok := protocol.ParseName(first)
	if !ok {
		k.answer(protocol.AppendERROR(nil, protocol.ReqMalformed, "Unknown request name"))
		k.loop.stats.refusals.Add(1)
		return
	}
	if name == protocol.WSOK {
		k.answer(protocol.AppendWSOK(nil))
		return
	}
	k.lines(name, k.implied, rest)
}

// answer sends lines that answer no line of an HTTP request: it counts none.
func (k *Link) answer(lines []byte) {
	if k.closed || len(lines) == 0 {
		return
	}
	if !k.webSocket {
		k.reply = append(k.reply, lines...)
		return
	}
	if s := k.session; s != nil && s.link == k {
		s.control(lines) // in order with the stream, in one write
		return
	}
	k.send(lines, false)
}

// send writes lines at once.
func (k *Link) send(lines []byte, last bool) {
	buf := append(k.loop.line[:0], make([]byte, Headroom)...)
	buf = append(buf, lines...)
	k.loop.line = buf
	k.loop.write(k, buf, last)
}

// answered takes the answer to one line of a request. An HTTP response ends when
// all lines have theirs.
func (k *Link) answered(lines []byte) {
	k.answer(lines)
	if k.webSocket || k.closed || !k.open || k.taken {
		return
	}
	if k.pending--; k.pending == 0 {
		k.finish()
	}
}

// finish ends an HTTP response with the answers gathered so far.
func (k *Link) finish() {
	k.open, k.polled = false, ""
	reply := k.reply
	k.reply = nil
	k.loop.write(k, reply, true)
}

// replied carries an answer to the loop of the link that asked.
type replied struct {
	link  *Link
	lines []byte
	// begun and whole say that lines are the beginning, or the rest, of the
	// response to a poll.
	begun, whole bool
}

func (m replied) arrive(*Loop) {
	k := m.link
	switch {
	case !m.whole && !m.begun:
		k.answered(m.lines)
		return
	case k.closed:
		return
	case m.begun:
		k.send(m.lines, false)
		return
	}
	k.polled = ""
	if k.webSocket {
		k.send(m.lines, false)
		return
	}
	k.open = false
	k.send(m.lines, true)
}

// respond answers a line of a request, from any loop.
func (l *Loop) respond(k *Link, lines []byte) {
	if k.loop == l {
		k.answered(lines)
		return
	}
	k.loop.post(replied{link: k, lines: lines})
}

// shut closes a connection, from any loop.
func (l *Loop) shut(k *Link) {
	if k.loop == l {
		if !k.closed {
			k.conn.Close()
		}
		return
	}
	k.loop.post(shutLink{k})
}

type shutLink struct{ link *Link }

func (m shutLink) arrive(l *Loop) { l.shut(m.link) }
