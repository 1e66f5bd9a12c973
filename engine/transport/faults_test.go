package transport_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/halley-stream/halley/engine"
	"github.com/halley-stream/halley/engine/transport"
)

const tlcpPath = "/lightstreamer/create_session.txt"

// What is wrong with a request is answered once, counted once, and ends the
// connection.
func TestBadRequests(t *testing.T) {
	s := start(t, func(_ *engine.Config, c *transport.Config) {
		c.Pages = fstest.MapFS{"index.html": {Data: []byte("page")}}
	})
	upgrade := func(without string, with ...string) string {
		var kept []string
		for _, line := range strings.Split(strings.TrimSuffix(handshake, "\r\n"), "\r\n") {
			if !strings.HasPrefix(line, without) {
				kept = append(kept, line)
			}
		}
		return strings.Join(append(kept, with...), "\r\n") + "\r\n\r\n"
	}
	for name, c := range map[string]struct {
		text   string
		status int
	}{
		"no host":                      {"GET / HTTP/1.1\r\n\r\n", 400},
		"lines without CR":             {"GET / HTTP/1.1\nHost: x\n\n", 400},
		"two lengths":                  {request("POST", tlcpPath, "x", "Content-Length: 1"), 400},
		"chunks and a length":          {request("POST", tlcpPath, "x", "Transfer-Encoding: chunked"), 400},
		"chunks":                       {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 411},
		"a folded header":              {request("GET", "/", "", "A: b", " c"), 400},
		"a GET with a body":            {request("GET", "/", "", "Content-Length: 1") + "x", 400},
		"an unknown method":            {request("DANCE", "/", ""), 501},
		"a method TLCP has no use for": {request("PUT", tlcpPath, "", "Content-Length: 0"), 405},
		"HEAD of TLCP":                 {request("HEAD", tlcpPath, ""), 405},
		"an expectation":               {request("POST", tlcpPath, "x", "Expect: 100-continue"), 417},
		"a head too large":             {request("GET", "/", "", "A: "+strings.Repeat("x", 17<<10)), 431},
		"too many fields":              {request("GET", "/", "", strings.Split(strings.Repeat("A: b|", 70)+"A: b", "|")...), 431},
		"a line too long":              {request("GET", "/"+strings.Repeat("x", 9<<10), ""), 414},
		"a body too large":             {"POST " + tlcpPath + " HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n", 413},
		"HTTP/2":                       {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
		"HTTP/3.0":                     {"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505},
		"TLS":                          {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400},
		"a WebSocket by POST":          {strings.Replace(upgrade("x"), "GET", "POST", 1), 405},
		"a WebSocket of version 8":     {upgrade("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8"), 426},
		"a WebSocket without a key":    {upgrade("Sec-WebSocket-Key"), 400},
		"a WebSocket for nothing":      {upgrade("Sec-WebSocket-Protocol"), 400},
		"a WebSocket for TLCP 3":       {upgrade("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocol: TLCP-3.0.0.lightstreamer.com"), 400},
	} {
		t.Run(name, func(t *testing.T) {
			count, all := s.fault(c.status), s.faults()
			h := s.http()
			h.write(c.text)
			method, _, _ := strings.Cut(c.text, " ")
			res := h.response(method)
			body, _ := io.ReadAll(res.Body)
			if res.StatusCode != c.status || !res.Close {
				t.Errorf("answered by %s, closing %v; want %d and the end; %s", res.Status, res.Close, c.status, body)
			}
			if method == "HEAD" && len(body) > 0 {
				t.Errorf("HEAD is answered with a body: %q", body)
			}
			for field, want := range map[string]string{
				"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store, no-transform",
			} {
				if got := res.Header.Get(field); got != want {
					t.Errorf("%s: %q, want %q", field, got, want)
				}
			}
			h.closed()
			if n, m := s.fault(c.status)-count, s.faults()-all; n != 1 || m != 1 {
				t.Errorf("%d faults of this code are counted, %d of all, want 1", n, m)
			}
		})
	}
	if n := s.log.lines.Load(); n > 5 {
		t.Errorf("%d lines were logged", n)
	}
}

// A request has to be there in time, counted from its first byte; it does not help
// to send a byte now and then. Other connections are not touched.
func TestRequestsThatDoNotArrive(t *testing.T) {
	t.Parallel()
	s := start(t, func(_ *engine.Config, c *transport.Config) { c.RequestTimeout = 250 * time.Millisecond })
	whole := request("POST", tlcpPath, createParams())
	for name, begin := range map[string]string{
		"half a line": "GET /li", "half a head": whole[:60], "half a body": whole[:len(whole)-40],
		"half a request behind a whole one": request("GET", "/", "") + "GET /",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := s.http()
			began := time.Now()
			h.write(begin)
			if strings.HasPrefix(begin, "GET / ") {
				io.ReadAll(h.response("GET").Body)
			}
			drip := make(chan struct{})
			go func() {
				defer close(drip)
				tick := time.NewTicker(20 * time.Millisecond)
				defer tick.Stop()
				for range tick.C {
					if _, err := io.WriteString(h.conn, "x"); err != nil || time.Since(began) > 2*time.Second {
						return
					}
				}
			}()
			res := h.response("POST")
			if d := time.Since(began); res.StatusCode != 408 || d < 200*time.Millisecond || d > 2*time.Second {
				t.Errorf("answered by %s after %v, want 408 after 250 ms", res.Status, d)
			}
			h.conn.Close()
			<-drip
		})
	}
}

