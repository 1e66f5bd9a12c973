//go:build linux

package fleet

import (
	"bytes"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/halley-stream/halley/protocol"
)

// state is how far a session has come.
type state uint8

const (
	connecting  state = iota
	upgrading         // WebSocket: the handshake is under way
	creating          // create_session is
	subscribing       // HTTP: the control request is
	bound             // updates may come
	ended
)

// session is a client.
type session struct {
	index      int
	fd         int
	state      state
	observer   bool
	slow       bool
	cut        bool // by Storm
	recovering bool // what it asks for next is a recovery
	subscribed bool // SUBOK has come
	chunked    bool // HTTP: in the middle of a chunked response
	begun      int  // items that an update has come for
	id         string
	count      uint64 // data notifications of the session so far
	skip       uint64 // how many of the next have come before
	items      []item
	rest       []byte // what came without its end
}

// item is what a session has of an item: the last update.
type item struct {
	seq  uint64 // none before the first
	sent int64
}

// none is the number of an item that no update has come for. The load counts from
// 0 up.
const none = ^uint64(0)

// Subprotocol and version that the fleet speaks.
var (
	version     = protocol.V25.String()
	subprotocol = version + protocol.SubprotocolSuffix
)

// connected goes on when the connection is open.
func (f *Fleet) connected(s *session) {
	switch f.transportOf(s) {
	case Bare:
		s.state, s.begun = bound, len(s.items)
		f.begun(s)
	case WebSocket:
		s.state = upgrading
		// The key is a fixed one: nobody is between us and the server.
		f.send(s, append(f.out[:0], "GET /lightstreamer HTTP/1.1\r\nHost: "+f.config.Address+
			"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: "+subprotocol+"\r\n\r\n"...))
	default:
		s.state = creating
		f.post(s, "create_session", "", f.createParams("true"))
	}
}

// transportOf returns the transport of a session.
func (f *Fleet) transportOf(s *session) Transport {
	if s.observer {
		return WebSocket
	}
	return f.config.Transport
}

// upgraded goes on when the WebSocket is open.
func (f *Fleet) upgraded(s *session, head []byte) {
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) || !bytes.Contains(head, []byte(subprotocol)) {
		f.tally.fault("session %d: no WebSocket but %q", s.index, head)
		f.end(s)
		return
	}
	s.state = creating
	f.message(s, "wsok", nil)
	if s.recovering {
		f.recover(s)
		return
	}
	f.create(s)
}

// create asks for a session over a WebSocket.
func (f *Fleet) create(s *session) {
	p := f.createParams("")
	if s.id != "" {
		p = protocol.AppendParam(p, "LS_old_session", s.id)
	}
	s.count, s.skip = 0, 0
	f.message(s, "create_session", p)
}

// createParams returns the parameters of create_session.
func (f *Fleet) createParams(polling string) []byte {
	p := protocol.AppendParam(nil, "LS_cid", "mgQkwtwdysogQz2BJ4Ji kOj2Bg")
	p = protocol.AppendParam(p, "LS_adapter_set", f.config.AdapterSet)
	p = protocol.AppendParam(p, "LS_send_sync", "false")
	if polling != "" {
		p = protocol.AppendParam(p, "LS_polling", polling)
		p = protocol.AppendParam(p, "LS_polling_millis", "0")
		p = protocol.AppendParam(p, "LS_idle_millis", "0")
		return p
	}
	return f.appendKeepalive(p)
}

func (f *Fleet) appendKeepalive(p []byte) []byte {
	if f.config.Keepalive == 0 {
		return p
	}
	return protocol.AppendParam(p, "LS_keepalive_millis", strconv.FormatInt(f.config.Keepalive.Milliseconds(), 10))
}

// opened goes on when the session exists, or is bound again.
func (f *Fleet) opened(s *session, id string) {
	if s.state != creating {
		return
	}
	s.id = id
	if f.transportOf(s) != WebSocket {
		return // the response has to end first
	}
	s.state = bound
	if s.observer || s.recovering {
		s.recovering = false
		f.begun(s)
		return
	}
	f.message(s, "control", f.addParams(s))
}

