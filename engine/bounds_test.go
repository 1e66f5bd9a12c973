package engine

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/protocol"
)

// What clients ask for costs the server no more than it allows.

const addLast = "LS_op=add&LS_mode=MERGE&LS_schema=last&LS_snapshot=true"

// jammed is a connection of which the kernel takes nothing for a while.
type jammed struct {
	recorder
	ended   bool
	waiting int
}

func (j *jammed) Send(buf []byte, last bool) error {
	j.ended = j.ended || last
	return j.recorder.Send(buf, last)
}
func (j *jammed) Buffered() int { return j.waiting }

// httpStream begins a session on an HTTP stream of a desk.
func (d *desk) httpStream(more string) (*Link, *jammed) {
	c := new(jammed)
	k := d.engine.loops[0].NewLink(c, false, "127.0.0.1")
	k.SetVersion(protocol.V25)
	k.HTTP(protocol.CreateSession, "", []byte("LS_cid=x&LS_send_sync=false"+more))
	d.settle()
	return k, c
}

func TestSelectorsThatComeWithASessionAreAllOrNone(t *testing.T) {
	d := newStrictDesk(t, Config{Limits: Limits{Selectors: 1}}, simMetadata{})
	k, c, _ := d.as("ann", "")
	d.ask(k, c, "LS_reqId=1&LS_subId=1&LS_group=i0&LS_selector=last%20>%201&"+addLast)
	_, _, said := d.as("bob", "&LS_subId=1&LS_group=other&"+addLast+"\r\nLS_subId=2&LS_group=i0&LS_selector=last%20>%202&"+addLast)
	if !strings.HasPrefix(said, "CONERR,") {
		t.Errorf("got %q, want a refusal", said)
	}
}

// A frequency that is hardly one is not none, and does not get around what the user
// may have.
func TestFrequenciesFromNothingToEverything(t *testing.T) {
	for asked, most := range map[string]int{"1": 1, "1e-11": 1, "1e-300": 1, "1e307": 1, "unlimited": 1} {
		s := newStage(t)
		m := &strict{}
		m.resolution.MaxFrequency = 1
		s.engine.sets["DEFAULT"].metadata = m
		s.link.Message([]byte("control\r\nLS_reqId=1&LS_ack=false&LS_op=add&LS_subId=1&LS_mode=MERGE&LS_group=i&LS_snapshot=true&LS_schema=f&LS_requested_max_frequency=" + asked))
		s.settle()
		s.conn.said()
		n := 0
		for i := range 100 {
			s.now += 1e6
			if s.update(fmt.Sprint("v", i)) != "" {
				n++
			}
		}
		if n > most {
			t.Errorf("asked for %s, at most 1/s allowed: %d updates in 0.1 s", asked, n)
		}
	}
}

func TestBandwidthsFromNothingToEverything(t *testing.T) {
	for kbps, limited := range map[float64]bool{1e-9: true, 1: true, 1e6: true, 7.9e6: true, 8e6: false, 1e9: false, 1e300: false, math.MaxFloat64: false} {
		s := &Session{loop: new(Loop), outlet: new(outlet), bandwidth: &bandwidth{asked: kbps}}
		s.ration()
		if s.limited != limited {
			t.Errorf("%g kbit/s is a limit: %v", kbps, s.limited)
		}
		if !limited {
			continue
		}
		b := s.bandwidth
		for range 3 { // full, overdrawn, and full again
			b.refill(b.at + 3e9)
			if most := max(b.rate*bandwidthBurst/1e9, 1); b.left != most {
				t.Errorf("%g kbit/s: %d bytes are left, want %d", kbps, b.left, most)
			}
			b.spend(1 << 30)
			b.refill(b.at + 2e9)
			if b.left <= 0 {
				t.Errorf("%g kbit/s: %d bytes are left after two seconds", kbps, b.left)
			}
		}
	}
}

