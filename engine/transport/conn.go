package transport

import (
	"net"
	"time"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"

	"github.com/halley-stream/halley/engine"
	"github.com/halley-stream/halley/engine/transport/http1"
	"github.com/halley-stream/halley/engine/transport/websocket"
)

// conn is one connection. All of it belongs to its loop. All bytes pass received,
// write and nothing else.
type conn struct {
	server *Server
	loop   *loop
	gnet   gnet.Conn
	link   *engine.Link
	timer  engine.Timer
	state  connState

	// Of the HTTP request under way.
	cors      http1.CORS
	keepAlive bool
	chunked   bool // its response goes out in chunks
	raw       bool // its response ends with the connection: HTTP/1.0
	handling  bool // handle is on the stack

	partial  bool // the first bytes of a request are there, and wait for the rest
	answered bool // the client has been heard of since the timer was set

	decoder *websocket.Decoder // of a WebSocket, else nil
}

type connState uint8

const (
	connOpen      connState = iota // HTTP: ready for a request
	connBusy                       // HTTP: a response is under way
	connWebSocket                  // upgraded
	connLingering                  // refused: read and drop, so that the client sees why
	connClosed
)

// lingerTime is how long a refused client gets to read why.
const lingerTime = time.Second

func newConn(s *Server, l *loop, c gnet.Conn) *conn {
	conn := &conn{server: s, loop: l, gnet: c}
	conn.timer.Owner = conn
	conn.link = l.engine.NewLink(conn, false, addressText(c.RemoteAddr()))
	conn.arm(s.cfg.IdleTimeout)
	return conn
}

// addressText is the client's IP address, without the port.
func addressText(a net.Addr) string {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.IP.String()
	}
	return a.String()
}

func (c *conn) arm(d time.Duration) {
	c.answered = false
	c.loop.engine.Arm(&c.timer, int64(d))
	c.loop.engine.Wake()
}

// received is called when bytes have come.
func (c *conn) received() {
	c.answered = true
	c.server.stats.BytesIn.Add(uint64(c.gnet.InboundBuffered())) // again for what waits
	c.handle()
}

// handle takes what is whole of what has come.
func (c *conn) handle() {
	if c.handling {
		return
	}
	c.handling = true
	defer func() { c.handling = false }()
	for c.gnet.InboundBuffered() > 0 {
		switch c.state {
		case connLingering, connClosed:
			c.drop(c.gnet.InboundBuffered())
			return
		case connBusy:
			c.bound()
			return
		}
		if c.link.Paused() {
			c.bound()
			return
		}
		buf, err := c.gnet.Peek(-1)
		if err != nil {
			return
		}
		if c.state == connWebSocket {
			if !c.message(buf) {
				return
			}
		} else if !c.request(buf) {
			return
		}
	}
}

// bound refuses a client that sends more than one request ahead.
func (c *conn) bound() {
	if lim := c.server.cfg.Limits; c.gnet.InboundBuffered() > 2*(lim.Head+lim.Body) {
		c.refuse(&http1.Error{Status: 413, Text: "Too much was sent ahead of its turn"})
	}
}

// incomplete notes that a request has begun; it must be there in time.
func (c *conn) incomplete() {
	if !c.partial {
		c.partial = true
		c.arm(c.server.cfg.RequestTimeout)
	}
}

// complete notes that a request is there.
func (c *conn) complete() {
	c.server.stats.Requests.Add(1)
	if c.partial {
		c.partial = false
		c.arm(c.server.cfg.IdleTimeout)
	}
}

// drop forgets bytes that have been dealt with.
func (c *conn) drop(n int) {
	if n > 0 {
		_, _ = c.gnet.Discard(n)
	}
}

// Expire is called when the connection has been silent for too long, or is done.
func (c *conn) Expire(_ *engine.Timer, _ int64) {
	switch {
	case c.state == connLingering:
		c.Close()
	case c.partial && c.state == connWebSocket:
		c.refuse(&http1.Error{Status: 408})
	case c.partial:
		c.refuse(&http1.Error{Status: 408, Text: "The request did not arrive in time"})
	case c.answered || c.state == connBusy || c.link.Streaming():
		c.arm(c.server.cfg.IdleTimeout)
	default:
		c.Close()
	}
}

// refuse answers what cannot be taken and ends the connection.
func (c *conn) refuse(err *http1.Error) {
	if c.state == connWebSocket {
		c.fail(&websocket.CloseError{Code: websocket.CodePolicy, Text: err.Text})
		return
	}
	c.server.stats.Faults.count(err.Status)
	if c.state != connBusy { // else a response is under way, and just breaks off
		c.write(http1.AppendError(c.loop.scratch[:0], err, c.cors, http1.Date(time.Now())))
	}
	c.linger()
}

// linger half-closes the connection and gives the client time to read: a close
// with bytes unread would reset the connection, and what was said with it.
func (c *conn) linger() {
	if c.state == connClosed {
		return
	}
	c.state, c.partial = connLingering, false
	c.drop(c.gnet.InboundBuffered())
	if c.gnet.OutboundBuffered() == 0 {
		_ = unix.Shutdown(c.gnet.Fd(), unix.SHUT_WR)
	}
	c.link.Closed()
	c.arm(lingerTime)
}

// write hands bytes to gnet, which keeps what the kernel does not take. buf is the
// caller's again.
func (c *conn) write(buf []byte) {
	if c.state != connClosed {
		_, _ = c.gnet.Write(buf) // on an error gnet closes the connection and says so
	}
}

// Buffered is the number of bytes that the kernel has not taken yet.
func (c *conn) Buffered() int {
	if c.state == connClosed {
		return 0
	}
	return c.gnet.OutboundBuffered()
}

// Resume goes on with requests that were held back.
func (c *conn) Resume() { c.handle() }

// Close ends the connection soon.
func (c *conn) Close() {
	if c.state != connClosed {
		c.state = connLingering
		_ = c.gnet.Close()
	}
}

// gone is called when the connection has ended.
func (c *conn) gone() {
	if c.decoder != nil {
		c.server.stats.WebSockets.Add(-1)
	}
	c.state = connClosed
	c.loop.engine.Disarm(&c.timer)
	c.link.Closed()
}
