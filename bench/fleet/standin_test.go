//go:build linux

package fleet

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/halley-stream/halley/protocol"
)

// standIn is a server that says to each subscription of load items what the test
// wants, behind a snapshot. Of $lag and $rest it says that p99 is 7 and that there
// were 42 ticks.
type standIn struct {
	address string
	say     []string // lines about subscription 1

	mu       sync.Mutex
	sessions int
	waiting  map[string][]byte // by session, for HTTP: what to say when it is bound
	// recovered are lines that a recovery tells, from the notification before the
	// last that the client has. Without any it is refused.
	recovered []string
	done      chan struct{} // closed at the end of the test
}

func newStandIn(t *testing.T, say ...string) *standIn {
	s := &standIn{say: say, waiting: make(map[string][]byte), done: make(chan struct{})}
	server := httptest.NewServer(s)
	s.address = server.Listener.Addr().String()
	t.Cleanup(func() {
		close(s.done)
		server.CloseClientConnections()
		server.Close()
	})
	return s
}

func (s *standIn) create() (session string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions++
	return fmt.Sprintf("S%d", s.sessions)
}

// add returns what is to be said to a new subscription: the snapshot, and the rest.
func (s *standIn) add(params string) (snapshot, rest []byte) {
	var p protocol.Params
	if err := p.Parse([]byte(params)); err != nil {
		return []byte("ERROR,67,Malformed request\r\n"), nil
	}
	number, _ := p.Get("LS_subId")
	group, _ := p.Get("LS_group")
	schema, _ := p.Get("LS_schema")
	items, fields := strings.Fields(group), strings.Fields(schema)
	b := fmt.Appendf(nil, "SUBOK,%s,%d,%d\r\nCONF,%s,unlimited,filtered\r\n", number, len(items), len(fields), number)
	switch group {
	case "$lag":
		return append(b, "U,2,1,1|2|7|9|9\r\n"...), nil
	case "$rest":
		return append(b, "U,3,1,42\r\n"...), nil
	}
	for i := range items {
		b = fmt.Appendf(b, "U,1,%d,0|1%s\r\n", i+1, strings.Repeat("|x", len(fields)-2))
	}
	for _, line := range s.say {
		rest = append(append(rest, line...), "\r\n"...)
	}
	return b, rest
}

// setRecovered sets the lines that a recovery tells.
func (s *standIn) setRecovered(lines ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recovered = lines
}

// recover returns the answer to a bind_session over a WebSocket.
func (s *standIn) recover(params string) []byte {
	var p protocol.Params
	_ = p.Parse([]byte(params)) // ours are well-formed
	text, _ := p.Get("LS_recovery_from")
	s.mu.Lock()
	defer s.mu.Unlock()
	from, err := strconv.Atoi(text)
	if err != nil || len(s.recovered) == 0 {
		return []byte("CONERR,4,Recovery point not available\r\n")
	}
	session, _ := p.Get("LS_session")
	return fmt.Appendf(nil, "CONOK,%s,50000,5000,*\r\nPROG,%d\r\n%s\r\n", session, from-1, strings.Join(s.recovered, "\r\n"))
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "" {
		s.serveWebSocket(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var p protocol.Params
	_ = p.Parse(body) // ours are well-formed
	name, _ := protocol.ParsePath(r.URL.Path)
	switch name {
	case protocol.CreateSession:
		fmt.Fprintf(w, "CONOK,%s,50000,5000,*\r\nLOOP,0\r\n", s.create())
	case protocol.Control:
		snapshot, rest := s.add(string(body))
		s.mu.Lock()
		s.waiting[r.URL.Query().Get("LS_session")] = append(snapshot, rest...)
		s.mu.Unlock()
		fmt.Fprintf(w, "REQOK,%s\r\n", p.ReqID())
	case protocol.BindSession:
		session, _ := p.Get("LS_session")
		s.mu.Lock()
		said := s.waiting[session]
		delete(s.waiting, session)
		s.mu.Unlock()
		stream := http.NewResponseController(w)
		fmt.Fprintf(w, "CONOK,%s,50000,5000,*\r\n", session)
		if _, polling := p.Get("LS_polling"); polling && said != nil {
			fmt.Fprintf(w, "%sLOOP,0\r\n", said)
			return
		}
		_ = stream.Flush()
		_, _ = w.Write(said) // the test notices
		_ = stream.Flush()
		<-s.done
	}
}

func (s *standIn) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	upgrader := ws.HTTPUpgrader{Protocol: func(p string) bool { return p == subprotocol }}
	conn, rw, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		return
	}
	defer conn.Close()
	go func() {
		<-s.done
		conn.Close()
	}()
	for {
		message, err := wsutil.ReadClientText(struct {
			io.Reader
			io.Writer
		}{rw.Reader, conn})
		if err != nil {
			return
		}
		name, params, _ := strings.Cut(string(message), "\r\n")
		var said, rest []byte
		switch name {
		case "wsok":
			said = []byte("WSOK\r\n")
		case "create_session":
			said = fmt.Appendf(nil, "CONOK,%s,50000,5000,*\r\nSERVNAME,stand-in\r\n", s.create())
			_ = wsutil.WriteServerMessage(conn, ws.OpPing, []byte("there?")) // pings are answered, or the next read fails
		case "bind_session":
			said = s.recover(params)
		case "control":
			said, rest = s.add(params)
			said = append([]byte("REQOK,1\r\n"), said...)
		}
		for _, text := range [][]byte{said, rest} {
			if len(text) > 0 && wsutil.WriteServerText(conn, text) != nil {
				return
			}
		}
	}
}
