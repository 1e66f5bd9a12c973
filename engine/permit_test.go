package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// strict is a Metadata Adapter that grants what it is told to, and counts its calls.
type strict struct {
	simMetadata
	permit     adapters.Permit // but for the user
	resolution adapters.Resolution
	refuses    error
	calls      []string
}

func (s *strict) Authenticate(_ context.Context, l adapters.Login) (adapters.Permit, error) {
	s.calls = append(s.calls, "login "+l.User)
	p := s.permit
	p.User = l.User
	return p, s.refuses
}

func (s *strict) Resolve(_ context.Context, i adapters.Interest) (adapters.Resolution, error) {
	s.calls = append(s.calls, strings.TrimSpace(i.User+" "+i.Grant)+" asks for "+i.Group)
	r := s.resolution
	r.Items, r.Fields = fields(i.Group), fields(i.Schema)
	return r, s.refuses
}

// called returns the calls since it was called last.
func (s *strict) called() string {
	defer func() { s.calls = nil }()
	return strings.Join(s.calls, ", ")
}

// newStrictDesk is a desk whose sessions have ids of their own.
func newStrictDesk(t *testing.T, cfg Config, m adapters.MetadataAdapter) *desk {
	t.Helper()
	cfg.KeepaliveDefault = time.Minute
	d := newDesk(t, cfg, m)
	ids := 0
	d.engine.newID = func() string { ids++; return fmt.Sprint("S", ids) }
	return d
}

// as opens a session of a user on a connection of its own, and returns that with what
// it was told.
func (d *desk) as(user, more string) (*Link, *recorder, string) {
	c := new(recorder)
	k := d.newLink(c)
	k.Message([]byte(createLine + "&LS_user=" + user + more))
	d.settle()
	return k, c, c.said()
}

// ask sends requests on a connection and returns the answer.
func (d *desk) ask(k *Link, c *recorder, requests string) string {
	k.Message([]byte("control\r\n" + requests))
	d.settle()
	return c.said()
}

func TestSessionsOfAUser(t *testing.T) {
	d := newStrictDesk(t, Config{}, &strict{permit: adapters.Permit{MaxSessions: 2}})
	d.engine.addSet("OTHER", AdapterSet{Metadata: &strict{permit: adapters.Permit{MaxSessions: 1}}})
	const full = "CONERR,8,Too many sessions of this user: at most 2"
	first, conn, _ := d.as("ann", "")
	for _, c := range []struct{ user, more, want string }{
		{"ann", "", "CONOK"},
		{"ann", "", full},
		{"bob", "", "CONOK"},
		{"ann", "&LS_adapter_set=OTHER", "CONOK"},
		{"ann", "&LS_adapter_set=OTHER", "CONERR,8,Too many sessions of this user: at most 1"},
	} {
		if _, _, got := d.as(c.user, c.more); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s%s: %q, want %q", c.user, c.more, got, c.want)
		}
	}
	d.ask(first, conn, "LS_reqId=1&LS_op=destroy")
	second, _, got := d.as("ann", "")
	if !strings.HasPrefix(got, "CONOK") {
		t.Errorf("when one has ended: %q", got)
	}
	// A client whose connection broke need not wait for its old session to time out.
	second.Closed()
	if _, _, got := d.as("ann", ""); got != full {
		t.Errorf("the old session still counts: %q, want %q", got, full)
	}
	if _, _, got := d.as("ann", "&LS_old_session=S7"); !strings.HasPrefix(got, "CONOK") {
		t.Errorf("in the place of its old session: %q", got)
	}
	// Nor if the server has not noticed that yet. Then the old one ends.
	_, conn, got = d.as("cat", "&LS_keepalive_millis=60000")
	if _, _, got := d.as("cat", ""); !strings.HasPrefix(got, "CONOK") {
		t.Errorf("a second one: %q", got)
	}
	old, _, _ := strings.Cut(strings.TrimPrefix(got, "CONOK,"), ",")
	if _, _, got := d.as("bob", "&LS_old_session="+old+"&LS_adapter_set=OTHER"); !strings.HasPrefix(got, "CONOK") {
		t.Errorf("somebody else: %q", got)
	}
	if got := conn.said(); got != "" {
		t.Errorf("somebody else's session ends: %q", got)
	}
	if _, _, got := d.as("cat", "&LS_old_session="+old); !strings.HasPrefix(got, "CONOK") {
		t.Errorf("in the place of one that seems to be connected: %q", got)
	}
	if got, want := conn.said(), "END,35,Another session of this user has taken its place"; got != want {
		t.Errorf("the old one: %q, want %q", got, want)
	}
	if _, _, got := d.as("cat", "&LS_old_session="+old); got != full {
		t.Errorf("once more: %q, want %q", got, full)
	}
	for _, s := range d.engine.loops[0].sessions {
		s.close()
	}
	if n := len(d.engine.directory.users); n != 0 {
		t.Errorf("%d users have sessions at the end", n)
	}
}