// addParams returns the parameters of the subscription.
func (f *Fleet) addParams(s *session) []byte {
	var group strings.Builder
	for i, number := range f.config.Items(s.index) {
		if i > 0 {
			group.WriteByte(' ')
		}
		group.WriteString("item" + strconv.Itoa(number))
	}
	return f.subscription("1", f.config.Adapter, group.String(), f.schema, f.config.Frequency)
}

// subscription returns the parameters of one that begins with a snapshot.
func (f *Fleet) subscription(number, adapter, group, schema, frequency string) []byte {
	p := protocol.AppendParam(nil, "LS_reqId", number)
	p = protocol.AppendParam(p, "LS_op", "add")
	p = protocol.AppendParam(p, "LS_subId", number)
	p = protocol.AppendParam(p, "LS_mode", "MERGE")
	p = protocol.AppendParam(p, "LS_data_adapter", adapter)
	p = protocol.AppendParam(p, "LS_group", group)
	p = protocol.AppendParam(p, "LS_schema", schema)
	p = protocol.AppendParam(p, "LS_snapshot", "true")
	if frequency != "" {
		p = protocol.AppendParam(p, "LS_requested_max_frequency", frequency)
	}
	return p
}

// responded goes on when an HTTP response has ended.
func (f *Fleet) responded(s *session) {
	switch s.state {
	case creating:
		s.state = subscribing
		f.post(s, "control", s.id, f.addParams(s))
	case subscribing, bound:
		s.state = bound
		p := protocol.AppendParam(nil, "LS_session", s.id)
		if f.config.Transport == Poll {
			p = protocol.AppendParam(p, "LS_polling", "true")
			p = protocol.AppendParam(p, "LS_polling_millis", "0")
			p = protocol.AppendParam(p, "LS_idle_millis", "19000")
		} else {
			p = protocol.AppendParam(p, "LS_send_sync", "false")
			p = protocol.AppendParam(p, "LS_content_length", "50000000")
			p = f.appendKeepalive(p)
		}
		f.post(s, "bind_session", "", p)
	}
}

// begun is called when a session has its snapshot, or is back by recovery; or when a
// bare one has its connection.
func (f *Fleet) begun(s *session) {
	f.opening--
	f.ready++
	if s.slow {
		f.slowDown(s)
	}
}

// message sends a WebSocket message.
func (f *Fleet) message(s *session, name string, params []byte) {
	text := append([]byte(name), "\r\n"...)
	if params == nil {
		text = text[:len(name)]
	}
	f.send(s, appendFrame(f.out[:0], append(text, params...)))
}

// post sends an HTTP request.
func (f *Fleet) post(s *session, name, query string, params []byte) {
	b := append(f.out[:0], "POST /lightstreamer/"+name+".txt?LS_protocol="+version...)
	if query != "" {
		b = append(b, "&LS_session="+query...)
	}
	b = append(b, " HTTP/1.1\r\nHost: "+f.config.Address+"\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(params)), 10)
	b = append(b, "\r\n\r\n"...)
	f.send(s, append(b, params...))
}

// send writes to the connection. What we have to say is short, so it is taken at
// once or never.
func (f *Fleet) send(s *session, b []byte) {
	f.out = b[:0]
	if s.state == ended {
		return
	}
	if n, err := unix.Write(s.fd, b); err != nil || n != len(b) {
		f.tally.fault("session %d: writing %d bytes: %d, %v", s.index, len(b), n, err)
		f.end(s)
	}
}

// end gives a session up.
func (f *Fleet) end(s *session) {
	if s.state == ended {
		return
	}
	if s.state < bound || s.begun < len(s.items) {
		f.opening--
	}
	s.state = ended
	f.tally.Ended++
	unix.Close(s.fd)
}
