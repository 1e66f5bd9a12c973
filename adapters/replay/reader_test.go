package replay

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// write makes a file with the content given; as the content of a zip file if its
// name is one.
func write(t testing.TB, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var w io.Writer = f
	if filepath.Ext(name) == ".zip" {
		z := zip.NewWriter(f)
		defer z.Close()
		if w, err = z.Create("inside.csv"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	return path
}

// read returns all ticks as JSON, and the error that ended them.
func read(r *Reader) (ticks []string, err error) {
	for {
		t, err := r.Next()
		if err == io.EOF {
			return ticks, nil
		}
		if err != nil {
			return ticks, err
		}
		ticks = append(ticks, t.String())
	}
}

func TestTicksOfEachForm(t *testing.T) {
	for _, c := range []struct {
		name, file, content string
		want                []string
	}{
		{"a quote gives the side that changed", "ibm_20131008_quote.csv",
			"34200123,1803600,200,0,0,N,0,0\n34200124,0,0,1804050,100,P,1,0\n",
			[]string{
				`{"symbol":"IBM","time":"09:30:00.123","bid":180.36,"bid_size":200,"exchange":"N"}`,
				`{"symbol":"IBM","time":"09:30:00.124","ask":180.405,"ask_size":100,"exchange":"P"}`,
			}},
		{"prices below and at whole cents", "x_20131008_quote.csv",
			"0,1,0,138000,9,N,,0\n0,0,0,0,0,,,0\n",
			[]string{
				`{"symbol":"X","time":"00:00:00.000","bid":0.0001,"bid_size":0,"ask":13.80,"ask_size":9,"exchange":"N"}`,
				`{"symbol":"X","time":"00:00:00.000"}`,
			}},
		{"a trade counts up the volume", "brk.b_20131008_trade.zip",
			"86399999,1821000,300,P,2000,0\r\n86399999,1820600,100,K,2000,0",
			[]string{
				`{"symbol":"BRK.B","time":"23:59:59.999","last":182.10,"size":300,"volume":300,"exchange":"P"}`,
				`{"symbol":"BRK.B","time":"23:59:59.999","last":182.06,"size":100,"volume":400,"exchange":"K"}`,
			}},
		{"decimal prices stay as they are", "eurusd_20140508_quote.zip",
			"17007,1.39147,1.39150\n17121.0762,1290.94,1291\n",
			[]string{
				`{"symbol":"EURUSD","time":"00:00:17.007","bid":1.39147,"ask":1.39150}`,
				`{"symbol":"EURUSD","time":"00:00:17.121","bid":1290.94,"ask":1291}`,
			}},
		{"suspicious ticks are dropped and trade nothing", "ibm_20131008_trade.csv",
			"1,10000,5,N,0,1\n2,10000,7,N,0,0\n3,10000,5,N,0,1\n",
			[]string{`{"symbol":"IBM","time":"00:00:00.002","last":1.00,"size":7,"volume":7,"exchange":"N"}`}},
		{"an empty file", "ibm_20131008_trade.csv", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Open(write(t, t.TempDir(), c.file, c.content))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			got, err := read(r)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("got\n%s, %v\nwant\n%s", strings.Join(got, "\n"), err, strings.Join(c.want, "\n"))
			}
			for _, tick := range got {
				if !json.Valid([]byte(tick)) {
					t.Errorf("%s is not JSON", tick)
				}
			}
		})
	}
}