// What is asked for behind a destroy, before the login is decided, finds no session.
func TestRequestsBehindADestroy(t *testing.T) {
	d := newStrictDesk(t, Config{}, new(listener))
	l := d.engine.loops[0]
	timers := l.wheel.count
	c := new(recorder)
	k := d.newLink(c)
	k.Message([]byte(createLine))
	k.Message([]byte("control\r\nLS_reqId=1&LS_op=destroy"))
	k.Message([]byte("msg\r\nLS_reqId=2&LS_sequence=S&LS_msg_prog=2&LS_max_wait=1000000000000&LS_message=x"))
	k.Message([]byte("control\r\nLS_reqId=3&LS_subId=1&LS_group=i&" + addLast))
	d.settle()
	said := c.said()
	for _, want := range []string{"REQOK,1", "REQERR,2,20,", "REQERR,3,20,"} {
		if !strings.Contains(said, want) {
			t.Errorf("got %q, want %s", said, want)
		}
	}
	k.Closed()
	if n := l.wheel.count - timers; n > 0 || len(l.sessions) > 0 {
		t.Errorf("%d sessions, and %d timers are armed", len(l.sessions), n)
	}
}

// A request that waits for the request stage is answered when its session ends.
func TestARequestThatWaitsIsAnswered(t *testing.T) {
	d := newStrictDesk(t, Config{RequestQueue: 1}, simMetadata{})
	k, _, _ := d.as("ann", "")
	k.Message([]byte("control\r\nLS_reqId=1&LS_subId=1&LS_group=i0&" + addLast)) // fills the stage
	c := new(jammed)
	link := d.engine.loops[0].NewLink(c, false, "127.0.0.1")
	link.SetVersion(protocol.V25)
	link.HTTP(protocol.Control, "S1", []byte("LS_reqId=2&LS_subId=2&LS_group=i1&"+addLast+"\r\n"))
	k.Message([]byte("control\r\nLS_reqId=3&LS_op=destroy"))
	d.settle()
	if said := c.said(); !c.ended || !strings.HasPrefix(said, "REQERR,2,20,") {
		t.Errorf("got %q, ended %v", said, c.ended)
	}
}

// echo answers messages with what they say.
type echo struct{ simMetadata }

func (echo) Message(_ context.Context, m adapters.Message) (string, error) { return m.Text, nil }

// A line that does not fit what is left of an HTTP stream has the client bind again.
func TestALineThatDoesNotFitTheRestOfAStream(t *testing.T) {
	d := newStrictDesk(t, Config{}, echo{})
	l := d.engine.loops[0]
	_, c := d.httpStream("&LS_content_length=10000")
	other := d.newLink(new(recorder))
	written := 0
	for i := range 3 {
		other.Message(fmt.Appendf(nil, "msg\r\nLS_session=S1&LS_reqId=%d&LS_msg_prog=%d&LS_message=%s", i+1, i+1, strings.Repeat("x", 4500)))
		for len(d.engine.messages.queue) > 0 {
			d.engine.messages.step(t.Context(), <-d.engine.messages.queue)
		}
		steps := 0
		for more := true; more; steps++ {
			if more, _ = l.Step(); steps > 100 {
				t.Fatalf("message %d: the loop does not come to rest", i)
			}
		}
		written += c.text.Len()
		if said := c.said(); c.ended {
			if !strings.HasSuffix(said, "LOOP,0") {
				t.Errorf("the stream ends with %q", said[max(0, len(said)-20):])
			}
			break
		}
	}
	if !c.ended {
		t.Error("the stream goes on")
	}
	if written > 10_000+len(padding) {
		t.Errorf("%d bytes, asked for 10000 and %d of padding", written, len(padding))
	}
}

// However often a client changes its bandwidth from elsewhere while its stream takes
// nothing, what waits for it is bounded, and it hears of the last change.
func TestBandwidthIsToldInTheEnd(t *testing.T) {
	d := newStrictDesk(t, Config{}, simMetadata{})
	l := d.engine.loops[0]
	c := new(jammed)
	link := l.NewLink(c, true, "127.0.0.1")
	link.SetVersion(protocol.V25)
	link.Message([]byte(strings.ReplaceAll(createLine, "&LS_reduce_head=true", "")))
	d.settle()
	c.said()
	c.waiting = 1000
	l.flush(l.sessions["S1"].outlet) // sees that
	other := d.newLink(new(recorder))
	for i := range 20_000 {
		other.Message(fmt.Appendf(nil, "control\r\nLS_session=S1&LS_reqId=1&LS_op=constrain&LS_requested_max_bandwidth=%d", i+1))
	}
	d.now += 1e9
	d.settle()
	if n, most := len(l.sessions["S1"].buf), d.engine.cfg.Output; n > most {
		t.Errorf("%d bytes wait, at most %d may", n, most)
	}
	c.waiting = 0
	for range 2 {
		d.now += 1e9
		d.settle()
	}
	if got := c.said(); !strings.HasSuffix(got, "CONS,20000") {
		t.Errorf("the last is %q", got[max(0, len(got)-20):])
	}
}

