// Package clienttest is a stand-in for a server, for the tests of clients: it
// speaks as much TLCP as they need and says what the test tells it to.
package clienttest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/halley-stream/halley/protocol"
)

// Server is a stand-in for a server. Its methods may be called from any goroutine.
type Server struct {
	// URL is its address.
	URL string

	t    testing.TB
	http *httptest.Server

	mu       sync.Mutex
	create   string // the answer to create_session, in place of CONOK
	add      []byte // the answer to an add, in place of REQOK, with %s for its name
	lines    []byte // what the session is told once it has a subscription
	requests []string
	added    bool
	changed  chan struct{} // closed and replaced at each change
	conns    []net.Conn    // the streams
	closed   bool
}

// NewServer returns a server that ends with the test.
func NewServer(t testing.TB) *Server {
	s := &Server{t: t, changed: make(chan struct{})}
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL
	t.Cleanup(func() {
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
		s.Cut()
		s.http.Close()
	})
	return s
}

// RefuseSession makes the server answer create_session with a line.
func (s *Server) RefuseSession(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.create = line + "\r\n"
}

// RefuseAdd makes the server answer subscriptions with a REQERR.
func (s *Server) RefuseAdd(code int, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add = protocol.AppendREQERR(nil, "%s", code, text)
}

// Say sends lines to the session that has a subscription, or that will.
func (s *Server) Say(lines ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range lines {
		s.lines = append(append(s.lines, line...), "\r\n"...)
	}
	s.wake()
}

// Cut breaks the connections of all streams.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
	s.conns, s.added = nil, false
	s.wake()
}

// Requests returns the requests so far: the name, a blank, the parameters.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// wake tells streams that something has changed. s.mu is held.
func (s *Server) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// answer notes a request and returns the answer.
func (s *Server) answer(name, params string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, name+" "+params)
	switch name {
	case "wsok":
		return "WSOK\r\n"
	case "create_session":
		if s.create != "" {
			return s.create
		}
		return "CONOK,S1,50000,5000,*\r\nSERVNAME,stand-in\r\nCONS,unlimited\r\n"
	case "bind_session":
		return "CONOK,S1,50000,5000,*\r\n"
	}
	var p protocol.Params
	if err := p.Parse([]byte(params)); err != nil {
		return "ERROR,67,Malformed request\r\n"
	}
	if strings.Contains(params, "LS_op=destroy") {
		s.added, s.lines = true, append(s.lines, "END,31,Destroy invoked by client\r\n"...)
		s.wake()
		return "REQOK," + p.ReqID() + "\r\n"
	}
	if s.add != nil {
		return strings.Replace(string(s.add), "%25s", p.ReqID(), 1)
	}
	s.added = true
	s.wake()
	return "REQOK," + p.ReqID() + "\r\n"
}

// next waits for lines to send to the session with the subscription; none come
// when it is over.
func (s *Server) next(gone <-chan struct{}) []byte {
	for {
		s.mu.Lock()
		lines, changed, closed := s.lines, s.changed, s.closed
		if !s.added {
			lines = nil
		}
		if len(lines) > 0 {
			s.lines = nil
		}
		s.mu.Unlock()
		if len(lines) > 0 || closed {
			return lines
		}
		select {
		case <-changed:
		case <-gone:
			return nil
		}
	}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "" {
		s.serveWebSocket(w, r)
		return
	}
	name := strings.TrimSuffix(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:], ".txt")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	answer := s.answer(name, string(body))
	fmt.Fprint(w, answer)
	if name == "control" || !strings.HasPrefix(answer, "CONOK") {
		return
	}
	stream := http.NewResponseController(w)
	_ = stream.Flush()
	polling := strings.Contains(string(body), "LS_polling=true")
	for name == "bind_session" {
		lines := s.next(r.Context().Done())
		if _, err := w.Write(lines); err != nil || lines == nil || polling {
			break
		}
		_ = stream.Flush()
	}
	if polling {
		fmt.Fprint(w, "LOOP,0\r\n")
		return
	}
	panic(http.ErrAbortHandler) // a stream breaks, it does not end
}

func (s *Server) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	upgrader := ws.HTTPUpgrader{Protocol: func(p string) bool { return strings.HasSuffix(p, protocol.SubprotocolSuffix) }}
	conn, rw, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.conns = append(s.conns, conn)
	s.mu.Unlock()
	gone := make(chan struct{})
	var writing sync.WaitGroup
	defer writing.Wait()
	defer conn.Close()
	defer close(gone)
	var mu sync.Mutex // guards writing to conn
	send := func(text []byte) {
		mu.Lock()
		defer mu.Unlock()
		_ = wsutil.WriteServerText(conn, text) // the reader notices
	}
	writing.Go(func() {
		for {
			lines := s.next(gone)
			if lines == nil {
				return
			}
			send(lines)
		}
	})
	for {
		message, err := readText(rw.Reader, conn)
		if err != nil {
			return
		}
		name, params, _ := strings.Cut(string(message), "\r\n")
		send([]byte(s.answer(name, params)))
	}
}

func readText(r *bufio.Reader, w io.Writer) ([]byte, error) {
	return wsutil.ReadClientText(struct {
		io.Reader
		io.Writer
	}{r, w})
}

// Update returns an update as the server says it. Values are text without signs
// that need escapes.
func Update(sub, item int, values ...string) string {
	return "U," + strconv.Itoa(sub) + "," + strconv.Itoa(item) + "," + strings.Join(values, "|")
}
