package records_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go/compress"

	"github.com/halley-stream/halley/adapters/kafka/internal/records"
	fake "github.com/halley-stream/halley/adapters/kafka/internal/records/recordtest"
)

// join returns the bytes of batches, one behind the other.
func join(batches ...fake.Batch) []byte {
	var data []byte
	for _, b := range batches {
		data = b.Append(data)
	}
	return data
}

// run returns records with the offsets from first to last.
func run(first, last int64) []fake.Record {
	var rs []fake.Record
	for o := first; o <= last; o++ {
		rs = append(rs, fake.Text(o, fmt.Sprint("k", o), fmt.Sprint("v", o)))
	}
	return rs
}

// walk returns the offsets read, faults and the position after them: "1 2 3; 4".
func walk(r *records.Reader) string {
	var out []string
	var rec records.Record
	for {
		for r.Next(&rec) {
			out = append(out, fmt.Sprint(rec.Offset))
		}
		err := r.Err()
		if err == nil {
			return strings.Join(append(out, fmt.Sprint("; ", r.Position())), " ")
		}
		out = append(out, faultName(err))
		if !r.Skip() {
			return strings.Join(append(out, fmt.Sprint("; stuck at ", r.Position())), " ")
		}
	}
}

func faultName(err error) string {
	for name, fault := range map[string]error{
		"checksum": records.ErrChecksum, "old": records.ErrOldFormat, "codec": records.ErrCodec,
		"large": records.ErrTooLarge, "record": records.ErrRecord, "batch": records.ErrBatch,
	} {
		if errors.Is(err, fault) {
			return name
		}
	}
	return err.Error()
}

// damage changes a batch and, unless it is told not to, gives it the right sum.
func damage(b fake.Batch, seal bool, change func([]byte)) []byte {
	data := b.Bytes()
	change(data)
	if seal {
		fake.Seal(data)
	}
	return data
}

