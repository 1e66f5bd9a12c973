package websocket

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

func TestFrameText(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 127, 65535, 65536, 1 << 20} {
		for _, headroom := range []int{Headroom, Headroom + 5} {
			payload := strings.Repeat("x", size)
			buf := append(bytes.Repeat([]byte("_"), headroom), payload...)
			got := FrameText(buf, headroom)
			want, err := ws.CompileFrame(ws.NewTextFrame([]byte(payload)))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes: got %.12x, want %.12x", size, got, want)
			}
			if before := string(buf[:len(buf)-len(got)]); strings.Trim(before, "_") != "" {
				t.Errorf("%d bytes: headroom is now %q", size, before)
			}
			if &got[len(got)-1] != &buf[len(buf)-1] {
				t.Errorf("%d bytes: payload has moved", size)
			}
		}
	}
}

func TestControlFrames(t *testing.T) {
	compile := func(f ws.Frame) []byte { return ws.MustCompileFrame(f) }
	reason := func(code ws.StatusCode, reason string) []byte {
		return compile(ws.NewCloseFrame(ws.NewCloseFrameBody(code, reason)))
	}
	long := bytes.Repeat([]byte("a"), 126)
	for _, c := range []struct {
		name      string
		got, want []byte
	}{
		{"ping", AppendPing(nil, []byte("abc")), compile(ws.NewPingFrame([]byte("abc")))},
		{"empty ping", AppendPing(nil, nil), ws.CompiledPing},
		{"pong", AppendPong(nil, long[:125]), compile(ws.NewPongFrame(long[:125]))},
		{"empty pong", AppendPong(nil, nil), ws.CompiledPong},
		{"long pong", AppendPong(nil, long), compile(ws.NewPongFrame(long[:125]))},
		{"close without a code", AppendClose(nil, CodeNone, "not sent"), ws.CompiledClose},
		{"close", AppendClose(nil, CodeNormal, ""), ws.CompiledCloseNormalClosure},
		{"close with a reason", AppendClose(nil, CodeGoingAway, "bye"), reason(1001, "bye")},
		{"close with a long reason", AppendClose(nil, CodePolicy, string(long)), reason(1008, string(long))},
		{"close with a long reason cut before a character", AppendClose(nil, CodePolicy, strings.Repeat("€", 42)), reason(1008, strings.Repeat("€", 41))},
		{"close with a long reason cut in a character", AppendClose(nil, CodePolicy, "ab"+strings.Repeat("€", 42)), reason(1008, "ab"+strings.Repeat("€", 40))},
		{"appended", AppendClose(AppendPing([]byte("x"), nil), CodeNormal, ""), append(append([]byte("x"), ws.CompiledPing...), ws.CompiledCloseNormalClosure...)},
	} {
		if !bytes.Equal(c.got, c.want) {
			t.Errorf("%s: got %x, want %x", c.name, c.got, c.want)
		}
	}
}

func TestFrameAllocs(t *testing.T) {
	buf := make([]byte, Headroom+1000)
	dst := make([]byte, 0, 1000)
	if n := testing.AllocsPerRun(100, func() {
		FrameText(buf, Headroom)
		dst = AppendPing(dst[:0], buf[:10])
		dst = AppendPong(dst, buf[:10])
		dst = AppendClose(dst, CodeGoingAway, "restart")
	}); n != 0 {
		t.Errorf("frames allocate %v times", n)
	}
}

func BenchmarkFrameText(b *testing.B) {
	buf := make([]byte, Headroom+1000)
	b.ReportAllocs()
	for b.Loop() {
		FrameText(buf, Headroom)
	}
}
