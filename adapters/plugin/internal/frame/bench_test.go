package frame

import (
	"log/slog"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/adaptertest"
)

// The load of the benchmarks: updates of five short fields, of 10,000 items at random.
const (
	benchItems   = 10_000
	benchUpdates = 512
)

var benchValues = [][]byte{[]byte("180.36"), []byte("180.40"), []byte("1200"), []byte("900"), []byte("N")}

func benchFields() []adapters.Field { return []adapters.Field{0, 1, 2, 3, 4} }

// benchmarkFrame returns a decoder that knows the items and fields, and a frame.
func benchmarkFrame(tb testing.TB) (*Decoder, []byte) {
	tb.Helper()
	items := new(Items)
	for i := range benchItems {
		if _, err := items.Begin(adapters.NewItem("item"+strconv.Itoa(i), uint64(i+1))); err != nil {
			tb.Fatal(err)
		}
	}
	d := NewDecoder(adaptertest.NewDiscard(), items, slog.New(slog.DiscardHandler))
	var defined []byte
	for i, name := range []string{"bid", "ask", "bidsize", "asksize", "venue"} {
		defined = AppendField(defined, uint64(i), name)
	}
	if err := d.Decode(tb.Context(), defined); err != nil {
		tb.Fatal(err)
	}
	return d, appendUpdates(nil)
}

func appendUpdates(b []byte) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	fields := benchFields()
	for range benchUpdates {
		b = AppendRow(b, OpUpdate, r.Uint64N(benchItems), fields, benchValues)
	}
	return b
}

// BenchmarkDecode reads frames of 512 updates; an operation is one update.
func BenchmarkDecode(b *testing.B) {
	d, frame := benchmarkFrame(b)
	b.ReportAllocs()
	for n := 0; n < b.N; n += benchUpdates {
		if err := d.Decode(b.Context(), frame); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppend writes them.
func BenchmarkAppend(b *testing.B) {
	var frame []byte
	fields := benchFields()
	r := rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%benchUpdates == 0 {
			frame = frame[:0]
		}
		frame = AppendRow(frame, OpUpdate, r.Uint64N(benchItems), fields, benchValues)
	}
}
