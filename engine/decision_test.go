package engine

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/protocol"
)

// recorder is a connection that keeps what it is sent.
type recorder struct{ text strings.Builder }

func (r *recorder) Send(buf []byte, _ bool) error { r.text.Write(buf[Headroom:]); return nil }
func (*recorder) Header() map[string][]string     { return nil }
func (*recorder) Buffered() int                   { return 0 }
func (*recorder) Resume()                         {}
func (*recorder) Close()                          {}

// said returns what was sent since the last call, a line a word.
func (r *recorder) said() string {
	defer r.text.Reset()
	return strings.Join(strings.Fields(r.text.String()), " ")
}

// slow is a Metadata Adapter that takes its time, whatever the context says.
type slow struct {
	simMetadata
	takes time.Duration
	err   error
}

func (s slow) Authenticate(ctx context.Context, l adapters.Login) (adapters.Permit, error) {
	<-time.After(s.takes) // of the bubble's clock
	if s.err != nil {
		return adapters.Permit{}, s.err
	}
	return s.simMetadata.Authenticate(ctx, l)
}

func (s slow) Resolve(ctx context.Context, i adapters.Interest) (adapters.Resolution, error) {
	<-time.After(s.takes)
	if s.err != nil {
		return adapters.Resolution{}, s.err
	}
	return s.simMetadata.Resolve(ctx, i)
}

// desk is an engine with one client, whose requests the test decides one by one.
type desk struct {
	*bench
	conn *recorder
	link *Link
}

func newDesk(t *testing.T, cfg Config, m adapters.MetadataAdapter) *desk {
	t.Helper()
	cfg.Loops, cfg.Shards, cfg.Limits.SessionsPerAddress = 1, 1, -1
	a := &benchAdapter{items: make(map[string]adapters.Item)}
	e, err := New(cfg, map[string]AdapterSet{"DEFAULT": {Metadata: m, Data: map[string]adapters.DataAdapter{"DEFAULT": a}}})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{bench: &bench{engine: e, source: e.sources[0]}, conn: new(recorder)}
	e.clock = func() int64 { return d.now }
	e.cpuTime = func() int64 { return 0 } // idle, so that lines are not gathered
	e.newID = func() string { return "S1" }
	d.link = d.newLink(d.conn)
	return d
}

func (d *desk) newLink(c *recorder) *Link {
	k := d.engine.loops[0].NewLink(c, true, "127.0.0.1")
	k.SetVersion(protocol.V25)
	return k
}

const createLine = "create_session\r\nLS_cid=x&LS_send_sync=false&LS_reduce_head=true"

// open creates the client's session.
func (d *desk) open() {
	d.link.Message([]byte(createLine))
	d.settle()
	d.conn.said()
}

func TestMetadataCallsHaveADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{MetadataTimeout: 2 * time.Second}, slow{takes: 10 * time.Second})
		d.link.Message([]byte(createLine))
		worker := make(chan struct{})
		go func() {
			defer close(worker)
			d.engine.requests.step(context.Background(), <-d.engine.requests.queue)
		}()
		<-time.After(3 * time.Second)
		synctest.Wait()
		d.step()
		if got, want := d.conn.said(), "CONERR,6,The metadata adapter did not answer in time"; got != want {
			t.Errorf("after the deadline: %q, want %q", got, want)
		}
		<-worker
		d.step()
		if got := d.conn.said(); got != "" {
			t.Errorf("what the adapter said later was told: %q", got)
		}
		if n := d.engine.directory.len(); n != 0 {
			t.Errorf("%d sessions left", n)
		}
	})
}

func TestRefusalsOfTheMetadataAdapter(t *testing.T) {
	for _, c := range []struct {
		err         error
		login, subs string
	}{
		{adapters.ErrCredentials, "CONERR,1,User or password rejected", ""},
		{&adapters.Refusal{Code: -7, Text: "Come back, later"}, "CONERR,-7,Come back%2C later", "REQERR,1,-7,Come back%2C later"},
		{errors.New("database on fire"), "CONERR,6,Authentication is not available; try again", "REQERR,1,66,The metadata adapter failed"},
		{adapters.ErrBadSchema, "", "REQERR,1,23,bad field schema"},
		{adapters.ErrModeNotAllowed, "", "REQERR,1,24,mode not allowed"},
	} {
		if c.login != "" {
			d := newDesk(t, Config{}, slow{err: c.err})
			d.link.Message([]byte(createLine))
			d.settle()
			if got := d.conn.said(); got != c.login {
				t.Errorf("login refused with %v: %q, want %q", c.err, got, c.login)
			}
		}
		if c.subs != "" {
			d := newDesk(t, Config{}, simMetadata{})
			d.open()
			d.engine.sets["DEFAULT"].metadata = slow{err: c.err}
			d.link.Message([]byte("control\r\nLS_reqId=1&LS_op=add&LS_subId=1&LS_mode=MERGE&LS_group=i&LS_schema=f"))
			d.settle()
			if got := d.conn.said(); got != c.subs {
				t.Errorf("subscription refused with %v: %q, want %q", c.err, got, c.subs)
			}
		}
	}
}

