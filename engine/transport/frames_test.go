package transport_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/engine"
	"github.com/halley-stream/halley/engine/transport"
)

// What is wrong with a frame is answered by a close frame with its code, counted
// once, and ends the connection. The session goes on without it.
func TestBadFrames(t *testing.T) {
	s := start(t)
	unmasked := string([]byte{frameText, 2, 'h', 'i'})
	long := strings.Repeat("x", 70_000)
	for name, c := range map[string]struct {
		frames string
		code   int
		fault  bool
	}{
		"without a mask":                   {unmasked, 1002, true},
		"reserved bits":                    {frame(0xc1, "x"), 1002, true},
		"a reserved opcode":                {frame(0x83, "x"), 1002, true},
		"a continuation of nothing":        {frame(frameMore, "x"), 1002, true},
		"a message inside of another":      {frame(frameFirst, "x") + frame(frameText, "x"), 1002, true},
		"a ping in fragments":              {frame(0x09, "x"), 1002, true},
		"a ping too long":                  {frame(framePing, long[:126]), 1002, true},
		"a close frame with half a code":   {frame(frameClose, "x"), 1002, true},
		"a close frame with a wrong code":  {frame(frameClose, "\x03\xed"), 1002, true},
		"binary":                           {frame(frameBinary, "x"), 1003, true},
		"not UTF-8":                        {frame(frameText, "wsok\xff"), 1007, true},
		"not UTF-8 over fragments":         {frame(frameFirst, "\xe2\x82") + frame(frameMore, "x"), 1007, true},
		"a reason that is not UTF-8":       {frame(frameClose, "\x03\xe8\xff"), 1007, true},
		"too large":                        {frame(frameText, long), 1009, true},
		"too large, not sent yet":          {frame(frameText, long)[:14], 1009, true},
		"too large over fragments":         {frame(frameFirst, long[:40_000]) + frame(frameMiddle, long[:20_000]) + frame(frameMore, long[:20_000]), 1009, true},
		"a close frame":                    {frame(frameClose, "\x03\xe8bye"), 1000, false},
		"a close frame with an own code":   {frame(frameClose, "\x0f\xa1"), 4001, false},
		"a close frame without a code":     {frame(frameClose, ""), 0, false},
		"what follows a close frame":       {frame(frameClose, "\x03\xe8") + text("wsok"), 1000, false},
		"a whole message before the fault": {text("wsok") + unmasked, 1002, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := s.webSocket()
			w.create()
			bound := s.engine.Stats().Transports[engine.WebSocketStreaming]
			before, all := uint64(0), s.faults()
			if c.fault {
				before = s.fault(c.code)
			}
			w.write(c.frames)
			w.all()
			if w.code != c.code {
				t.Errorf("closed with the code %d, want %d", w.code, c.code)
			}
			if _, err := w.reader.ReadByte(); err == nil {
				t.Error("something follows the close frame")
			}
			want := uint64(0)
			if c.fault {
				want = 1
				if got := s.fault(c.code) - before; got != 1 {
					t.Errorf("%d faults of the code are counted", got)
				}
			}
			if got := s.faults() - all; got != want {
				t.Errorf("%d faults are counted, want %d", got, want)
			}
			eventually(t, "the session has no connection", func() bool {
				return s.engine.Stats().Transports[engine.WebSocketStreaming] < bound
			})
		})
	}
	if n := s.log.lines.Load(); n > 5 {
		t.Errorf("%d lines were logged", n)
	}
}

// A message has to be there in time, and pings meanwhile do not buy any.
func TestMessagesThatDoNotArrive(t *testing.T) {
	t.Parallel()
	s := start(t, func(_ *engine.Config, c *transport.Config) { c.RequestTimeout = 250 * time.Millisecond })
	for name, begin := range map[string]string{
		"half a head":          text("wsok")[:3],
		"half a frame":         text("wsok")[:8],
		"half a message":       frame(frameFirst, "ws"),
		"half, and a ping":     frame(frameFirst, "ws") + frame(framePing, "x"),
		"a ping in between":    frame(frameFirst, "ws") + frame(framePong, "") + frame(frameMiddle, "o"),
		"half a control frame": frame(framePong, "xyz")[:7],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := s.webSocket()
			w.create()
			began := time.Now()
			w.write(begin)
			stop := make(chan struct{})
			done := make(chan struct{})
			go func() {
				defer close(done)
				tick := time.NewTicker(50 * time.Millisecond)
				defer tick.Stop()
				for strings.Contains(name, "ping") {
					select {
					case <-tick.C:
						w.conn.Write([]byte(frame(framePing, "")))
					case <-stop:
						return
					}
				}
			}()
			for first := byte(0); first != frameClose; {
				var err error
				if first, _, err = w.frame(); err != nil {
					t.Fatalf("instead of a close frame: %v", err)
				}
			}
			if d := time.Since(began); d < 200*time.Millisecond || d > 2*time.Second {
				t.Errorf("closed after %v, want 250 ms", d)
			}
			close(stop)
			<-done
		})
	}
}

// A pong that arrives in two pieces is no message that never ends.
func TestPongInPieces(t *testing.T) {
	t.Parallel()
	s := start(t, func(_ *engine.Config, c *transport.Config) { c.RequestTimeout = 100 * time.Millisecond })
	w := s.webSocket()
	w.create()
	pong, came := frame(framePong, "hello"), s.transport.Stats().BytesIn.Load
	before := came()
	w.write(pong[:4])
	eventually(t, "the first piece is there", func() bool { return came() >= before+4 })
	w.write(pong[4:])
	eventually(t, "the rest is there", func() bool { return came() >= before+uint64(len(pong)) })
	w.conn.SetReadDeadline(time.Now().Add(400 * time.Millisecond))
	if _, err := w.reader.ReadByte(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want silence", err)
	}
}

func TestPingIsAnswered(t *testing.T) {
	s := start(t)
	w := s.webSocket()
	w.write(frame(framePing, "hello") + frame(framePing, "") + text("wsok"))
	for _, want := range []string{"hello", ""} {
		if first, payload, err := w.frame(); first != framePong || string(payload) != want || err != nil {
			t.Errorf("got the frame %#x %q, %v; want a pong with %q", first, payload, err, want)
		}
	}
	w.expect("WSOK")
}