func TestReader(t *testing.T) {
	small := fake.Of(run(0, 2)...)
	next := fake.Of(run(3, 4)...)
	for _, c := range []struct {
		name    string
		data    []byte
		from    int64
		aborted []records.Aborted
		want    string
	}{
		{name: "nothing", want: "; 0"},
		{name: "one batch", data: small.Bytes(), want: "0 1 2 ; 3"},
		{name: "two batches", data: join(small, next), want: "0 1 2 3 4 ; 5"},
		{name: "the first records were read before", data: join(small, next), from: 2, want: "2 3 4 ; 5"},
		{name: "a whole batch was read before", data: join(small, next), from: 3, want: "3 4 ; 5"},
		{name: "the last batch is cut off", data: join(small, next)[:len(small.Bytes())+70], want: "0 1 2 ; 3"},
		{name: "the head of the last batch is cut off", data: join(small, next)[:len(small.Bytes())+11], want: "0 1 2 ; 3"},
		{name: "only a piece", data: small.Bytes()[:40], want: "; 0"},

		{name: "an empty batch in the middle", data: join(small, fake.Empty(3, 9), fake.Of(run(10, 11)...)), want: "0 1 2 10 11 ; 12"},
		{name: "an empty batch first", data: join(fake.Empty(0, 9), fake.Of(run(10, 11)...)), want: "10 11 ; 12"},
		{name: "the last batch is empty", data: join(small, fake.Empty(3, 39)), want: "0 1 2 ; 40"},
		{name: "only an empty batch", data: fake.Empty(0, 39).Bytes(), want: "; 40"},
		{name: "the tail of a batch was compacted away", data: join(small.Until(9), fake.Of(run(10, 10)...)), want: "0 1 2 10 ; 11"},
		{name: "the tail of the last batch was compacted away", data: small.Until(39).Bytes(), want: "0 1 2 ; 40"},
		{name: "holes inside a batch", data: fake.Of(fake.Text(0, "a", "1"), fake.Text(7, "b", "2"), fake.Text(20, "c", "3")).Bytes(), want: "0 7 20 ; 21"},
		{name: "the head of a batch was compacted away", data: fake.Batch{Base: 5, Last: 9, Records: run(8, 9), Producer: -1}.Bytes(), from: 5, want: "8 9 ; 10"},
		{name: "the offset wanted is in a hole", data: fake.Of(fake.Text(0, "a", "1"), fake.Text(7, "b", "2")).Bytes(), from: 3, want: "7 ; 8"},
		{name: "sparse zstd batches", data: join(
			small.Compressed(compress.Zstd).Until(9),
			fake.Of(fake.Text(15, "a", "b")).Compressed(compress.Zstd).Until(29),
			fake.Empty(30, 39)), want: "0 1 2 15 ; 40"},

		{name: "gzip", data: small.Compressed(compress.Gzip).Bytes(), want: "0 1 2 ; 3"},
		{name: "snappy", data: small.Compressed(compress.Snappy).Bytes(), want: "0 1 2 ; 3"},
		{name: "lz4", data: small.Compressed(compress.Lz4).Bytes(), want: "0 1 2 ; 3"},
		{name: "zstd", data: small.Compressed(compress.Zstd).Bytes(), want: "0 1 2 ; 3"},
		{name: "all codecs in turn", data: join(
			fake.Of(run(0, 1)...).Compressed(compress.Lz4), fake.Of(run(2, 3)...), fake.Of(run(4, 5)...).Compressed(compress.Zstd),
			fake.Of(run(6, 7)...).Compressed(compress.Gzip), fake.Of(run(8, 9)...).Compressed(compress.Snappy)), want: "0 1 2 3 4 5 6 7 8 9 ; 10"},

		{name: "the end of a transaction is no record", data: join(small.In(7), fake.Mark(3, 7, true)), want: "0 1 2 ; 4"},
		{name: "the log ends with a mark", data: join(small, fake.Mark(3, 7, true)), want: "0 1 2 ; 4"},
		{name: "an aborted transaction", data: join(small.In(7), fake.Mark(3, 7, false), fake.Of(run(4, 4)...)),
			aborted: []records.Aborted{{Producer: 7, First: 0}}, want: "4 ; 5"},
		{name: "only one producer aborts", data: join(fake.Of(run(0, 0)...).In(7), fake.Of(run(1, 1)...).In(8), fake.Of(run(2, 2)...).In(7), fake.Mark(3, 7, false), fake.Mark(4, 8, true)),
			aborted: []records.Aborted{{Producer: 7, First: 0}}, want: "1 ; 5"},
		{name: "the producer goes on after it has aborted", data: join(fake.Of(run(0, 0)...).In(7), fake.Mark(1, 7, false), fake.Of(run(2, 2)...).In(7), fake.Mark(3, 7, true)),
			aborted: []records.Aborted{{Producer: 7, First: 0}}, want: "2 ; 4"},
		{name: "it aborts twice", data: join(fake.Of(run(0, 0)...).In(7), fake.Mark(1, 7, false), fake.Of(run(2, 2)...).In(7), fake.Mark(3, 7, false), fake.Of(run(4, 4)...)),
			aborted: []records.Aborted{{Producer: 7, First: 0}, {Producer: 7, First: 2}}, want: "4 ; 5"},
		{name: "it commits and then aborts", data: join(fake.Of(run(0, 0)...).In(7), fake.Mark(1, 7, true), fake.Of(run(2, 2)...).In(7), fake.Mark(3, 7, false)),
			aborted: []records.Aborted{{Producer: 7, First: 2}}, want: "0 ; 4"},
		{name: "an aborted transaction that began before", data: join(fake.Of(run(5, 6)...).In(7), fake.Mark(7, 7, false), fake.Of(run(8, 8)...)), from: 5,
			aborted: []records.Aborted{{Producer: 7, First: 2}}, want: "8 ; 9"},
		{name: "records outside of transactions are never aborted", data: join(fake.Of(run(0, 0)...), fake.Mark(1, -1, false)),
			aborted: []records.Aborted{{Producer: -1, First: 0}}, want: "0 ; 2"},
		{name: "an aborted batch compressed with rubbish is not looked at", data: damage(small.In(7), true, func(b []byte) { b[fake.AtAttributes+1] |= 4 }),
			aborted: []records.Aborted{{Producer: 7, First: 0}}, want: "; 3"},

		{name: "a bit is wrong", data: append(damage(small, false, func(b []byte) { b[len(b)-1] ^= 1 }), next.Bytes()...), want: "checksum 3 4 ; 5"},
		{name: "a format from long ago", data: append(damage(small, false, func(b []byte) { b[fake.AtMagic] = 1 }), next.Bytes()...), want: "old 3 4 ; 5"},
		{name: "an unknown codec", data: append(damage(small, true, func(b []byte) { b[fake.AtAttributes+1] = 5 }), next.Bytes()...), want: "codec 3 4 ; 5"},
		{name: "what is no gzip", data: append(damage(small, true, func(b []byte) { b[fake.AtAttributes+1] = 1 }), next.Bytes()...), want: "codec 3 4 ; 5"},
		{name: "what is no zstd", data: append(damage(small, true, func(b []byte) { b[fake.AtAttributes+1] = 4 }), next.Bytes()...), want: "codec 3 4 ; 5"},
		{name: "more records than there are", data: append(damage(small, true, func(b []byte) { b[fake.AtCount+3] = 9 }), next.Bytes()...), want: "0 1 2 record 3 4 ; 5"},
		{name: "a record past the end", data: append(damage(small, true, func(b []byte) { b[fake.AtRecords] = 0x7F }), next.Bytes()...), want: "record 3 4 ; 5"},
		{name: "an offset outside of its batch", data: append(damage(small, true, func(b []byte) { b[fake.AtRecords+3] = 0x7E }), next.Bytes()...), want: "record 3 4 ; 5"},
		{name: "an offset past all offsets", data: damage(small, true, func(b []byte) { b[0] = 0x7F }), want: "batch ; stuck at 0"},
		{name: "a negative length", data: damage(small, false, func(b []byte) { binary.BigEndian.PutUint32(b[fake.AtLength:], 1<<31) }), want: "batch ; stuck at 0"},
		{name: "a length too short", data: damage(small, false, func(b []byte) { binary.BigEndian.PutUint32(b[fake.AtLength:], 20) }), want: "batch ; stuck at 0"},
		{name: "a negative count", data: damage(small, true, func(b []byte) { b[fake.AtCount] = 0xFF }), want: "batch ; stuck at 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r records.Reader
			for range 2 { // a Reader is used again
				r.Reset(c.data, c.from, c.aborted)
				if got := walk(&r); got != c.want {
					t.Fatalf("read %q, want %q", got, c.want)
				}
			}
		})
	}
}