func TestSilentConnectionIsClosed(t *testing.T) {
	t.Parallel()
	s := start(t, func(e *engine.Config, c *transport.Config) {
		c.IdleTimeout = 250 * time.Millisecond
		e.KeepaliveMin, e.KeepaliveDefault = 50*time.Millisecond, 600*time.Millisecond
	})
	began := time.Now()
	used := s.http()
	used.do("heartbeat", "", "").all()
	stream := s.webSocket()
	stream.create()
	silent, ws := s.http(), s.webSocket()
	silent.closed()
	used.closed()
	ws.ended()
	if d := time.Since(began); d < 100*time.Millisecond || d > 3*time.Second {
		t.Errorf("they were closed after %v, want some 250 to 500 ms", d)
	}
	for range 3 { // a stream may be silent
		stream.expect("PROBE")
	}
	if n := s.faults(); n != 0 {
		t.Errorf("%d faults are counted", n)
	}
}

func TestConnectionLimit(t *testing.T) {
	s := start(t, func(_ *engine.Config, c *transport.Config) { c.Connections = 3 })
	var conns []*httpConn
	for range 3 {
		conns = append(conns, s.http())
		conns[len(conns)-1].do("heartbeat", "", "").all()
	}
	for range 3 {
		s.refused()
	}
	stats := s.transport.Stats()
	if c, a, r := stats.Connections.Load(), stats.Accepted.Load(), stats.Refused.Load(); c != 3 || a != 6 || r != 3 {
		t.Errorf("%d connections, %d accepted, %d refused; want 3, 6, 3", c, a, r)
	}
	conns[0].conn.Close()
	eventually(t, "there is room again", func() bool { return stats.Connections.Load() == 2 })
	s.http().do("heartbeat", "", "").all()
}

// refused opens a connection that is not wanted.
func (s *server) refused() {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err == nil {
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(patience))
		_, err = conn.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		s.t.Errorf("the connection was not refused: %v", err)
	}
}

// Requests that are sent ahead are answered in order, also behind one whose answer
// takes time, and behind a poll of the same session.
func TestPipelining(t *testing.T) {
	s := start(t, func(_ *engine.Config, c *transport.Config) {
		c.Pages = fstest.MapFS{"index.html": {Data: []byte("page")}}
	})
	c := s.http()
	c.write(tlcp("create_session", "", createParams("LS_polling=true")) + request("GET", "/", "") + request("OPTIONS", "/", "") +
		tlcp("heartbeat", "", "") + request("HEAD", "/", "") + request("GET", "/none", "") + tlcp("heartbeat", "", ""))
	l := c.answer()
	id := sessionOf(l.expect("CONOK,…"))
	l.until("LOOP,0")
	l.ended()
	for _, want := range []struct {
		method string
		status int
		body   string
	}{{"GET", 200, "page"}, {"OPTIONS", 204, ""}, {"POST", 200, "REQOK\r\n"}, {"HEAD", 200, ""}, {"GET", 404, "Not found\n"}, {"POST", 200, "REQOK\r\n"}} {
		res := c.response(want.method)
		if body, _ := io.ReadAll(res.Body); res.StatusCode != want.status || string(body) != want.body {
			t.Errorf("%s is answered by %s %q, want %d %q", want.method, res.Status, body, want.status, want.body)
		}
	}
	poll := tlcp("bind_session", "", "LS_session="+id+"&LS_polling=true&LS_polling_millis=0&LS_idle_millis=20")
	c.write(poll + poll + tlcp("heartbeat", "", "") + tlcp("control", id, "LS_reqId=1&LS_op=destroy") + poll)
	for range 2 {
		l := c.answer()
		l.expect("CONOK,…", "CONS,unlimited", "LOOP,0")
		l.ended()
	}
	c.answer().until("REQOK")
	c.answer().until("REQOK,1")
	c.answer().until("CONERR,20,…")
	// A stream that ends lets the next request pass.
	w := c.do("create_session", "", createParams())
	id = sessionOf(w.expect("CONOK,…"))
	c.write(tlcp("bind_session", "", "LS_session="+id+"&LS_polling=true") + tlcp("heartbeat", "", ""))
	s.control(id, "LS_reqId=1&LS_op=force_rebind")
	w.until("LOOP,0")
	w.ended()
	c.answer().until("LOOP,0")
	c.answer().until("REQOK")
	if n := s.transport.Stats().Requests.Load(); n != 16 {
		t.Errorf("%d requests are counted, want 16", n)
	}
}

