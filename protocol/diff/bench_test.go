package diff

import (
	"fmt"
	"strings"
	"testing"

	"github.com/halley-stream/halley/protocol"
)

// book is a document as a feed might have it: an order book.
func book(levels int, price float64) string {
	var b strings.Builder
	b.WriteString(`{"symbol":"AAPL","bids":[`)
	for i := range levels {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"price":%.2f,"size":%d}`, 100-float64(i)/100, 100*(i+1))
	}
	fmt.Fprintf(&b, `],"last":%.2f}`, price)
	return b.String()
}

func BenchmarkTLCPDiff(b *testing.B) {
	text := strings.Repeat("The quick brown fox jumps over the lazy dog. ", 20)
	for name, c := range map[string]struct{ base, value string }{
		"one character":  {text, strings.Replace(text, "lazy", "busy", 1)},
		"each sentence":  {text, strings.ReplaceAll(text, "lazy", "busy")},
		"book":           {book(20, 100.01), book(20, 100.02)},
		"nothing shared": {strings.Repeat("abcd", 1000), strings.Repeat("0123", 1000)},
		"worst":          {strings.Repeat("ab", valueMax/2), strings.Repeat("ba", valueMax/2-1) + "c"},
	} {
		benchmark(b, name, protocol.TLCPDiff, c.base, c.value)
	}
}

func BenchmarkJSONPatch(b *testing.B) {
	for _, levels := range []int{5, 20, 400} {
		benchmark(b, fmt.Sprintf("book of %d", levels), protocol.JSONPatch, book(levels, 100.01), book(levels, 100.02))
	}
}

func benchmark(b *testing.B, name string, f protocol.DiffFormat, base, value string) {
	b.Run(name, func(b *testing.B) {
		var m Maker
		baseToken, tok := token(base), token(value)
		dst := make([]byte, 0, 3*valueMax)
		b.ReportAllocs()
		for b.Loop() {
			m.Append(dst, f, baseToken, tok)
		}
	})
}

func TestTLCPDiffDoesNotAllocate(t *testing.T) {
	var m Maker
	base, tok := token(book(20, 100.01)), token(book(20, 100.02))
	dst := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { m.Append(dst, protocol.TLCPDiff, base, tok) }); n != 0 {
		t.Errorf("a TLCP-diff allocates %v times", n)
	}
}
