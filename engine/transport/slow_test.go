package transport_test

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/halley-stream/halley/engine"
	"github.com/halley-stream/halley/engine/transport"
)

// dialSlow opens a connection with a small receive buffer.
func (s *server) dialSlow() net.Conn {
	s.t.Helper()
	d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		if e := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) }); e != nil {
			return e
		}
		return err
	}}
	conn, err := d.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// group names items from m0 up.
func group(n int) string {
	var names []string
	for i := range n {
		names = append(names, "m"+strconv.Itoa(i))
	}
	return strings.Join(names, " ")
}

// flood ticks all items of a group with long values until done, and returns the
// last value.
func (s *server) flood(items, from int, done func(round int) bool) (last int) {
	for last = from; ; last++ {
		value := fmt.Sprintf("%d-%s", last, strings.Repeat("x", 500))
		for i := range items {
			s.feed.tick("m"+strconv.Itoa(i), "v", value)
		}
		if done(last - from) {
			return last
		}
	}
}

// A client that does not read costs bounded memory and disturbs nobody; when it
// reads again it gets the newest values.
func TestClientThatStopsReading(t *testing.T) {
	const items, output = 20, 16 << 10
	s := start(t, func(c *engine.Config, _ *transport.Config) { c.Output, c.SlowTimeout = output, time.Minute })
	slow := s.upgrade(s.dialSlow(), "") // on the first loop
	slow.create("LS_keepalive_millis=1000")
	healthy := s.webSocket() // on the second
	healthy.create()
	slow.send("control", add(1, "MERGE", group(items), "v"))
	healthy.send("control", add(1, "RAW", "m0", "v"))
	slow.until("CONF,…")
	healthy.until("CONF,…")

	type result struct {
		first, last, count int
	}
	read := make(chan result)
	final := make(chan int, 1)
	go func() {
		var r result
		last := -1
		for {
			line, err := healthy.read()
			if err != nil {
				t.Errorf("the other client: %v", err)
				break
			}
			value, ok := strings.CutPrefix(line, "U,1,1,")
			if !ok {
				if strings.HasPrefix(line, "OV") {
					t.Errorf("the other client lost something: %s", line)
				}
				continue
			}
			n, _, _ := strings.Cut(value, "-")
			r.last, _ = strconv.Atoi(n)
			if r.count == 0 {
				r.first = r.last
			}
			r.count++
			select {
			case last = <-final:
			default:
			}
			if r.last == last {
				break
			}
		}
		read <- r
	}()

	at := s.flood(items, 0, func(int) bool { return s.engine.Stats().Slow == 1 })
	// What is written to it from now on stays in memory.
	before, steps := s.engine.Stats().Loops[0], time.Now()
	end := s.flood(items, at+1, func(round int) bool { return round == 300 })
	final <- end
	s.flood(1, end, func(int) bool { return true }) // so that the reader looks once more
	got := <-read
	if got.last != end || got.count < end-got.first {
		t.Errorf("the other client got %d ticks, %d to %d; want all up to %d", got.count, got.first, got.last, end)
	}
	after := s.engine.Stats().Loops[0]
	if n := after.Bytes - before.Bytes; n > 2*output {
		t.Errorf("%d bytes were written to a client that does not read, want at most %d", n, output)
	}
	// Nor does its loop turn round and round, also when a PROBE would be due.
	eventually(t, "a PROBE would be due", func() bool { return time.Since(steps) > 1500*time.Millisecond })
	if n := s.engine.Stats().Loops[0].Steps - before.Steps; float64(n) > 20_000 {
		t.Errorf("the loop made %d steps for a client that does not read", n)
	}

	values := make(map[string]int)
	want := strconv.Itoa(end)
	bytes := 0
	for done := 0; done < items; {
		line := slow.next()
		bytes += len(line)
		if item, value, ok := strings.Cut(strings.TrimPrefix(line, "U,1,"), ","); ok && strings.HasPrefix(line, "U,") {
			n, _, _ := strings.Cut(value, "-")
			v, _ := strconv.Atoi(n)
			if v < values[item] {
				t.Fatalf("item %s goes back from %d to %d", item, values[item], v)
			}
			values[item] = v
			if n == want {
				done++
			}
		}
	}
	if produced := items * end * 500; bytes > produced/2 {
		t.Logf("the slow client read %d of %d bytes", bytes, produced)
	}
	eventually(t, "nobody is slow", func() bool { return s.engine.Stats().Slow == 0 })
}

// A client that never reads again is let go; its session waits for it a while.
func TestClientThatNeverReads(t *testing.T) {
	t.Parallel()
	for name, http := range map[string]bool{"WebSocket": false, "HTTP": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, func(c *engine.Config, _ *transport.Config) {
				c.Output, c.SlowTimeout, c.SessionTimeout = 8<<10, 300*time.Millisecond, 200*time.Millisecond
			})
			var id string
			if http {
				h := &httpConn{t, s.dialSlow(), nil}
				h.write(tlcp("create_session", "", createParams()))
				buf := make([]byte, 1000)
				n, _ := h.conn.Read(buf)
				_, after, _ := strings.Cut(string(buf[:n]), "CONOK,")
				id, _, _ = strings.Cut(after, ",")
			} else {
				id = s.upgrade(s.dialSlow(), "").create()
			}
			s.control(id, add(1, "MERGE", group(20), "v"))
			s.flood(20, 0, func(int) bool {
				for _, l := range s.engine.Stats().Loops {
					if l.TooSlow > 0 {
						return true
					}
				}
				return false
			})
			eventually(t, "the connection is closed and the session ends", func() bool {
				return s.transport.Stats().Connections.Load() <= 1 && s.engine.Stats().Sessions == 0
			})
			if n := s.engine.Stats().Slow; n != 0 {
				t.Errorf("%d sessions still count as slow", n)
			}
		})
	}
}

// Answers to a client that asks on its stream and does not read do not pile up.
func TestRequestsOfAClientThatDoesNotRead(t *testing.T) {
	s := start(t, func(c *engine.Config, _ *transport.Config) { c.Output = 8 << 10 })
	w := s.upgrade(s.dialSlow(), "")
	w.create()
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapInuse)
	}
	before := heap()
	// The refusal repeats the request's id.
	ask := text("control", "LS_reqId="+strings.Repeat("x", 8<<10)+"&LS_op=delete&LS_subId=1")
	const most = 24 << 20
	sent := 0
	w.conn.SetWriteDeadline(time.Now().Add(2 * time.Second))
	for sent < most {
		n, err := io.WriteString(w.conn, ask)
		if sent += n; err != nil {
			break // it is held back, or cut off
		}
	}
	for range 4 {
		s.http().do("heartbeat", "", "").all()
	}
	if grown := heap() - before; grown > 6<<20 {
		t.Errorf("the heap has grown by %d bytes after %d bytes of requests", grown, sent)
	}
}