// Who sends more than two requests' worth ahead of an answer is cut off.
func TestTooMuchAhead(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.http()
	l := c.do("create_session", "", createParams())
	l.expect("CONOK,…")
	c.conn.SetDeadline(time.Now().Add(patience))
	for n := 0; n < 8<<20; {
		k, err := io.WriteString(c.conn, strings.Repeat("x", 16<<10))
		if n += k; err != nil {
			break
		}
	}
	eventually(t, "the client is refused", func() bool { return s.fault(413) == 1 })
	eventually(t, "the connection ends", func() bool { return s.transport.Stats().Connections.Load() == 0 })
}

// The answers to a client that asks and does not read do not pile up; when it
// reads, it gets them all.
func TestAnswersThatAreNotRead(t *testing.T) {
	const asked = 1500
	page := bytes.Repeat([]byte("0123456789abcdef"), 16<<10) // 256 KiB
	s := start(t, func(_ *engine.Config, c *transport.Config) { c.Pages = fstest.MapFS{"a": {Data: page}} })
	conn := s.dialSlow()
	h := &httpConn{s.t, conn, nil}
	h.write(strings.Repeat(request("GET", "/a", ""), asked))
	for range 20 { // so that the other loop's and this one's turn has come
		s.http().do("heartbeat", "", "").all()
	}
	if n := s.transport.Stats().Requests.Load() - 20; n > 100 {
		t.Errorf("%d pages of 256 KiB were written to a client that does not read", n)
	}
	total := int64(0)
	buf := make([]byte, 256<<10)
	conn.SetDeadline(time.Now().Add(patience))
	for total < asked*int64(len(page)) && s.transport.Stats().Requests.Load() < 20+100 {
		n, err := conn.Read(buf)
		if total += int64(n); err != nil {
			t.Fatalf("after %d bytes: %v", total, err)
		}
	}
}

// A response that is the last on its connection is not cut short because the client
// takes its time.
func TestLastResponseIsSentInFull(t *testing.T) {
	t.Parallel()
	page := bytes.Repeat([]byte("0123456789abcdef"), 6<<16) // 6 MiB: more than sockets hold
	s := start(t, func(_ *engine.Config, c *transport.Config) { c.Pages = fstest.MapFS{"a": {Data: page}} })
	conn := s.dialSlow()
	io.WriteString(conn, request("GET", "/a", "", "Connection: close"))
	// It starts to read after the time that a refused client has.
	eventually(t, "the page is on its way", func() bool { return s.transport.Stats().Requests.Load() == 1 })
	timer := time.NewTimer(1500 * time.Millisecond)
	<-timer.C
	conn.SetDeadline(time.Now().Add(patience))
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.HasSuffix(got, page) {
		t.Errorf("%d bytes came, %v; want the whole page of %d", len(got), err, len(page))
	}
}

func TestOrigins(t *testing.T) {
	s := start(t, func(_ *engine.Config, c *transport.Config) {
		c.Origins = []string{"https://good.example"}
		c.Pages = fstest.MapFS{"index.html": {Data: []byte("page")}}
	})
	for name, c := range map[string]struct {
		origin  string
		allowed bool
		echoed  string
	}{
		"allowed":          {"Origin: https://good.example", true, "https://good.example"},
		"foreign":          {"Origin: https://bad.example", false, ""},
		"similar":          {"Origin: https://good.example.bad.example", false, ""},
		"of nobody":        {"Origin: null", false, ""},
		"none":             {"X: y", true, ""},
		"of our own pages": {"Origin: http://localhost", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			body := createParams("LS_polling=true")
			for _, r := range []struct {
				text   string
				status int
			}{
				{request("POST", tlcpPath, body, c.origin), 200},
				{request("GET", "/", "", c.origin), 200},
				{request("OPTIONS", tlcpPath, "", c.origin, "Access-Control-Request-Method: POST"), 204},
				{handshake + c.origin + "\r\n\r\n", 101},
			} {
				h := s.http()
				h.write(r.text)
				method, _, _ := strings.Cut(r.text, " ")
				res := h.response(method)
				want := r.status
				if !c.allowed {
					want = 403
				}
				if res.StatusCode != want {
					t.Errorf("%.40q is answered by %s, want %d", r.text, res.Status, want)
				}
				if got := res.Header.Get("Access-Control-Allow-Origin"); got != c.echoed && want != 101 {
					t.Errorf("%.40q allows %q to read the answer, want %q", r.text, got, c.echoed)
				}
				if want != 101 && res.Header.Get("Vary") != "Origin" {
					t.Errorf("%.40q: no Vary: Origin", r.text)
				}
				if want == 403 {
					io.ReadAll(res.Body)
					h.closed()
				}
			}
		})
	}
	if n := s.fault(403); n != 12 {
		t.Errorf("%d faults are counted, want 12", n)
	}
}