// An item that is published while the adapter lets go of it is there for those who come
// later.
func TestPublishedWhileClosing(t *testing.T) {
	s := newStage(t)
	s.subscribe("1", "f")
	s.link.Message([]byte("control\r\nLS_reqId=2&LS_ack=false&LS_op=delete&LS_subId=1"))
	s.step() // the shard has heard of it; Unsubscribe has not been called
	item, err := s.feed.Publish("i", adapters.Merge, adapters.NoSnapshot)
	if err != nil {
		t.Fatal(err)
	}
	s.settle() // published, then closed
	s.conn.said()
	s.subscribe("2", "f")
	b := <-s.feed.free
	b.Update(item, []adapters.Field{s.field}, [][]byte{[]byte("v")})
	b.Send()
	s.settle()
	if got := s.conn.said(); got != "U,2,1,v" {
		t.Errorf("got %q, want the update of the published item", got)
	}
}

func TestPacesOfAnItem(t *testing.T) {
	s := newStage(t)
	for i := range 500 {
		s.link.Message(fmt.Appendf(nil, "control\r\nLS_reqId=1&LS_ack=false&LS_op=add&LS_subId=%d&LS_mode=MERGE&LS_group=i&LS_schema=f&LS_requested_max_frequency=%f", i+1, 100/float64(i+1)))
		s.settle()
	}
	intervals := map[int64]bool{}
	for _, v := range s.engine.shards[0].items[itemKey{s.source.number, "i"}].views {
		intervals[v.spec.interval] = true
	}
	// 5 s are some 2^32 ns, 10 ms some 2^23.
	if n := len(intervals); n > maxPaces+10 {
		t.Errorf("%d paces of one item", n)
	}
}

func TestSchemasLeaveWithTheirLastSubscription(t *testing.T) {
	s := newStage(t)
	for i := range 10 {
		s.link.Message(fmt.Appendf(nil, "control\r\nLS_reqId=1&LS_ack=false&LS_op=add&LS_subId=%d&LS_mode=MERGE&LS_group=i&LS_schema=f%%20x%d", i+1, i/2))
		s.settle()
	}
	if n := len(s.engine.schemas.byName); n != 5 {
		t.Errorf("%d schemas, want 5", n)
	}
	for i := range 9 {
		s.link.Message(fmt.Appendf(nil, "control\r\nLS_reqId=1&LS_ack=false&LS_op=delete&LS_subId=%d", i+1))
		s.settle()
	}
	if n := len(s.engine.schemas.byName); n != 1 {
		t.Errorf("%d schemas, want that of the last subscription", n)
	}
	s.link.Message([]byte("control\r\nLS_reqId=1&LS_ack=false&LS_op=destroy"))
	s.settle()
	if n := len(s.engine.schemas.byName); n != 0 {
		t.Errorf("%d schemas, and no subscriptions", n)
	}
}

// What a session remembers and what waits for it is bounded in bytes too.
func TestBytesOfASession(t *testing.T) {
	d := newStrictDesk(t, Config{}, echo{})
	k, c, _ := d.as("ann", "")
	text := strings.Repeat("x", 16000)
	say := func(k *Link, i int) {
		k.Message(fmt.Appendf(nil, "msg\r\nLS_session=S1&LS_reqId=%d&LS_msg_prog=%d&LS_message=%s", i, i, text))
		d.settle()
	}
	s := d.engine.loops[0].sessions["S1"]
	i := 1
	for ; i <= 100; i++ {
		say(k, i)
	}
	c.said()
	n := 0
	for _, p := range s.past.texts {
		n += len(p.text)
	}
	if n != s.past.bytes || n > pastBytes {
		t.Errorf("it remembers %d bytes, and thinks %d", n, s.past.bytes)
	}
	k.Closed()
	other := new(recorder)
	k = d.newLink(other)
	for ; i <= 300; i++ {
		say(k, i)
	}
	if n := s.queue.bytes; n > queueBytes+len(text)+100 {
		t.Errorf("%d bytes wait for a connection", n)
	}
	if said := other.said(); !strings.HasSuffix(said, "Too much waits for the session's connection") {
		t.Errorf("got %q", said[max(0, len(said)-100):])
	}
}

