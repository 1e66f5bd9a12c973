package transport_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/engine"
	"github.com/halley-stream/halley/engine/transport"
)

func TestWebSocketSession(t *testing.T) {
	s := start(t)
	s.feed.tick("m1", "a", "1", "b", "2")
	s.feed.tick("d1", "a", "old")
	s.feed.tick("c1", "key", "k1", "command", "ADD", "a", "1")
	w := s.webSocket()
	w.send("wsok")
	w.send("create_session", createParams("LS_keepalive_millis=2500"))
	w.expect("WSOK", "CONOK,S…,50000,2500,*", "SERVNAME,test", "CLIENTIP,127.0.0.1", "CONS,unlimited")

	w.send("control", add(1, "MERGE", "m1 m2", "a b", "LS_snapshot=true&LS_ack=false"))
	w.expect("SUBOK,1,2,2", "CONF,1,unlimited,filtered", "U,1,1,1|2")
	s.feed.tick("m1", "b", "3")
	w.expect("U,1,1,|3")
	s.feed.tick("m2", "a", "x")
	w.expect("U,1,2,x|#")

	w.send("control", add(2, "DISTINCT", "d1", "a", "LS_snapshot=true"))
	w.expect("REQOK,a2", "SUBOK,2,1,1", "CONF,2,unlimited,filtered", "U,2,1,old", "EOS,2,1")
	s.feed.tick("d1", "a", "new")
	w.expect("U,2,1,new")

	w.send("control", add(3, "COMMAND", "c1", "key command a", "LS_snapshot=true"))
	w.expect("REQOK,a3", "SUBCMD,3,1,3,1,2", "CONF,3,unlimited,filtered", "U,3,1,k1|ADD|1", "EOS,3,1")
	s.feed.tick("c1", "key", "k1", "command", "UPDATE", "a", "2")
	w.expect("U,3,1,k1|UPDATE|2")
	s.feed.tick("c1", "key", "k1", "command", "DELETE")
	w.expect("U,3,1,k1|DELETE|…")

	w.send("control", add(4, "RAW", "m1", "b", "LS_requested_max_frequency=unfiltered"))
	w.expect("REQOK,a4", "SUBOK,4,1,1", "CONF,4,…")
	s.feed.tick("m1", "b", "4")
	if got := []string{w.next(), w.next()}; !(got[0] == "U,4,1,4" || got[1] == "U,4,1,4") || got[0] == got[1] {
		t.Errorf("a tick of an item subscribed twice came as %q", got)
	}

	w.send("control", "LS_reqId=5&LS_op=reconf&LS_subId=1&LS_requested_max_frequency=2.5")
	w.expect("CONF,1,2.5,filtered", "REQOK,5")
	w.send("control", "LS_reqId=6&LS_op=delete&LS_subId=1", "LS_reqId=7&LS_op=delete&LS_subId=4&LS_ack=false")
	w.expect("UNSUB,1", "REQOK,6", "UNSUB,4")
	s.feed.tick("m1", "b", "5") // to nobody
	s.feed.tick("d1", "a", "newer")
	w.expect("U,2,1,newer")
	w.send("heartbeat", "")
	w.send("control", "LS_reqId=8&LS_op=destroy&LS_close_socket=true")
	w.expect("REQOK,8", "END,31,Destroy invoked by client")
	w.ended()
	eventually(t, "the session is gone", func() bool { return s.engine.Stats().Sessions == 0 })
}

// A poll of a WebSocket leaves the socket open for the next, which need not name
// the session.
func TestWebSocketPolling(t *testing.T) {
	s := start(t)
	w := s.webSocket()
	w.send("wsok")
	w.send("create_session", createParams("LS_polling=true&LS_polling_millis=0&LS_idle_millis=0"))
	w.expect("WSOK", "CONOK,…,50000,0,*", "SERVNAME,test", "CLIENTIP,127.0.0.1", "CONS,unlimited", "LOOP,0")
	w.send("control", add(1, "RAW", "m1", "a"))
	w.expect("REQOK,a1")
	w.send("bind_session", "LS_polling=true&LS_polling_millis=0&LS_idle_millis=20000")
	w.expect("CONOK,…,50000,20000,*", "CONS,unlimited", "SUBOK,1,1,1", "CONF,1,…", "LOOP,0")
	polls := func() int64 { return s.engine.Stats().Transports[engine.WebSocketPolling] }
	eventually(t, "the poll is over", func() bool { return polls() == 0 })
	w.send("bind_session", "LS_polling=true&LS_polling_millis=7&LS_idle_millis=20000")
	eventually(t, "the poll is bound", func() bool { return polls() == 1 })
	s.feed.tick("m1", "a", "1")
	w.expect("CONOK,…,50000,20000,*", "CONS,unlimited", "U,1,1,1", "LOOP,7")
	s.feed.tick("m1", "a", "2")
	w.send("bind_session", "LS_polling=true&LS_polling_millis=0&LS_idle_millis=20000")
	w.expect("CONOK,…,50000,20000,*", "CONS,unlimited", "U,1,1,2", "LOOP,0")
}

