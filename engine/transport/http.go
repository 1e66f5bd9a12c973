package transport

import (
	"bytes"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/halley-stream/halley/engine"
	"github.com/halley-stream/halley/engine/transport/http1"
	"github.com/halley-stream/halley/protocol"
)

// contentType of all that TLCP says over HTTP.
const contentType = "text/plain; charset=utf-8"

// request takes one HTTP request from the start of buf, and reports whether there
// was a whole one.
func (c *conn) request(buf []byte) bool {
	req, body, n, err := http1.Parse(buf, c.server.cfg.Limits)
	if err != nil {
		var fault *http1.Error
		if !errors.As(err, &fault) {
			fault = &http1.Error{Status: 400, Text: "Bad request"}
		}
		c.refuse(fault)
		return false
	}
	if req == nil {
		c.incomplete()
		return false
	}
	c.complete()
	c.keepAlive, c.head = req.KeepAlive, req.Method == "HEAD"
	allowed, cors := c.server.cfg.Origins.Check(req.Origin)
	c.cors = cors
	switch {
	case !allowed && !sameOrigin(req):
		c.refuse(&http1.Error{Status: 403, Text: "This origin is not allowed (cors.origins)"})
		return false
	case req.Upgrade:
		head := bytes.Clone(buf[:n])
		c.drop(n)
		return c.upgrade(req, head)
	case req.Method == "OPTIONS":
		c.write(http1.AppendPreflight(c.loop.scratch[:0], req, cors, http1.Date(time.Now())))
		c.drop(n)
		return c.responded()
	}
	name, ok := protocol.ParsePath(req.Path)
	switch {
	case !ok:
		c.page(req)
		c.drop(n)
		return c.responded()
	case req.Method != "POST" && req.Method != "GET":
		c.refuse(&http1.Error{Status: 405, Text: "Use POST", Fields: []string{"Allow: GET, POST, OPTIONS"}})
		return false
	}
	c.perform(name, req, body)
	c.drop(n)
	return c.state == connOpen
}

// perform gives a TLCP request to the engine.
func (c *conn) perform(name protocol.RequestName, req *http1.Request, body []byte) {
	var query protocol.Params
	_ = query.Parse([]byte(req.Query)) // what is wrong there is as good as missing
	version, known := protocol.V25, true
	if v, ok := query.Get("LS_protocol"); ok {
		version, known = protocol.ParseVersion(v)
	}
	c.state, c.chunked = connBusy, false
	c.raw = req.Minor == 0
	if !known && (name == protocol.CreateSession || name == protocol.BindSession) {
		lines := append(make([]byte, engine.Headroom), protocol.AppendCONERR(nil, protocol.ConnVersion, "Protocol version not supported")...)
		_ = c.Send(lines, true)
		return
	}
	if req.Method == "GET" {
		body = []byte(req.Query)
	}
	session, _ := query.Get("LS_session")
	c.link.SetVersion(version)
	c.header = req.Header
	c.link.HTTP(name, session, body)
	c.header = nil // a stream does not keep them in memory
}

// Header returns the fields of the request under way or of the handshake, see
// engine.Conn.
func (c *conn) Header() map[string][]string {
	if c.handshake == nil {
		return c.header
	}
	req, _, _, err := http1.Parse(c.handshake, c.server.cfg.Limits)
	if err != nil || req == nil {
		return nil // it was in order when it came
	}
	return req.Header
}

// sameOrigin reports whether a request comes from a page of this server.
func sameOrigin(req *http1.Request) bool {
	u, err := url.Parse(req.Origin)
	return err == nil && u.Host != "" && u.Host == req.Host
}

// responded ends a response, and reports whether the connection goes on.
func (c *conn) responded() bool {
	if c.state != connBusy && c.state != connOpen {
		return false
	}
	if !c.keepAlive {
		c.linger()
		return false
	}
	c.state, c.cors, c.head = connOpen, c.server.cors, false
	return true
}

// Send frames and writes lines, see engine.Conn.
func (c *conn) Send(buf []byte, last bool) error {
	switch {
	case c.state == connWebSocket:
		c.text(buf)
		return nil
	case c.state != connBusy:
		return errNoRequest
	}
	head := c.loop.scratch[:0]
	body := buf[engine.Headroom:]
	switch {
	case !c.chunked && last:
		head = http1.AppendResponse(head, 200, contentType, len(body), c.keepAlive, c.cors, c.server.fields()...)
		c.loop.scratch = append(head, body...)
		c.write(c.loop.scratch)
	case !c.chunked:
		c.chunked = true
		if c.raw {
			c.keepAlive = false
			head = http1.AppendRawStreamHead(head, contentType, c.cors, c.server.fields()...)
		} else {
			head = http1.AppendStreamHead(head, contentType, c.keepAlive, c.cors, c.server.fields()...)
		}
		c.loop.scratch = append(head, c.chunk(buf, false)...)
		c.write(c.loop.scratch)
	default:
		c.write(c.chunk(buf, last))
	}
	if last && c.responded() && !c.handling && c.gnet.InboundBuffered() > 0 {
		c.loop.ready = append(c.loop.ready, c)
	}
	return nil
}

// fields are those that all answers to TLCP have.
func (s *Server) fields() []string {
	fields := []string{http1.Date(time.Now())}
	if s.cfg.Cookie != "" {
		fields = append(fields, cookieField(s.cfg.Cookie))
	}
	return fields
}

// cookieField is the field that sets a cookie, on all paths unless it says otherwise.
func cookieField(cookie string) string {
	if !strings.Contains(cookie, ";") {
		cookie += "; Path=/; HttpOnly"
	}
	return "Set-Cookie: " + cookie
}

// chunk frames a part of a streaming response.
func (c *conn) chunk(buf []byte, last bool) []byte {
	if c.raw {
		return buf[engine.Headroom:]
	}
	out := http1.FrameChunk(buf, engine.Headroom)
	if last {
		out = append(out, http1.LastChunk...)
	}
	return out
}

// errNoRequest says that there is nothing to answer.
var errNoRequest = errors.New("no request is under way")