func TestRecordsAreWhole(t *testing.T) {
	b := fake.Of(
		fake.Record{Offset: 5, Time: 1000, Key: []byte("k"), Value: []byte("v"), Headers: []fake.Header{{Name: "a", Value: []byte("1")}, {Name: "b"}, {Name: "a", Value: []byte{}}}},
		fake.Record{Offset: 6, Time: 900, Key: []byte{}, Value: []byte{}},
		fake.Record{Offset: 7, Time: 1 << 40},
	)
	show := func(data []byte) string {
		var (
			r   records.Reader
			rec records.Record
			out []string
		)
		r.Reset(data, 0, nil)
		for r.Next(&rec) {
			s := fmt.Sprintf("%d at %d: %s", rec.Offset, rec.Time, text(rec.Key)+"="+text(rec.Value))
			for name, value := range rec.Headers() {
				s += " " + text(name) + ":" + text(value)
			}
			out = append(out, s)
		}
		return strings.Join(out, "; ")
	}
	if got, want := show(b.Bytes()), `5 at 1000: "k"="v" "a":"1" "b":null "a":""; 6 at 900: ""=""; 7 at 1099511627776: null=null`; got != want {
		t.Errorf("read  %s\nwant  %s", got, want)
	}
	b.Time = 4242 // the broker's own time
	if got, want := show(b.Bytes()), `5 at 4242: "k"="v" "a":"1" "b":null "a":""; 6 at 4242: ""=""; 7 at 4242: null=null`; got != want {
		t.Errorf("read  %s\nwant  %s", got, want)
	}
}

func text(b []byte) string {
	if b == nil {
		return "null"
	}
	return fmt.Sprintf("%q", b)
}

func TestChecksumMayBeSkipped(t *testing.T) {
	r := records.Reader{SkipChecksum: true}
	r.Reset(damage(fake.Of(run(0, 1)...), false, func(b []byte) { b[fake.AtCRC] ^= 1 }), 0, nil)
	if got := walk(&r); got != "0 1 ; 2" {
		t.Errorf("read %q", got)
	}
}