// Names of sequences are kept as long as their session.
func TestBytesOfNames(t *testing.T) {
	d := newStrictDesk(t, Config{}, echo{})
	k, c, _ := d.as("ann", "")
	refused := 0
	for i := range 10 {
		k.Message(fmt.Appendf(nil, "msg\r\nLS_reqId=%d&LS_sequence=S%d%s&LS_msg_prog=1&LS_message=x", i, i, strings.Repeat("x", 9000)))
		d.settle()
		refused += strings.Count(c.said(), "Too many sequences")
	}
	if refused != 3 {
		t.Errorf("%d of 10 names are refused, want 3", refused)
	}
}

// What comes before the login is decided is nobody's yet.
func TestBytesBeforeTheLogin(t *testing.T) {
	d := newStrictDesk(t, Config{}, echo{})
	c := new(recorder)
	k := d.newLink(c)
	k.Message([]byte(createLine))
	for i := range 10 {
		k.Message(fmt.Appendf(nil, "msg\r\nLS_reqId=%d&LS_msg_prog=%d&LS_message=%s", i+1, i+1, strings.Repeat("x", 60_000)))
	}
	if n := strings.Count(c.said(), "Too much waits for the decision"); n != 10-postponedBytes/60_100 {
		t.Errorf("%d are refused", n)
	}
	k.Message([]byte("msg\r\nLS_reqId=11&LS_msg_prog=11&LS_message=x"))
	if said := c.said(); said != "" {
		t.Errorf("a small one is refused: %q", said)
	}
	d.settle()
}

// A COMMAND subscription to an item that is none changes nothing for the others.
func TestCommandOnAMergeItem(t *testing.T) {
	s := newStage(t)
	g, _ := s.feed.Field("g")
	s.subscribe("1", "f%20g")
	send := func(fields []adapters.Field, values ...[]byte) {
		b := <-s.feed.free
		b.Snapshot(s.adapter.items["i"], fields, values)
		b.Send()
		s.settle()
	}
	send([]adapters.Field{s.field, g}, []byte("1"), []byte("2"))
	s.link.Message([]byte("control\r\nLS_reqId=1&LS_ack=false&LS_op=add&LS_subId=9&LS_mode=COMMAND&LS_group=i&LS_schema=key%20command"))
	s.settle()
	s.conn.said()
	send([]adapters.Field{s.field}, []byte("3"))
	if got := s.conn.said(); got != "U,1,1,3|#" {
		t.Errorf("beside a COMMAND subscription: %q", got)
	}
	s.link.Message([]byte("control\r\nLS_reqId=1&LS_ack=false&LS_op=delete&LS_subId=9"))
	s.settle()
	if it := s.engine.shards[0].items[itemKey{s.source.number, "i"}]; it.table != nil {
		t.Error("the table is still there")
	}
}

// A tick that comes very much later has only the fields that it names.
func TestFieldsOfATick(t *testing.T) {
	e := &event{epoch: math.MaxUint32 - 1}
	e.begin()
	e.set(0, []byte("a"))
	e.set(1, []byte("b"))
	for range 3 {
		e.begin()
		e.set(0, []byte("c"))
		if e.at(1) != nil {
			t.Fatal("a field of an earlier tick")
		}
	}
}

// The end of a session with many subscriptions is one walk over its seats.
func TestTheEndOfALargeSession(t *testing.T) {
	d := newStrictDesk(t, Config{}, simMetadata{})
	k, c, _ := d.as("ann", "")
	for i := range 20 {
		k.Message(fmt.Appendf(nil, "control\r\nLS_reqId=1&LS_ack=false&LS_op=add&LS_subId=%d&LS_mode=MERGE&LS_group=a%%20b%%20c&LS_schema=f", i+1))
	}
	d.settle()
	c.said()
	s := d.engine.loops[0].sessions["S1"]
	if len(s.seats) != 60 {
		t.Fatalf("%d seats", len(s.seats))
	}
	k.Message([]byte("control\r\nLS_reqId=1&LS_op=destroy"))
	d.now += int64(time.Minute)
	d.settle()
	for _, shard := range d.engine.shards {
		if n := len(shard.items); n != 0 {
			t.Errorf("%d items are still there", n)
		}
	}
}