func TestFilesAreMergedByTime(t *testing.T) {
	leaktest.Descriptors(t)
	dir := t.TempDir()
	r, err := Open(
		write(t, dir, "ibm_20131008_quote.csv", "1,10000,1,0,0,N,0,0\n5,10000,2,0,0,N,0,0\n5,10000,3,0,0,N,0,0\n"),
		write(t, dir, "ibm_20131008_trade.zip", "2,10000,1,N,0,0\n5,10000,1,N,0,1\n9,10000,2,N,0,0\n"),
		write(t, dir, "eurusd_20140508_quote.zip", "0.5,1.1,1.2\n5.000,1.1,1.2\n5.5,1.1,1.2\n"),
	)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got := r.Symbols(); !slices.Equal(got, []string{"EURUSD", "IBM"}) {
		t.Errorf("symbols %q", got)
	}
	want := "EURUSD quote 500µs, IBM quote 1ms, IBM trade 2ms, IBM quote 5ms, IBM quote 5ms, EURUSD quote 5ms, EURUSD quote 5.5ms, IBM trade 9ms"
	for pass := range 2 {
		var got []string
		for {
			tick, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, tick.Symbol+" "+tick.Kind.String()+" "+tick.Time.String())
		}
		if s := strings.Join(got, ", "); s != want || r.Dropped() != pass+1 {
			t.Errorf("pass %d:\n%s, %d dropped, want\n%s, %d dropped", pass, s, r.Dropped(), want, pass+1)
		}
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("after the end: %v, want io.EOF", err)
		}
		if err := r.Rewind(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFaultsInsideFilesHaveTheirPlace(t *testing.T) {
	const quote, trade, good = "ibm_20131008_quote.csv", "ibm_20131008_trade.csv", "1,10000,5,N,0,0\n"
	for _, c := range []struct {
		name, file, content, want string
	}{
		{"columns of a quote", quote, "1,2\n", `ibm_20131008_quote.csv:1: line: found "1,2", want 8 columns (time, bid,`},
		{"columns of a trade", trade, "1,2,3\n", `ibm_20131008_trade.csv:1: line: found "1,2,3", want 6 columns (time, price,`},
		{"other columns than before", quote, "1,1.5,1.6\n2,10000,1,0,0,N,0,0\n", `ibm_20131008_quote.csv:2: line: found "2,10000,1,0,0,N,0,0", want 3 columns, as in the first line`},
		{"too many columns", quote, "1,2,3,4,5,6,7,8,9,10\n", `want 8 columns`},
		{"an empty line", trade, good + "\n" + good, `ibm_20131008_trade.csv:2: line: found "", want 6 columns`},
		{"a header", trade, "time,price,size,exchange,condition,0\n", `ibm_20131008_trade.csv:1: time: found "time", want milliseconds`},
		{"a time past the day", trade, good + "86400000,10000,5,N,0,0\n", `:2: time: found "86400000"`},
		{"a time with a point and no fraction", trade, "1.,10000,5,N,0,0\n", `:1: time: found "1."`},
		{"a fraction that is none", trade, "1.x,10000,5,N,0,0\n", `:1: time: found "1.x"`},
		{"a time that goes back", trade, "2,10000,5,N,0,0\n" + good, `:2: time: found "1", want a time not before`},
		{"a price with a point", trade, "1,18.5,5,N,0,0\n", `:1: price: found "18.5", want a whole number of 1/10,000`},
		{"a bid below zero", quote, "1,-5,5,0,0,N,0,0\n", `:1: bid: found "-5"`},
		{"an ask too large", quote, "1,0,0,9999999999999999999,5,N,0,0\n", `:1: ask: found "9999999999999999999"`},
		{"no size", trade, "1,10000,,N,0,0\n", `:1: size: found "", want a whole number`},
		{"a decimal with a sign", quote, "1,+1.5,1.6\n", `:1: bid: found "+1.5", want a decimal number`},
		{"a decimal with two points", quote, "1,1.5,1.6.7\n", `:1: ask: found "1.6.7"`},
		{"a decimal with a zero in front", quote, "1,01.5,1.6\n", `:1: bid: found "01.5"`},
		{"an exchange", trade, "1,10000,5,\"N\",0,0\n", `:1: exchange: found "\"N\"", want up to 8 letters`},
		{"suspicious", trade, "1,10000,5,N,0,maybe\n", `:1: suspicious: found "maybe", want 0 or 1`},
		{"a very long line", trade, good + strings.Repeat("9", longest+1), `:2: line: found a longer one, want at most 4096 bytes`},
		{"an endless line", trade, good + strings.Repeat("9", 20*longest), `:2: line: found a longer one, want at most 4096 bytes`},
	} {
		t.Run(c.name, func(t *testing.T) {
			leaktest.Descriptors(t)
			r, err := Open(write(t, t.TempDir(), c.file, c.content))
			if err == nil {
				defer r.Close()
				_, err = read(r)
				if _, again := r.Next(); again != err {
					t.Errorf("the next call returned %v, want the same error", again)
				}
			}
			var fault *FormatError
			if !errors.As(err, &fault) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestFaultsOfFiles(t *testing.T) {
	leaktest.Descriptors(t)
	dir := t.TempDir()
	good := write(t, dir, "ibm_20131008_trade.csv", "1,10000,5,N,0,0\n")
	noZip := filepath.Join(dir, "aig_20131008_trade.zip")
	if err := os.WriteFile(noZip, []byte("1,10000,5,N,0,0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	twoFiles := filepath.Join(dir, "bac_20131008_trade.zip")
	f, err := os.Create(twoFiles)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for _, name := range []string{"a", "b"} {
		if _, err := z.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		files []string
		want  string
	}{
		{nil, "no files"},
		{[]string{"ibm.csv"}, "want a name such as"},
		{[]string{"ibm_20131008_quotes.csv"}, "want a name such as"},
		{[]string{"ibm_20131308_quote.csv"}, "want a name such as"},
		{[]string{"_20131008_quote.csv"}, "want a name such as"},
		{[]string{"i\"m_20131008_quote.csv"}, "want a name such as"},
		{[]string{"ibm_20131008_quote.txt"}, "want a name such as"},
		{[]string{good, "x/IBM_20131009_trade.zip"}, "the trades of IBM are in another file too"},
		{[]string{good, "spy_20131009_trade.zip"}, "no such file"},
		{[]string{good, noZip}, "aig_20131008_trade.zip: zip: not a valid zip file"},
		{[]string{twoFiles}, "found 2 files in it, want one"},
	} {
		if r, err := Open(c.files...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Open(%q) = %v, %v, want %q", c.files, r, err, c.want)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add("34200123,1803600,200,0,0,N,0,0\n34200124.5,0,0,1804050,100,P,1,1\r\n", false)
	f.Add("17007,1.39147,1.39148\n17264,0.0,1\n", false)
	f.Add("31669457,1821000,300,P,2000,0\n,,,,,\n", true)
	f.Add("999999999999999999,1\n\n", true)
	f.Fuzz(func(t *testing.T, content string, trade bool) {
		kind := Quote
		if trade {
			kind = Trade
		}
		s := newSource("fuzz", "FUZZ", kind)
		s.in.Reset(strings.NewReader(content))
		lines := strings.Count(content, "\n") + 1
		var last time.Duration
		for n := 0; ; n++ {
			if err := s.advance(); err != nil {
				var fault *FormatError
				if !errors.As(err, &fault) || fault.Line < 1 || fault.Line > lines {
					t.Fatalf("%q: %v, want a fault in one of %d lines", content, err, lines)
				}
				return
			}
			if s.done {
				return
			}
			if n > lines {
				t.Fatalf("%q: more ticks than lines", content)
			}
			if text := AppendJSON(nil, &s.tick); !json.Valid(text) {
				t.Fatalf("%q: %s is not JSON", content, text)
			}
			if s.tick.Time < last {
				t.Fatalf("%q: %v after %v", content, s.tick.Time, last)
			}
			last = s.tick.Time
		}
	})
}

func FuzzZip(f *testing.F) {
	dir := f.TempDir()
	good, err := os.ReadFile(write(f, dir, "seed.zip", "17007,1.39147,1.39148\n"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "x_20140508_quote.zip")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(path)
		if err != nil {
			return
		}
		defer r.Close()
		read(r)
	})
}
