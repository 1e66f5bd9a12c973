package transport_test

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/halley-stream/halley/engine"
	"github.com/halley-stream/halley/engine/transport"
)

// follower checks that every tick of a RAW subscription arrives once and in order,
// and that a MERGE subscription of the same item never goes back.
type follower struct {
	t      testing.TB
	raw    int // newest tick of each
	merged int
	bytes  int // of the response
}

// take takes lines up to the end of a response, or to the tick that is given.
func (f *follower) take(l *lines, last int) (ended bool) {
	f.t.Helper()
	f.bytes = 0
	for {
		line, err := l.read()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return true
		}
		if err != nil {
			f.t.Fatalf("after tick %d: %v", f.raw, err)
		}
		f.bytes += len(line) + 2
		if n, ok := strings.CutPrefix(line, "U,1,1,"); ok {
			if f.raw++; n != strconv.Itoa(f.raw) {
				f.t.Fatalf("tick %s came, want %d", n, f.raw)
			}
		}
		if n, ok := strings.CutPrefix(line, "U,2,1,"); ok {
			if n, _ := strconv.Atoi(n); n <= f.merged {
				f.t.Fatalf("the value %d came after %d", n, f.merged)
			} else {
				f.merged = n
			}
		}
		if strings.HasPrefix(line, "OV") || strings.HasPrefix(line, "CONERR") {
			f.t.Fatalf("after tick %d: %s", f.raw, line)
		}
		if last > 0 && f.raw >= last && f.merged >= last {
			return false
		}
	}
}

// produce ticks an item in the background, so many times for each word.
func (s *server) produce(item string, each int) (more chan<- struct{}) {
	words := make(chan struct{}, 1000)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ; {
			select {
			case <-words:
			case <-s.t.Context().Done():
				return
			}
			for range each {
				n++
				s.feed.tick(item, "n", strconv.Itoa(n))
			}
		}
	}()
	s.t.Cleanup(func() { <-done })
	return words
}

// Whatever way a session's lines take, and however often it is bound again, each
// comes once.
func TestNothingIsLostOrRepeated(t *testing.T) {
	const rounds, each = 25, 40
	config := func(c *engine.Config, _ *transport.Config) { c.ContentLengthMin = 500 }
	// The snapshot of the second subscription says that both are in place.
	subscribe := func(s *server, id string) {
		s.t.Helper()
		s.feed.tick("m1", "n", "0")
		s.control(id, add(1, "RAW", "m1", "n"), add(2, "MERGE", "m1", "n", "LS_snapshot=true"))
	}
	const subscribed = "U,2,1,0"
	// Every bind is on the next of three connections, so that loops take turns.
	for name, bind := range map[string]string{
		"polls that are answered at once": "LS_polling=true&LS_polling_millis=0&LS_idle_millis=0",
		"polls that are held":             "LS_polling=true&LS_polling_millis=0&LS_idle_millis=10000",
		"streams that end soon":           "LS_content_length=1200",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, config)
			conns := []*httpConn{s.http(), s.http(), s.http()}
			created := conns[0].do("create_session", "", createParams("LS_polling=true"))
			id := sessionOf(created.expect("CONOK,…"))
			created.all()
			subscribe(s, id)
			conns[0].do("bind_session", "", "LS_polling=true&LS_session="+id).until(subscribed)
			conns[0] = s.http()
			more := s.produce("m1", each)
			f := follower{t: t}
			streams := !strings.Contains(bind, "polling")
			for i := 0; f.raw < rounds*each || f.merged < rounds*each; i++ {
				switch {
				case streams && i == 0:
					for range rounds {
						more <- struct{}{}
					}
				case !streams && i < rounds:
					more <- struct{}{}
				}
				last := 0 // the last stream does not end
				if streams {
					last = rounds * each
				}
				f.take(conns[i%3].do("bind_session", "", "LS_session="+id+"&"+bind), last)
				// What a client missed comes in one piece, which may pass the budget if it
				// is the first.
				if streams && f.bytes > 1200+16<<10 {
					t.Errorf("a response of %d bytes, want about 1200", f.bytes)
				}
			}
			if i := s.engine.Stats(); i.Sessions != 1 {
				t.Errorf("%d sessions, want 1", i.Sessions)
			}
		})
	}
	t.Run("WebSocket streams that take over from each other", func(t *testing.T) {
		t.Parallel()
		s := start(t, config)
		w := s.webSocket()
		id := w.create()
		subscribe(s, id)
		w.until(subscribed)
		more := s.produce("m1", each)
		f := follower{t: t}
		for i := range rounds {
			more <- struct{}{}
			f.take(&w.lines, i*each+each/2)
			next := s.webSocket()
			next.send("wsok")
			next.send("bind_session", "LS_send_sync=false&LS_session="+id)
			if !f.take(&w.lines, 0) { // all that was sent counts as received
				t.Fatal("a connection that was taken over stays open")
			}
			w = next
		}
		f.take(&w.lines, rounds*each)
	})
	t.Run("HTTP streams that take over from each other", func(t *testing.T) {
		t.Parallel()
		s := start(t, config)
		l := s.http().do("create_session", "", createParams())
		id := sessionOf(l.expect("CONOK,…"))
		subscribe(s, id)
		l.until(subscribed)
		more := s.produce("m1", each)
		f := follower{t: t}
		for i := range rounds {
			more <- struct{}{}
			f.take(l, i*each+each/2)
			next := s.http()
			next.write(tlcp("bind_session", "", "LS_send_sync=false&LS_session="+id))
			f.take(l, 0)
			l = next.answer()
		}
		f.take(l, rounds*each)
	})
}