func TestAFullRequestStage(t *testing.T) {
	d := newDesk(t, Config{RequestQueue: 1}, simMetadata{})
	ids := 0
	d.engine.newID = func() string { ids++; return "S" + string(rune('0'+ids)) }
	first, second, patient := d.conn, new(recorder), new(recorder)
	d.link.Message([]byte(createLine))
	d.newLink(second).Message([]byte(createLine))
	d.newLink(patient).Message([]byte(createLine + "&LS_ttl_millis=unlimited"))
	if got, want := second.said(), "CONERR,5,Server overloaded"; got != want {
		t.Errorf("a second session: %q, want %q", got, want)
	}
	d.settle()
	if got := first.said(); !strings.HasPrefix(got, "CONOK,S1,") {
		t.Errorf("the first session: %q", got)
	}
	if got := patient.said(); !strings.HasPrefix(got, "CONOK,S3,") {
		t.Errorf("the one that has time: %q", got)
	}
	// Subscriptions wait in their session, and its connection is not read meanwhile.
	for i := range 3 {
		d.link.Message([]byte("control\r\nLS_reqId=" + string(rune('1'+i)) + "&LS_op=add&LS_subId=" + string(rune('1'+i)) + "&LS_mode=RAW&LS_group=i&LS_schema=f"))
	}
	if !d.link.Paused() {
		t.Error("the connection is read on")
	}
	d.settle()
	if d.link.Paused() {
		t.Error("the connection is not read again")
	}
	want := "REQOK,1 SUBOK,1,1,1 CONF,1,unlimited,unfiltered REQOK,2 SUBOK,2,1,1 CONF,2,unlimited,unfiltered REQOK,3 SUBOK,3,1,1 CONF,3,unlimited,unfiltered"
	if got := first.said(); got != want {
		t.Errorf("subscriptions: %q, want %q", got, want)
	}
}

func TestRequestsAboutASubscriptionBeingDecided(t *testing.T) {
	const add = "control\r\nLS_reqId=1&LS_op=add&LS_subId=7&LS_mode=MERGE&LS_group=i&LS_schema=f\r\n"
	for _, c := range []struct{ name, requests, want string }{
		{"a delete cancels it", add + "LS_reqId=2&LS_op=delete&LS_subId=7", "REQOK,2 UNSUB,7 REQOK,1"},
		{"a reconf is kept", add + "LS_reqId=2&LS_op=reconf&LS_subId=7&LS_requested_max_frequency=2.5", "REQOK,2 REQOK,1 SUBOK,7,1,1 CONF,7,2.5,filtered"},
		{"the same again is granted", add + strings.TrimPrefix(strings.Replace(add, "LS_reqId=1", "LS_reqId=2", 1), "control\r\n"), "REQOK,2 REQOK,1 SUBOK,7,1,1 CONF,7,unlimited,filtered"},
		{"another with its number is refused", add + "LS_reqId=2&LS_op=add&LS_subId=7&LS_mode=MERGE&LS_group=j&LS_schema=f",
			"REQERR,2,68,Subscription 7 is there%2C with other parameters REQOK,1 SUBOK,7,1,1 CONF,7,unlimited,filtered"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, Config{}, simMetadata{})
			d.open()
			d.link.Message([]byte(c.requests))
			d.settle()
			if got := d.conn.said(); sorted(got) != sorted(c.want) {
				t.Errorf("said %q, want %q", got, c.want)
			}
		})
	}
}

// sorted puts lines in an order of their own: answers to different requests have
// none.
func sorted(lines string) string {
	words := strings.Split(strings.ReplaceAll(lines, " is there", "_is_there"), " ")
	for i := range words {
		for j := i + 1; j < len(words); j++ {
			if words[j] < words[i] {
				words[i], words[j] = words[j], words[i]
			}
		}
	}
	return strings.Join(words, " ")
}
