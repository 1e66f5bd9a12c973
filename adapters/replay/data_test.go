package replay

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halley-stream/halley/adapters/adaptertest"
)

// recording returns the path of a real recording. They are not part of the
// project: tests of them are skipped where they are absent.
func recording(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", "ticks", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no recorded data: %v", err)
	}
	return path
}

// The numbers of rows are those of the recordings' own description, which counts
// line ends; the last line of each file has none.
var recordings = []struct {
	file    string
	rows    int
	dropped int
	large   bool
}{
	{"aig_20131008_quote.zip", 1_118_140, 0, true},
	{"aig_20131008_trade.zip", 43_342, 0, false},
	{"bac_20131008_quote.zip", 576_096, 0, true},
	{"bac_20131008_trade.zip", 125_872, 0, false},
	{"eurusd_20140508_quote.zip", 167_466, 0, false},
	{"ibm_20131008_quote.zip", 125_750, 1, false},
	{"ibm_20131008_trade.zip", 33_381, 0, false},
	{"spy_20131008_trade.zip", 451_545, 0, true},
	{"xauusd_20140509_quote.zip", 141_299, 0, false},
}

func TestRealRecordings(t *testing.T) {
	for _, c := range recordings {
		t.Run(c.file, func(t *testing.T) {
			if c.large && testing.Short() {
				t.Skip("a large file")
			}
			r, err := Open(recording(t, c.file))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			var text []byte
			n := 0
			for ; ; n++ {
				tick, err := r.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if n%100 != 0 {
					continue
				}
				if text = AppendJSON(text[:0], tick); !json.Valid(text) {
					t.Fatalf("%s is not JSON", text)
				}
			}
			if n != c.rows-c.dropped || r.Dropped() != c.dropped {
				t.Errorf("%d ticks, %d dropped; want %d and %d", n, r.Dropped(), c.rows-c.dropped, c.dropped)
			}
		})
	}
}

func TestARecordedDayTakesADay(t *testing.T) {
	file := recording(t, "ibm_20131008_trade.zip")
	synctest.Test(t, func(t *testing.T) {
		r, err := Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		feed := adaptertest.NewFeed(t)
		out, err := newOutput(feed, r.Symbols())
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := play(t.Context(), r, NewPace(1), out); err != nil {
			t.Fatal(err)
		}
		// From the first trade to the last one, at 19:23:56.822.
		if got, want := time.Since(began), (69_836_822-31_669_457)*time.Millisecond; got != want {
			t.Errorf("the day took %v, want %v", got, want)
		}
		if n, last := feed.Count(adaptertest.Update), feed.Last("IBM", "last"); n != 33_381 || last != "179.55" {
			t.Errorf("%d updates, the last price %s; want 33381 and 179.55", n, last)
		}
	})
}

// BenchmarkReader reads and merges all recordings, zipped as they are.
func BenchmarkReader(b *testing.B) {
	var files []string
	for _, c := range recordings {
		files = append(files, recording(b, c.file))
	}
	benchmarkReader(b, files, func(*Tick) {})
}

// BenchmarkReaderJSON makes JSON of what it reads, as a bridge to Kafka does.
func BenchmarkReaderJSON(b *testing.B) {
	var files []string
	for _, c := range recordings {
		files = append(files, recording(b, c.file))
	}
	text := make([]byte, 0, 1024)
	benchmarkReader(b, files, func(t *Tick) { text = AppendJSON(text[:0], t) })
}

func benchmarkReader(b *testing.B, files []string, use func(*Tick)) {
	r, err := Open(files...)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	b.ReportAllocs()
	for b.Loop() {
		t, err := r.Next()
		if err == io.EOF {
			b.StopTimer()
			if err := r.Rewind(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			continue
		}
		if err != nil {
			b.Fatal(err)
		}
		use(t)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ticks/s")
}