// A poll on another loop than its session's is given up with its connection; the
// next one gets what there is.
func TestPollWhoseClientGoesAway(t *testing.T) {
	for name, other := range map[string]bool{"on the session's loop": false, "on another loop": true} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			home, away := s.http(), s.http()
			l := home.do("create_session", "", createParams("LS_polling=true"))
			id := sessionOf(l.expect("CONOK,…"))
			l.all()
			s.control(id, add(1, "RAW", "m1", "a"))
			c := home
			if other {
				c = away
			}
			held := func() int64 { return s.engine.Stats().Transports[engine.HTTPPolling] }
			c.do("bind_session", "", "LS_session="+id+"&LS_polling=true&LS_idle_millis=0").until("LOOP,0")
			eventually(t, "the poll is over", func() bool { return held() == 0 })
			c.write(tlcp("bind_session", "", "LS_session="+id+"&LS_polling=true&LS_idle_millis=20000"))
			eventually(t, "the poll is held", func() bool { return held() == 1 })
			c.conn.Close()
			eventually(t, "the poll is given up", func() bool { return held() == 0 })
			s.feed.tick("m1", "a", "1")
			s.http().do("bind_session", "", "LS_session="+id+"&LS_polling=true&LS_idle_millis=20000").until("U,1,1,1")
		})
	}
}

// A held poll is given up for a newer one, wherever they are.
func TestPollTakesOverFromPoll(t *testing.T) {
	s := start(t)
	conns := []*httpConn{s.http(), s.http(), s.http()}
	l := conns[0].do("create_session", "", createParams("LS_polling=true"))
	id := sessionOf(l.expect("CONOK,…"))
	l.all()
	poll := tlcp("bind_session", "", "LS_session="+id+"&LS_polling=true&LS_idle_millis=20000")
	held := func() int64 { return s.engine.Stats().Transports[engine.HTTPPolling] }
	eventually(t, "the poll is over", func() bool { return held() == 0 })
	for i, c := range conns {
		c.write(poll)
		eventually(t, "the poll is held", func() bool { return held() == 1 })
		if i > 0 {
			io.Copy(io.Discard, conns[i-1].reader) // to its end
		}
	}
	s.control(id, add(1, "MERGE", "m1", "a"))
	conns[2].answer().expect("CONOK,…", "CONS,unlimited", "SUBOK,1,1,1", "CONF,…", "LOOP,0")
}