// A few bytes that stand for a lot must cost neither memory nor time.
func TestBombs(t *testing.T) {
	const limit = 1 << 20
	large := make([]byte, 4*limit)
	zstdFrame := func(descriptor byte, rest ...byte) []byte {
		return append([]byte{0x28, 0xB5, 0x2F, 0xFD, descriptor}, rest...)
	}
	raw := []byte{1, 0, 0} // the last block, empty
	for _, c := range []struct {
		name  string
		codec compress.Compression
		data  []byte
		want  string
	}{
		{"gzip", compress.Gzip, fake.Compress(compress.Gzip, large), "large"},
		{"lz4", compress.Lz4, fake.Compress(compress.Lz4, large), "large"},
		{"snappy", compress.Snappy, fake.Compress(compress.Snappy, large), "large"},
		{"zstd", compress.Zstd, fake.Compress(compress.Zstd, large), "large"},
		{"snappy that claims four gigabytes", compress.Snappy, []byte{0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0}, "large"},
		{"framed snappy that claims four gigabytes", compress.Snappy,
			append([]byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1}, 0, 0, 0, 6, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0), "large"},
		{"zstd with a window of half a gigabyte", compress.Zstd, append(zstdFrame(0, 19<<3), raw...), "large"},
		{"zstd with such a window in the second frame", compress.Zstd,
			append(append(zstdFrame(0, 0), raw...), append(zstdFrame(0, 19<<3), raw...)...), "large"},
		{"zstd with a huge single segment", compress.Zstd, append(zstdFrame(0xE0, 0, 0, 0, 0, 0, 1, 0, 0), raw...), "large"},
		{"zstd cut off", compress.Zstd, zstdFrame(0), "codec"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := fake.Of(run(0, 0)...).Bytes()[:fake.AtRecords]
			b = append(b, c.data...)
			b[fake.AtAttributes+1] = byte(c.codec)
			binary.BigEndian.PutUint32(b[fake.AtLength:], uint32(len(b)-12))
			fake.Seal(b)
			r := records.Reader{MaxDecoded: limit}
			r.Reset(append(b, fake.Of(run(1, 1)...).Bytes()...), 0, nil)
			if got := walk(&r); got != c.want+" 1 ; 2" {
				t.Errorf("read %q, want %q and the batch behind it", got, c.want)
			}
		})
	}
}

// tick is as long as the ticks that figures are given for.
const tick = `{"symbol":"IBM","time":35999123,"bid":180.36,"bidSize":300,"ask":180.41,"askSize":200,"exchange":"N","condition":"R","last":180.38,"volume":1204500}`

// load returns batches of 1000 ticks.
func load(n int, codec compress.Compression) []byte {
	var data []byte
	for from := 0; from < n; from += 1000 {
		var rs []fake.Record
		for o := from; o < from+1000; o++ {
			rs = append(rs, fake.Text(int64(o), "NYSEIBM", tick))
		}
		data = fake.Of(rs...).Compressed(codec).Append(data)
	}
	return data
}

func TestReadingDoesNotAllocate(t *testing.T) {
	data := load(1000, compress.None)
	var r records.Reader
	var rec records.Record
	if n := testing.AllocsPerRun(100, func() {
		r.Reset(data, 0, nil)
		for r.Next(&rec) {
			for range rec.Headers() {
			}
		}
	}); n != 0 || r.Err() != nil {
		t.Errorf("%v allocations, error %v", n, r.Err())
	}
}

func BenchmarkReader(b *testing.B) {
	for _, codec := range []compress.Compression{compress.None, compress.Lz4, compress.Snappy, compress.Zstd, compress.Gzip} {
		b.Run(codec.String(), func(b *testing.B) {
			const n = 20_000
			data := load(n, codec)
			var r records.Reader
			var rec records.Record
			b.ReportAllocs()
			for b.Loop() {
				r.Reset(data, 0, nil)
				for r.Next(&rec) {
				}
				if r.Position() != n {
					b.Fatal(r.Position(), r.Err())
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
		})
	}
}

// FuzzReader checks that nothing in a response makes the Reader panic, go back, or
// never end. The sums are wrong in nearly all inputs, so they are not checked.
func FuzzReader(f *testing.F) {
	f.Add(join(fake.Of(run(0, 2)...), fake.Empty(3, 9), fake.Of(run(10, 10)...).In(7), fake.Mark(11, 7, false)), int64(0), int64(10))
	for codec := compress.Gzip; codec <= compress.Zstd; codec++ {
		f.Add(fake.Of(run(0, 2)...).Compressed(codec).Bytes(), int64(1), int64(0))
	}
	f.Fuzz(func(t *testing.T, data []byte, from, aborted int64) {
		r := records.Reader{MaxDecoded: 1 << 16, SkipChecksum: true}
		from = max(from, 0)
		r.Reset(data, from, []records.Aborted{{Producer: 7, First: aborted}})
		var rec records.Record
		last := from - 1
		for {
			for r.Next(&rec) {
				if rec.Offset <= last {
					t.Fatalf("offset %d after %d", rec.Offset, last)
				}
				last = rec.Offset
				for range rec.Headers() {
				}
			}
			if r.Err() == nil || !r.Skip() {
				break
			}
		}
		if r.Position() < from {
			t.Fatalf("the position went back from %d to %d", from, r.Position())
		}
	})
}
