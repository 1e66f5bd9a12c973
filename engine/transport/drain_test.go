package transport_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/engine"
	"github.com/halley-stream/halley/engine/transport"
	"github.com/halley-stream/halley/internal/leaktest"
)

// Sessions are asked to leave one after the other, new clients are turned away,
// and in the end nothing is left.
func TestDrain(t *testing.T) {
	leaktest.Descriptors(t)
	const sessions, over = 20, 400 * time.Millisecond
	s := start(t, func(c *engine.Config, _ *transport.Config) { c.Drain = over })
	idle := s.webSocket()
	idle.send("wsok")
	idle.expect("WSOK")
	ends := make(chan time.Time, sessions)
	failed := make(chan string, sessions)
	for i := range sessions {
		var l *lines
		if i%2 == 0 {
			w := s.webSocket()
			w.create()
			l = &w.lines
		} else {
			l = s.http().do("create_session", "", createParams())
			l.until("CONS,…")
		}
		go func() {
			line, err := l.read()
			if err != nil || !matches("END,48,…", line) {
				failed <- fmt.Sprintf("%q, %v", line, err)
				return
			}
			ends <- time.Now()
		}()
	}
	s.transport.Refuse()
	began := time.Now()
	if err := s.engine.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	first, last := time.Hour, time.Duration(0)
	for range sessions {
		select {
		case at := <-ends:
			first, last = min(first, at.Sub(began)), max(last, at.Sub(began))
		case line := <-failed:
			t.Fatalf("got %s, want END,48", line)
		}
	}
	if first > over/2 || last < over/2 || last > 5*over {
		t.Errorf("the sessions ended from %v to %v, want them spread over %v", first, last, over)
	}
	s.refused()
	idle.send("create_session", createParams())
	idle.expect("CONERR,48,…")
	if got := s.engine.Stats().Ends["life_limit"]; got != sessions {
		t.Errorf("%d ends are counted, want %d", got, sessions)
	}
	s.stop()
	idle.ended()
}

// Connections that come and go, in whatever state, leave nothing behind.
func TestConnectionsLeaveNothingBehind(t *testing.T) {
	leaktest.Descriptors(t)
	s := start(t, func(c *engine.Config, _ *transport.Config) { c.SessionTimeout = 100 * time.Millisecond })
	create := text("wsok") + text("create_session", createParams())
	phases := map[string]string{
		"before a request":      "",
		"half a head":           "POST /lightstreamer/crea",
		"half a body":           tlcp("create_session", "", createParams())[:150],
		"while it is looked at": tlcp("create_session", "", createParams()),
		"HTTP stream":           tlcp("create_session", "", createParams()) + " ",
		"answered":              request("GET", "/", ""),
		"refused":               "\x16",
		"WebSocket":             handshake + "\r\n" + create,
		"half a frame":          handshake + "\r\n" + create + create[:9],
		"half a message":        handshake + "\r\n" + create + frame(frameFirst, "control\r\n"),
	}
	n := 0
	for range 50 {
		for name, text := range phases {
			for _, reset := range []bool{false, true} {
				conn, err := net.Dial("tcp", s.address)
				if err != nil {
					t.Fatal(err)
				}
				conn.SetDeadline(time.Now().Add(patience))
				if _, err := io.WriteString(conn, text); err != nil {
					t.Fatal(err)
				}
				if n%3 > 0 && strings.Contains("HTTP stream WebSocket answered refused", name) {
					if _, err := conn.Read(make([]byte, 512)); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				}
				if reset {
					conn.(*net.TCPConn).SetLinger(0)
				}
				conn.Close()
				n++
			}
		}
	}
	stats := s.transport.Stats()
	eventually(t, "all connections are gone", func() bool { return stats.Accepted.Load() == uint64(n) && stats.Connections.Load() == 0 })
	eventually(t, "all sessions are gone", func() bool { return s.engine.Stats().Sessions == 0 })
	if w := stats.WebSockets.Load(); w != 0 {
		t.Errorf("%d WebSockets are counted", w)
	}
	for kind, bound := range s.engine.Stats().Transports {
		if bound != 0 {
			t.Errorf("%d sessions are bound to %v", bound, kind)
		}
	}
	if l := s.log.lines.Load(); l > 20 {
		t.Errorf("%d lines were logged for %d connections", l, n)
	}
	s.webSocket().create() // it still works
	s.stop()
}

func TestStopIsQuick(t *testing.T) {
	s := start(t)
	w := s.webSocket()
	w.create()
	began := time.Now()
	s.stop()
	if d := time.Since(began); d > 400*time.Millisecond {
		t.Errorf("stopping took %v", d)
	}
	w.ended()
}

func TestListenError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	e, err := engine.New(engine.Config{Loops: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := transport.New(transport.Config{Listen: l.Addr().String()}, e)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil {
		t.Error("Run on a port that is taken returns no error")
	}
}

// A session that binds on another loop while the server is drained goes as well.
func TestDrainOfASessionThatMoves(t *testing.T) {
	s := start(t, func(c *engine.Config, _ *transport.Config) { c.Drain = 300 * time.Millisecond })
	var streams []*webSocket
	var ids []string
	for range 10 {
		w := s.webSocket()
		ids = append(ids, w.create())
		streams = append(streams, w)
	}
	spare := make([]*webSocket, 11)
	for i := range spare { // one more, so that they are on the other loops
		spare[i] = s.webSocket()
	}
	drained := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	go func() { drained <- s.engine.Drain(ctx) }()
	streams[0].until("END,48,…")
	for i, id := range ids {
		spare[i+1].send("bind_session", "LS_session="+id)
	}
	if err := <-drained; err != nil {
		t.Error(err)
	}
}