func TestSubscriptionsOfAUser(t *testing.T) {
	const (
		add  = "LS_op=add&LS_mode=MERGE&LS_group=i&LS_schema=f"
		many = "Too many subscriptions: this user may have at most 2 in a session"
	)
	d := newStrictDesk(t, Config{}, &strict{permit: adapters.Permit{MaxSubscriptions: 2}})
	k, c, _ := d.as("ann", "")
	for _, step := range []struct{ request, want string }{
		{add + "&LS_reqId=1&LS_subId=1\r\n" + add + "&LS_reqId=2&LS_subId=2", "REQOK,1 SUBOK,1,1,1 CONF,1,unlimited,filtered REQOK,2 SUBOK,2,1,1 CONF,2,unlimited,filtered"},
		{add + "&LS_reqId=3&LS_subId=3", "REQERR,3,68," + many},
		{"LS_reqId=4&LS_op=delete&LS_subId=1", "REQOK,4 UNSUB,1"},
		{add + "&LS_reqId=5&LS_subId=3", "REQOK,5 SUBOK,3,1,1 CONF,3,unlimited,filtered"},
	} {
		if got := d.ask(k, c, step.request); sorted(got) != sorted(step.want) {
			t.Errorf("%q: %q, want %q", step.request, got, step.want)
		}
	}
	combo := "\r\n" + add + "&LS_subId=1\r\n" + add + "&LS_subId=2"
	if _, _, got := d.as("bob", combo); !strings.HasPrefix(got, "CONOK") {
		t.Errorf("two with the session: %q", got)
	}
	if _, _, got := d.as("bob", combo+"\r\n"+add+"&LS_subId=3"); got != "CONERR,64,"+many {
		t.Errorf("three with the session: %q", got)
	}
}

func TestAPermitEnds(t *testing.T) {
	const over = "END,48,The permit is over; log in again"
	for _, c := range []struct {
		name   string
		permit time.Duration
		// then, and what is said by a time
		drain bool
		steps map[time.Duration]string
	}{
		{"in a while", 10 * time.Second, false, map[time.Duration]string{9990 * time.Millisecond: "", 10010 * time.Millisecond: over}},
		{"in a year", 365 * 24 * time.Hour, false, map[time.Duration]string{6 * time.Hour: ""}},
		{"when the server goes down before", time.Hour, true, map[time.Duration]string{2 * time.Second: "", 3 * time.Second: "END,48,The server is going down"}},
		{"when the server goes down after", time.Second, true, map[time.Duration]string{1010 * time.Millisecond: over}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newStrictDesk(t, Config{KeepaliveMax: 1 << 60, KeepaliveDefault: 1 << 60}, &strict{permit: adapters.Permit{Expires: time.Now().Add(c.permit)}})
				_, conn, got := d.as("ann", "&LS_keepalive_millis=100000000000")
				if !strings.HasPrefix(got, "CONOK") {
					t.Fatalf("created: %q", got)
				}
				if c.drain {
					d.engine.loops[0].post(drain{})
					d.settle()
				}
				began := d.now
				for _, at := range sortedTimes(c.steps) {
					d.now = began + int64(at)
					d.settle()
					if got := conn.said(); got != c.steps[at] {
						t.Errorf("after %v: %q, want %q", at, got, c.steps[at])
					}
				}
			})
		})
	}
}