func TestHTTPStream(t *testing.T) {
	s := start(t)
	c := s.http()
	created := c.do("create_session", "", createParams("LS_polling=true&LS_polling_millis=0&LS_idle_millis=0"))
	id := sessionOf(created.expect("CONOK,…,50000,0,*"))
	created.expect("SERVNAME,test", "CLIENTIP,127.0.0.1", "CONS,unlimited", "LOOP,0")
	created.ended()
	stream := c.do("bind_session", "", "LS_session="+id+"&LS_send_sync=false&LS_content_length=50000000")
	stream.expect("CONOK,"+id+",50000,5000,*", "CONS,unlimited")
	if stream.padding < 2000 {
		t.Errorf("the stream begins with %d bytes of padding", stream.padding)
	}
	if got := s.control(id, add(1, "MERGE", "m1", "a", "LS_snapshot=true"), "LS_reqId=2&LS_op=delete&LS_subId=9"); len(got) != 2 ||
		!matches("REQERR,2,19,…", got[0]) && !matches("REQERR,2,19,…", got[1]) {
		t.Errorf("two requests are answered by %q", got)
	}
	stream.expect("SUBOK,1,1,1", "CONF,1,unlimited,filtered")
	s.feed.tick("m1", "a", "1")
	stream.expect("U,1,1,1")
	if got := s.http().do("heartbeat", id, "\r\n").all(); len(got) != 1 || got[0] != "REQOK" {
		t.Errorf("a heartbeat is answered by %q", got)
	}
	if got := s.control(id, "LS_reqId=3&LS_op=force_rebind"); len(got) != 1 || got[0] != "REQOK,3" {
		t.Errorf("force_rebind is answered by %q", got)
	}
	stream.expect("LOOP,0")
	stream.ended()
	s.feed.tick("m1", "a", "2")
	stream = c.do("bind_session", "", "LS_session="+id+"&LS_send_sync=false")
	stream.expect("CONOK,…", "CONS,unlimited", "U,1,1,2")
	if got := s.control(id, "LS_reqId=4&LS_op=destroy"); len(got) != 1 || got[0] != "REQOK,4" {
		t.Errorf("destroy is answered by %q", got)
	}
	stream.expect("END,31,Destroy invoked by client")
	stream.ended()
	// The connection is as good as new.
	c.do("bind_session", "", "LS_session="+id).expect("CONERR,20,Session not found")
}

// Clients of HTTP/1.0 get a stream that ends with the connection, without chunks.
func TestHTTPStreamOfHTTP10(t *testing.T) {
	s := start(t)
	c := s.http()
	body := createParams()
	c.write("POST /lightstreamer/create_session.txt HTTP/1.0\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	l := c.answer()
	id := sessionOf(l.expect("CONOK,…"))
	l.expect("SERVNAME,test", "CLIENTIP,127.0.0.1", "CONS,unlimited")
	s.control(id, "LS_reqId=1&LS_op=force_rebind")
	l.expect("LOOP,0")
	l.ended()
}

func TestGETIsServedLikePOST(t *testing.T) {
	s := start(t)
	c := s.http()
	c.write(request("GET", "/prefix/lightstreamer/create_session.txt?LS_protocol=TLCP-2.1.0&LS_polling=true&"+createParams(), ""))
	c.answer().expect("CONOK,…", "SERVNAME,test", "CLIENTIP,127.0.0.1", "CONS,unlimited", "LOOP,0")
}

// After the promised silence there is a sign of life, and no second one before its
// time.
func TestSilentStreamIsProbed(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *engine.Config, _ *transport.Config) { c.KeepaliveMin = 50 * time.Millisecond })
	w := s.webSocket()
	w.create("LS_keepalive_millis=300")
	for range 2 {
		before := time.Now()
		w.expect("PROBE")
		if d := time.Since(before); d < 150*time.Millisecond {
			t.Errorf("a PROBE after %v, want 300 ms", d)
		}
	}
}

