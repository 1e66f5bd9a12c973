package transport_test

import (
	"strings"
	"testing"

	"github.com/halley-stream/halley/engine"
	"github.com/halley-stream/halley/engine/transport"
)

func TestSessionsRefused(t *testing.T) {
	cases := map[string]struct {
		config       func(*engine.Limits)
		request      string
		params, want string
	}{
		"unknown adapter set":      {nil, "create_session", "LS_adapter_set=NONE&LS_cid=x", "CONERR,2,Requested Adapter Set not available"},
		"no adapter set":           {nil, "create_session", "LS_cid=x", "CONERR,2,Requested Adapter Set not available"},
		"no client id":             {nil, "create_session", "LS_adapter_set=TEST", "CONERR,67,…"},
		"a number that is none":    {nil, "create_session", createParams("LS_keepalive_millis=x"), "CONERR,65,…"},
		"a parameter that is none": {nil, "create_session", createParams("LS_user=%zz"), "CONERR,67,…"},
		"sessions on subscription": {nil, "create_session", createParams("LS_op=add"), "CONERR,64,…"},
		"too many sessions":        {func(l *engine.Limits) { l.Sessions = 1 }, "create_session", createParams(), "CONERR,8,…limits.sessions)"},
		"too many of an address":   {func(l *engine.Limits) { l.SessionsPerAddress = 1 }, "create_session", createParams(), "CONERR,9,…limits.sessions_per_address)"},
		"bind of no session":       {nil, "bind_session", "LS_session=Snone", "CONERR,20,Session not found"},
		"poll of no session":       {nil, "bind_session", "LS_session=Snone&LS_polling=true", "CONERR,20,Session not found"},
		"recovery":                 {nil, "bind_session", "LS_session=SESSION&LS_recovery_from=3&LS_polling=true", "CONERR,4,…"},
		"recovery on a stream":     {nil, "bind_session", "LS_session=SESSION&LS_recovery_from=1", "CONERR,4,…"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(e *engine.Config, _ *transport.Config) {
				if c.config != nil {
					c.config(&e.Limits)
				}
			})
			first := s.webSocket()
			id := first.create()
			params := strings.ReplaceAll(c.params, "SESSION", id)
			for range 2 { // on both loops
				h := s.http()
				l := h.do(c.request, "", params)
				l.expect(c.want)
				l.ended()
				h.do("heartbeat", "", "").expect("REQOK") // the connection goes on
				w := s.webSocket()
				w.send(c.request, params)
				w.expect(c.want)
				w.send("wsok")
				w.expect("WSOK")
			}
			if n := s.engine.Stats().Sessions; n != 1 {
				t.Errorf("%d sessions, want the first one only", n)
			}
			// The session that is there has not been harmed.
			first.send("control", add(1, "MERGE", "m1", "a"))
			first.expect("REQOK,a1", "SUBOK,1,1,1")
		})
	}
}

func TestVersionRefused(t *testing.T) {
	s := start(t)
	for _, version := range []string{"TLCP-3.0.0", "TLCP-1.0.0", "x"} {
		for _, name := range []string{"create_session", "bind_session"} {
			c := s.http()
			for range 2 {
				c.write(request("POST", "/lightstreamer/"+name+".txt?LS_protocol="+version, createParams()))
				l := c.answer()
				l.expect("CONERR,60,…")
				l.ended()
			}
		}
	}
}

