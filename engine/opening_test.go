package engine

import (
	"strings"
	"testing"
	"time"
)

func TestWhatComesWithASession(t *testing.T) {
	const (
		create = "create_session\r\nLS_cid=x&LS_send_sync=false&LS_reduce_head=true"
		first  = "LS_op=add&LS_subId=1&LS_mode=MERGE&LS_group=i&LS_schema=f"
		second = "LS_op=add&LS_subId=2&LS_mode=RAW&LS_group=i%20j&LS_schema=f%20g"
		conok  = "CONOK,S1,50000,5000,* "
		one    = "SUBOK,1,1,1 CONF,1,unlimited,filtered"
		two    = "SUBOK,2,2,2 CONF,2,unlimited,unfiltered"
	)
	for _, c := range []struct{ name, request, want string }{
		{"on its line", create + "&" + first, conok + one},
		{"on lines of their own", create + "\r\n" + first + "\r\n" + second, conok + one + " " + two},
		{"on all of them", create + "&" + first + "\r\n" + second, conok + one + " " + two},
		{"a message", create + "\r\nLS_message=hi&LS_msg_prog=1", conok + "MSGDONE,*,1,got:hi"},
		{"another request", create + "\r\nLS_op=delete&LS_subId=1", "CONERR,64,Only subscriptions and messages may come with create_session"},
		{"a bad one", create + "\r\n" + first + "\r\nLS_op=add&LS_subId=2&LS_mode=NONE&LS_group=i&LS_schema=f", `CONERR,64,Invalid value of LS_mode: "NONE"`},
		{"one that is refused", create + "\r\n" + first + "\r\nLS_op=add&LS_subId=2&LS_mode=COMMAND&LS_group=i&LS_schema=f", "CONERR,64,A COMMAND subscription needs the field key"},
		{"an unknown data adapter", create + "\r\n" + first + "&LS_data_adapter=NONE", `CONERR,64,Data adapter "NONE" not found`},
		{"a number twice", create + "\r\n" + first + "\r\n" + first, "CONERR,64,Subscription 1 comes twice"},
		{"a bad create", "create_session\r\nLS_cid=x&LS_ttl_millis=soon\r\n" + first, `CONERR,65,Invalid value of LS_ttl_millis: "soon"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, Config{}, new(listener))
			d.link.Message([]byte(c.request))
			d.settle()
			if got := d.conn.said(); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if n := d.engine.directory.len(); (n == 1) != strings.HasPrefix(c.want, "CONOK") {
				t.Errorf("%d sessions", n)
			}
		})
	}
}

// A client that says how long it waits for its session gets none when that is over.
func TestTimeToLive(t *testing.T) {
	d := newDesk(t, Config{}, simMetadata{})
	d.link.Message([]byte(createLine + "&LS_ttl_millis=500"))
	d.now += 501e6
	d.settle()
	if got, want := d.conn.said(), "CONERR,5,Server overloaded"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// closing is a connection that tells that it was closed.
type closing struct {
	recorder
	link   *Link
	closed bool
}

func (c *closing) Close() {
	if !c.closed {
		c.closed = true
		c.link.Closed()
	}
}

func TestReverseHeartbeat(t *testing.T) {
	d := newDesk(t, Config{}, simMetadata{})
	conn := new(closing)
	conn.link = d.engine.loops[0].NewLink(conn, true, "127.0.0.1")
	conn.link.Message([]byte(createLine + "&LS_inactivity_millis=1000"))
	d.settle()
	wait := func(total time.Duration) {
		for end := d.now + int64(total); d.now < end; d.now += 1e7 {
			d.step()
		}
	}
	for i, request := range []string{"heartbeat\r\n\r\n", "heartbeat\r\nLS_session=S1", "control\r\nLS_reqId=1&LS_op=delete&LS_subId=1", "msg\r\nLS_reqId=2&LS_message=hi&LS_outcome=false"} {
		wait(2900 * time.Millisecond)
		if conn.closed {
			t.Fatalf("closed before request %d", i)
		}
		conn.link.Message([]byte(request))
	}
	wait(3100 * time.Millisecond)
	if !conn.closed {
		t.Error("still there after a silence of 3.1 s, though 1 s was promised")
	}
	if d.engine.directory.len() != 1 {
		t.Error("the session is gone: the client could not go on")
	}
}

func TestSelectorsThatAreRefused(t *testing.T) {
	d := newDesk(t, Config{Limits: Limits{Selectors: 2}}, simMetadata{})
	d.open()
	add := func(id, selector, more string) string {
		d.link.Message([]byte("control\r\nLS_reqId=1&LS_op=add&LS_subId=" + id + "&LS_mode=MERGE&LS_group=i&LS_schema=f&LS_selector=" + selector + more))
		d.settle()
		return d.conn.said()
	}
	const granted = "REQOK,1 SUBOK"
	for _, c := range []struct{ name, id, selector, more, want string }{
		{"one", "1", "f>1", "", granted},
		{"a bad one", "2", "f>", "", "REQERR,1,25,Bad selector: "},
		{"unfiltered", "2", "f>1", "&LS_requested_max_frequency=unfiltered", "REQERR,1,27,"},
		{"another", "2", "f>2", "", granted},
		{"a third", "3", "f>3", "", "REQERR,1,25,Too many different selectors of an item: at most 2 (limits.selectors_per_item)"},
		{"one that is there", "4", "f>2", "", granted},
	} {
		if got := add(c.id, c.selector, c.more); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	d.link.Message([]byte("control\r\nLS_reqId=1&LS_op=delete&LS_subId=1"))
	d.settle()
	d.conn.said()
	if got := add("5", "f>3", ""); !strings.HasPrefix(got, granted) {
		t.Errorf("when another is gone: %q", got)
	}
	d.link.Message([]byte("control\r\nLS_reqId=1&LS_op=destroy"))
	d.settle()
	if n := len(d.engine.selectors.ofItem); n != 0 {
		t.Errorf("%d items have selectors when all are gone", n)
	}
}