// sortedTimes returns the times of steps in their order.
func sortedTimes(steps map[time.Duration]string) []time.Duration {
	var times []time.Duration
	for at := range steps {
		times = append(times, at)
	}
	for i := range times {
		for j := i + 1; j < len(times); j++ {
			if times[j] < times[i] {
				times[i], times[j] = times[j], times[i]
			}
		}
	}
	return times
}

func TestAPermitThatIsOver(t *testing.T) {
	d := newStrictDesk(t, Config{}, &strict{permit: adapters.Permit{Expires: time.Now().Add(-time.Second)}})
	if _, _, got := d.as("ann", ""); got != "CONERR,1,The permit is over" {
		t.Errorf("got %q", got)
	}
}

// The time of a permit goes along with a session that moves to another loop.
func TestAPermitEndsOnAnotherLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &strict{permit: adapters.Permit{Expires: time.Now().Add(10 * time.Second)}}
		e, err := New(Config{Loops: 2, Shards: 1, Limits: Limits{SessionsPerAddress: -1}}, map[string]AdapterSet{"DEFAULT": {Metadata: m}})
		if err != nil {
			t.Fatal(err)
		}
		now := int64(0)
		e.clock = func() int64 { return now }
		conn := new(recorder)
		from, to := e.loops[0], e.loops[1]
		from.NewLink(new(recorder), true, "127.0.0.1").Message([]byte(createLine))
		e.requests.step(t.Context(), <-e.requests.queue)
		from.Step()
		id := ""
		for id = range from.sessions {
		}
		to.NewLink(conn, true, "127.0.0.1").Message([]byte("bind_session\r\nLS_session=" + id))
		from.Step()
		to.Step()
		now = 10_010e6
		from.Step()
		to.Step()
		to.Step()
		if got := conn.said(); !strings.HasSuffix(got, "END,48,The permit is over; log in again") {
			t.Errorf("got %q", got)
		}
	})
}

func TestTheBufferOfAUser(t *testing.T) {
	for _, c := range []struct {
		asked         string
		allowed, want int
	}{
		{"", 0, 0},
		{"&LS_requested_buffer_size=10", 0, 10},
		{"&LS_requested_buffer_size=10", 3, 3},
		{"&LS_requested_buffer_size=2", 3, 2},
		{"&LS_requested_buffer_size=unlimited", 3, 3},
		{"", 3, 3},
	} {
		d := newStrictDesk(t, Config{}, &strict{resolution: adapters.Resolution{MaxBuffer: c.allowed}})
		k, conn, _ := d.as("ann", "")
		d.ask(k, conn, "LS_reqId=1&LS_op=add&LS_subId=1&LS_mode=DISTINCT&LS_group=i&LS_schema=f&LS_requested_max_frequency=1"+c.asked)
		if got := k.session.subscription(1).spec(1e9).buffer; got != c.want {
			t.Errorf("%q, and %d allowed: %d, want %d", c.asked, c.allowed, got, c.want)
		}
	}
}

// What a Metadata Adapter noted about a session comes back with its subscriptions.
func TestTheGrantComesBack(t *testing.T) {
	m := &strict{permit: adapters.Permit{Grant: "as trader"}}
	d := newStrictDesk(t, Config{}, m)
	k, c, _ := d.as("ann", "\r\nLS_op=add&LS_subId=1&LS_mode=MERGE&LS_group=i&LS_schema=f")
	d.ask(k, c, "LS_reqId=1&LS_op=add&LS_subId=2&LS_mode=MERGE&LS_group=j&LS_schema=f")
	if got, want := m.called(), "login ann, ann as trader asks for i, ann as trader asks for j"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