func TestRequestsRefused(t *testing.T) {
	s := start(t, func(c *engine.Config, _ *transport.Config) { c.Limits.Subscriptions = 2 })
	w := s.webSocket()
	id := w.create()
	for name, c := range map[string]struct{ request, params, want string }{
		"unknown data adapter":      {"control", add(9, "MERGE", "m1", "a", "LS_data_adapter=NONE"), "REQERR,a9,17,…NONE…"},
		"unknown item":              {"control", add(9, "MERGE", "m1 x1", "a"), "REQERR,a9,21,…x1…"},
		"mode that is not allowed":  {"control", add(9, "COMMAND", "m1", "key command"), "REQERR,a9,24,…m1…"},
		"mode that is none":         {"control", add(9, "SOME", "m1", "a"), "REQERR,a9,65,…"},
		"COMMAND without key":       {"control", add(9, "COMMAND", "c1", "command a"), "REQERR,a9,15,…"},
		"COMMAND without command":   {"control", add(9, "COMMAND", "c1", "key a"), "REQERR,a9,16,…"},
		"empty schema":              {"control", add(9, "MERGE", "m1", ""), "REQERR,a9,23,…"},
		"selector":                  {"control", add(9, "MERGE", "m1", "a", "LS_selector=x"), "REQERR,a9,25,…"},
		"unknown subscription":      {"control", "LS_reqId=9&LS_op=delete&LS_subId=77", "REQERR,9,19,…"},
		"reconf of none":            {"control", "LS_reqId=9&LS_op=reconf&LS_subId=77&LS_requested_max_frequency=1", "REQERR,9,19,…"},
		"message":                   {"msg", "LS_reqId=9&LS_message=hello&LS_msg_prog=1", "REQERR,9,34,…"},
		"mobile push notifications": {"control", "LS_reqId=9&LS_op=register&PN_type=Google&PN_appId=a&PN_deviceToken=t", "REQERR,9,40,…"},
		"unknown operation":         {"control", "LS_reqId=9&LS_op=dance", "REQERR,9,…"},
		"no operation":              {"control", "LS_reqId=9", "REQERR,9,67,…"},
		"no request id":             {"control", "LS_op=delete&LS_subId=1", "ERROR,67,…"},
		"no parameter at all":       {"control", "", "ERROR,67,…"},
		"a line that is malformed":  {"control", "LS_reqId=9&LS_op=delete&LS_subId=%4", "REQERR,9,67,…"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, conn := range []*httpConn{s.http(), s.http()} {
				if l := conn.do(c.request, id, c.params); true {
					l.expect(c.want)
					l.ended()
				}
			}
			w.send(c.request, c.params)
			w.expect(c.want)
		})
	}
	t.Run("too many subscriptions", func(t *testing.T) {
		w.send("control", add(1, "MERGE", "m1", "a"), add(2, "MERGE", "m1", "a"))
		w.until("CONF,…")
		w.until("CONF,…")
		w.send("control", add(3, "MERGE", "m1", "a"))
		w.expect("REQERR,a3,…limits.subscriptions_per_session)")
	})
	t.Run("unknown session", func(t *testing.T) {
		for _, conn := range []*httpConn{s.http(), s.http()} {
			conn.do("control", "Snone", add(1, "MERGE", "m1", "a")).expect("REQERR,a1,20,Session not found")
			conn.do("msg", "Snone", "LS_reqId=2&LS_message=x&LS_msg_prog=1").expect("REQERR,2,20,Session not found")
			conn.do("control", "", "LS_reqId=3&LS_op=destroy").expect("REQERR,3,20,Session not found")
		}
	})
	t.Run("unknown request name on a WebSocket", func(t *testing.T) {
		w.send("dance", "LS_reqId=1")
		w.expect("ERROR,67,…")
	})
	t.Run("batch of what does not come in batches", func(t *testing.T) {
		s.http().do("heartbeat", id, "LS_a=1\r\nLS_a=2").until("ERROR,67,…")
	})
}

// What one line of a batch is refused for does not touch the others.
func TestBatch(t *testing.T) {
	s := start(t)
	w := s.webSocket()
	id := w.create()
	var params []string
	for i := 1; i <= 30; i++ {
		item := "m1"
		if i%3 == 0 {
			item = "x1"
		}
		params = append(params, add(i, "MERGE", item, "a"))
	}
	got := strings.Join(s.control(id, params...), "\n")
	if granted, refused := strings.Count(got, "REQOK,"), strings.Count(got, ",21,"); granted != 20 || refused != 10 {
		t.Errorf("%d lines are granted and %d refused, want 20 and 10:\n%s", granted, refused, got)
	}
	for range 20 {
		w.until("CONF,…")
	}
}
