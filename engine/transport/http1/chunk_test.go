package http1

import (
	"io"
	"net/http/httputil"
	"strings"
	"testing"
)

func TestFrameChunk(t *testing.T) {
	for _, c := range []struct {
		size   int
		header string
	}{
		{1, "1\r\n"},
		{15, "f\r\n"},
		{16, "10\r\n"},
		{0xabc, "abc\r\n"},
		{0xffff, "ffff\r\n"},
		{0x10000, "10000\r\n"},
		{1 << 20, "100000\r\n"},
	} {
		for _, headroom := range []int{ChunkHeadroom, ChunkHeadroom + 7} {
			payload := strings.Repeat("x", c.size)
			buf := append([]byte(strings.Repeat("_", headroom)), payload...)
			if got, want := string(FrameChunk(buf, headroom)), c.header+payload+"\r\n"; got != want {
				t.Errorf("%d bytes: got %.20q, want %.20q", c.size, got, want)
			}
			if before := string(buf[:headroom-len(c.header)]); strings.Trim(before, "_") != "" {
				t.Errorf("%d bytes: headroom is now %q", c.size, before)
			}
		}
	}
	if got := FrameChunk(make([]byte, ChunkHeadroom), ChunkHeadroom); got != nil {
		t.Errorf("nothing: got %q, want nothing", got)
	}
}

func TestChunksAreReadable(t *testing.T) {
	var stream, want []byte
	for size := range 300 {
		payload := strings.Repeat("y", size)
		want = append(want, payload...)
		stream = append(stream, FrameChunk(append(make([]byte, ChunkHeadroom), payload...), ChunkHeadroom)...)
	}
	stream = append(stream, LastChunk...)
	got, err := io.ReadAll(httputil.NewChunkedReader(strings.NewReader(string(stream))))
	if err != nil || string(got) != string(want) {
		t.Fatalf("got %d bytes and %v, want %d", len(got), err, len(want))
	}
}

func TestFrameChunkAllocs(t *testing.T) {
	buf := make([]byte, ChunkHeadroom+1000, ChunkHeadroom+1002)
	if n := testing.AllocsPerRun(100, func() { FrameChunk(buf, ChunkHeadroom) }); n != 0 {
		t.Errorf("FrameChunk allocates %v times", n)
	}
}

func BenchmarkFrameChunk(b *testing.B) {
	buf := make([]byte, ChunkHeadroom+1000, ChunkHeadroom+1002)
	b.ReportAllocs()
	for b.Loop() {
		FrameChunk(buf, ChunkHeadroom)
	}
}