// Browsers learn that they may read answers, whatever the answer is.
func TestCORSOnEveryResponse(t *testing.T) {
	s := start(t)
	for _, text := range []string{
		tlcp("create_session", "", createParams("LS_polling=true")), tlcp("create_session", "", createParams()), tlcp("heartbeat", "", ""),
		tlcp("control", "", "x"), request("GET", "/none", ""), request("POST", "/none", "x"), request("OPTIONS", tlcpPath, ""),
		strings.Replace(tlcp("create_session", "", createParams()), "HTTP/1.1", "HTTP/1.0", 1),
	} {
		h := s.http()
		h.write(text)
		if res := h.response("POST"); res.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%.60q is answered without CORS headers: %v", text, res.Header)
		}
	}
	h := s.http()
	h.write(request("OPTIONS", tlcpPath, "", "Origin: http://x.example", "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type"))
	res := h.response("OPTIONS")
	if res.StatusCode != 204 || res.Header.Get("Access-Control-Allow-Methods") != "GET, POST" || res.Header.Get("Access-Control-Allow-Headers") != "content-type" {
		t.Errorf("a preflight is answered by %s, %v", res.Status, res.Header)
	}
}

func TestPages(t *testing.T) {
	s := start(t, func(_ *engine.Config, c *transport.Config) {
		c.Pages = fstest.MapFS{"index.html": {Data: []byte("<p>")}, "js/app.js": {Data: []byte("x()")}, "js/index.html": {Data: []byte("<i>")}}
	})
	h := s.http()
	for _, c := range []struct {
		method, path string
		status       int
		kind, body   string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8", "<p>"},
		{"GET", "/index.html", 200, "text/html; charset=utf-8", "<p>"},
		{"GET", "/?a=b", 200, "text/html; charset=utf-8", "<p>"},
		{"GET", "/js/app.js", 200, "text/javascript; charset=utf-8", "x()"},
		{"GET", "/js", 200, "text/html; charset=utf-8", "<i>"},
		{"HEAD", "/js/app.js", 200, "text/javascript; charset=utf-8", ""},
		{"GET", "/js/none.js", 404, "text/plain; charset=utf-8", "Not found\n"},
		{"HEAD", "/none", 404, "text/plain; charset=utf-8", ""},
		{"POST", "/js/app.js", 405, "text/plain; charset=utf-8", "Use GET\n"},
		{"DELETE", "/js/app.js", 405, "text/plain; charset=utf-8", "Use GET\n"},
		{"GET", "/", 200, "text/html; charset=utf-8", "<p>"},
	} {
		h.write(request(c.method, c.path, ""))
		res := h.response(c.method)
		body, _ := io.ReadAll(res.Body)
		if res.StatusCode != c.status || string(body) != c.body || res.Header.Get("Content-Type") != c.kind {
			t.Errorf("%s %s is answered by %s, %q, %q", c.method, c.path, res.Status, res.Header.Get("Content-Type"), body)
		}
		if got := res.Header.Get("Content-Security-Policy"); !strings.Contains(got, "default-src 'self'") {
			t.Errorf("%s %s: the policy is %q", c.method, c.path, got)
		}
		if allow := res.Header.Get("Allow"); (c.status == http.StatusMethodNotAllowed) != (allow != "") {
			t.Errorf("%s %s: Allow is %q", c.method, c.path, allow)
		}
		if c.method == "HEAD" && res.StatusCode == 200 && res.Header.Get("Content-Length") != strconv.Itoa(len("x()")) {
			t.Errorf("HEAD tells the length %s", res.Header.Get("Content-Length"))
		}
	}
}