// Requests that come before the create's answer on the same WebSocket wait for it.
func TestRequestsBeforeTheCreateIsAnswered(t *testing.T) {
	s := start(t)
	s.gate.closed.Store(true)
	w := s.webSocket()
	w.write(text("wsok") + text("create_session", createParams()) + text("control", add(1, "MERGE", "m1", "a"), add(2, "MERGE", "m2", "a")))
	w.expect("WSOK")
	eventually(t, "the client is looked at", func() bool { return s.engine.Stats().Sessions == 1 })
	s.gate.open <- struct{}{}
	w.expect("CONOK,…", "SERVNAME,test", "CLIENTIP,127.0.0.1", "CONS,unlimited")
	got := strings.Join(append(w.until("CONF,…"), w.until("CONF,…")...), " ")
	for _, want := range []string{"REQOK,a1", "REQOK,a2", "SUBOK,1,1,1", "SUBOK,2,1,1"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s, without %s", got, want)
		}
	}
}

// Bytes behind the handshake, in the same segment, are the WebSocket's first.
func TestFramesBehindTheHandshake(t *testing.T) {
	s := start(t)
	w := s.upgrade(s.dial(), text("wsok")+text("create_session", createParams())[:20])
	w.expect("WSOK")
	w.write(text("create_session", createParams())[20:])
	w.expect("CONOK,…")
}

// Requests are taken byte by byte as well.
func TestByteByByte(t *testing.T) {
	s := start(t)
	conn := s.dial()
	all := handshake + "\r\n" + text("wsok") + frame(frameFirst, "create_session\r\n") + frame(framePing, "") +
		frame(frameMore, createParams())
	for i := range len(all) {
		if _, err := conn.Write([]byte{all[i]}); err != nil {
			t.Fatal(err)
		}
	}
	w := s.upgraded(conn)
	w.expect("WSOK")
	if first, _, err := w.frame(); err != nil || first != framePong {
		t.Errorf("a ping is answered by %#x, %v", first, err)
	}
	w.expect("CONOK,…")
	// Each byte counts once, however often it was looked at.
	if got := s.transport.Stats().BytesIn.Load(); got != uint64(len(all)) {
		t.Errorf("%d bytes came, %d are counted", len(all), got)
	}
	if got := s.transport.Stats().Requests.Load(); got != 3 {
		t.Errorf("%d requests are counted, want the handshake and 2 messages", got)
	}
}

// A second session on a WebSocket that has a stream is refused, and does the first
// no harm; so are two that are asked for at once.
func TestOneStreamPerWebSocket(t *testing.T) {
	s := start(t)
	w := s.webSocket()
	id := w.create()
	w.send("create_session", createParams())
	w.expect("CONERR,69,…")
	w.send("bind_session", "LS_session="+id)
	w.expect("CONERR,69,…")
	w.send("control", add(1, "RAW", "m1", "a"))
	w.expect("REQOK,a1", "SUBOK,1,1,1", "CONF,…")
	s.feed.tick("m1", "a", "1")
	w.expect("U,1,1,1")
}

// Whoever the connection of a stream belonged to last is told that it is gone:
// sessions do not stay bound to a dead connection.
func TestSessionsOfOneWebSocketAllEnd(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *engine.Config, _ *transport.Config) { c.SessionTimeout = 50 * time.Millisecond })
	other := s.webSocket()
	id := other.create()
	w := s.webSocket()
	w.write(text("wsok") + text("create_session", createParams()) + text("create_session", createParams()) +
		text("bind_session", "LS_session="+id))
	w.until("CONOK,…")
	eventually(t, "all have an answer", func() bool { return s.engine.Stats().Requests.Waiting == 0 })
	w.conn.Close()
	other.conn.Close()
	eventually(t, "the sessions time out", func() bool { return s.engine.Stats().Sessions == 0 })
	for transport, n := range s.engine.Stats().Transports {
		if n != 0 {
			t.Errorf("%d sessions are bound to %v", n, transport)
		}
	}
}

// The headers of the request that opened the connection go to the Metadata
// Adapter.
func TestHeadersReachTheMetadataAdapter(t *testing.T) {
	s := start(t)
	header := func() string {
		s.gate.mu.Lock()
		defer s.gate.mu.Unlock()
		return strings.Join(s.gate.header["Cookie"], "; ")
	}
	s.webSocket("Cookie: a=1").create()
	if got := header(); got != "a=1" {
		t.Errorf("of a WebSocket: %q", got)
	}
	c := s.http()
	c.write(request("POST", "/lightstreamer/create_session.txt", createParams(), "Cookie: b=2"))
	c.answer().expect("CONOK,…")
	if got := header(); got != "b=2" {
		t.Errorf("of an HTTP request: %q", got)
	}
}
