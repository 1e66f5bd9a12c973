package transport

import (
	"bytes"
	"net"
	"time"
	"unsafe"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"

	"github.com/halley-stream/halley/engine"
	"github.com/halley-stream/halley/engine/transport/http1"
	"github.com/halley-stream/halley/engine/transport/websocket"
)

// conn is one connection. All of it belongs to its loop. All bytes pass received,
// write and nothing else.
type conn struct {
	// What a write touches comes first.
	fd      int32
	state   connState
	behind  bool // gnet may hold bytes that the kernel has not taken
	chunked bool // HTTP: the response goes out in chunks
	raw     bool // HTTP: the response ends with the connection: HTTP/1.0

	server *Server
	loop   *loop
	gnet   gnet.Conn
	link   *engine.Link
	timer  engine.Timer

	// Of the HTTP request under way.
	cors      http1.CORS
	head      bool // only the head of the response is wanted
	keepAlive bool
	handling  bool // handle is on the stack

	partial  bool // the first bytes of a request are there, and wait for the rest
	answered bool // the client has been heard of since the timer was set
	held     bool // requests wait until the client has taken its answers
	open     bool // WebSocket: the first frames of a message have been taken

	counted int // bytes that wait to be handled, and are in the figures
	unsent  int // bytes that the client had not taken when looked at last
	stalls  int // times in a row that it had taken none

	header    map[string][]string // of the request that is being performed
	handshake []byte              // of a WebSocket: its request, which takes less room than its fields
	decoder   *websocket.Decoder  // of a WebSocket, else nil
}

type connState uint8

const (
	connOpen      connState = iota // HTTP: ready for a request
	connBusy                       // HTTP: a response is under way
	connWebSocket                  // upgraded
	connLingering                  // refused: read and drop, so that the client sees why
	connClosed
)

const (
	// lingerTime is how long a refused client gets to read why.
	lingerTime = time.Second
	// outboundMax is how much may wait for a client that asks without reading the
	// answers; its further requests wait for it. A stream is kept below that by the
	// engine.
	outboundMax = 256 << 10
	// lookAgain is how soon such a client is looked at again: gnet does not say
	// when a connection takes bytes again.
	lookAgain = 20 * time.Millisecond
)

func newConn(s *Server, l *loop, c gnet.Conn) *conn {
	conn := &conn{server: s, loop: l, gnet: c, fd: int32(c.Fd()), cors: s.cors}
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
	n := c.gnet.InboundBuffered()
	c.server.stats.BytesIn.Add(uint64(n - c.counted))
	c.counted = n
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
		if c.held || c.hold() || c.link.Paused() {
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

// hold lets further requests wait for a client that does not read the answers to
// the ones before, and reports whether they have to: gnet would keep the answers,
// however many.
func (c *conn) hold() bool {
	if c.Buffered() <= outboundMax {
		return false
	}
	c.held, c.partial, c.unsent, c.stalls = true, false, c.Buffered(), 0
	c.arm(lookAgain)
	return true
}

// look goes on with requests that were held back, if there is room for their
// answers.
func (c *conn) look() {
	switch {
	case c.Buffered() <= outboundMax:
		c.held = false
		c.arm(c.server.cfg.IdleTimeout)
		c.handle()
	case c.takes(lookAgain), c.link.Streaming(): // how long a stream may stall is up to the engine
		c.arm(lookAgain)
	default:
		c.Close()
	}
}

// takes reports whether a client to whom bytes are on their way takes some, or may
// still begin to. It is asked every so often.
func (c *conn) takes(every time.Duration) bool {
	n := c.Buffered()
	if n < c.unsent {
		c.stalls = 0
	} else {
		c.stalls++
	}
	c.unsent = n
	return n > 0 && time.Duration(c.stalls)*every < c.server.cfg.RequestTimeout
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
	c.whole()
}

// whole notes that nothing has begun that is not complete.
func (c *conn) whole() {
	if c.partial {
		c.partial = false
		c.arm(c.server.cfg.IdleTimeout)
	}
}

// drop forgets bytes that have been dealt with.
func (c *conn) drop(n int) {
	if n > 0 {
		_, _ = c.gnet.Discard(n)
		c.counted = max(c.counted-n, 0)
	}
}

// Expire is called when the connection has been silent for too long, or is done.
func (c *conn) Expire(_ *engine.Timer, _ int64) {
	switch {
	case c.state == connLingering:
		c.lingered()
	case c.held:
		c.look()
	case c.partial && c.state == connWebSocket:
		c.refuse(&http1.Error{Status: 408})
	case c.partial:
		c.refuse(&http1.Error{Status: 408, Text: "The request did not arrive in time"})
	case c.takes(c.server.cfg.IdleTimeout), c.answered, c.state == connBusy, c.link.Streaming():
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
		out := http1.AppendError(c.loop.scratch[:0], err, c.cors, http1.Date(time.Now()))
		if c.head {
			out = out[:bytes.Index(out, headEnd)+len(headEnd)]
		}
		c.write(out)
	}
	c.linger()
}

// linger half-closes the connection and gives the client time to read: a close
// with bytes unread would reset the connection, and what was said with it.
func (c *conn) linger() {
	if c.state == connClosed {
		return
	}
	c.state, c.partial, c.held = connLingering, false, false
	c.drop(c.gnet.InboundBuffered())
	if c.unsent, c.stalls = c.Buffered(), 0; c.unsent == 0 {
		_ = unix.Shutdown(c.gnet.Fd(), unix.SHUT_WR)
	}
	c.link.Closed()
	c.arm(lingerTime)
}

// lingered is called when the time to read is over. It does not begin before all
// has been sent, as long as the client takes it.
func (c *conn) lingered() {
	before := c.unsent
	switch {
	case c.takes(lingerTime):
		c.arm(lingerTime)
	case before > 0 && c.unsent == 0:
		_ = unix.Shutdown(c.gnet.Fd(), unix.SHUT_WR)
		c.arm(lingerTime)
	default:
		c.Close()
	}
}

// headEnd ends the head of a response.
var headEnd = []byte("\r\n\r\n")

// write gives bytes to the kernel, and what that does not take to gnet, which keeps
// it. buf is the caller's again.
func (c *conn) write(buf []byte) {
	if c.state == connClosed || len(buf) == 0 {
		return
	}
	if !c.behind {
		n := send(c.fd, buf)
		if n == len(buf) {
			return
		}
		c.behind, buf = true, buf[n:]
	}
	_, _ = c.gnet.Write(buf) // on an error gnet closes the connection and says so
}

// send makes the system call without telling Go's scheduler, which would take the
// processor away from the loop in the middle of every other write, and wake a
// thread to watch for it 50,000 times a second. The socket does not block. A failure
// is as good as nothing sent: gnet's own write meets it again.
func send(fd int32, buf []byte) int {
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)))
	if errno != 0 {
		return 0
	}
	return int(n)
}

// Buffered is the number of bytes that the kernel has not taken yet.
func (c *conn) Buffered() int {
	if !c.behind || c.state == connClosed {
		return 0
	}
	n := c.gnet.OutboundBuffered()
	c.behind = n > 0
	return n
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
