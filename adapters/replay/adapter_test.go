package replay

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/adaptertest"
	"github.com/halley-stream/halley/internal/leaktest"
)

// files makes recordings of two symbols in which every tick is a second after the
// one before: a quote, a trade and the other symbol's quote, then two more quotes
// of the same time.
func files(t testing.TB) []string {
	dir := t.TempDir()
	return []string{
		write(t, dir, "ibm_20131008_quote.csv", "34200000,1803600,200,0,0,N,0,0\n34203000,0,0,1804000,100,P,0,0\n34203000,1803700,100,0,0,P,0,0\n"),
		write(t, dir, "ibm_20131008_trade.zip", "34201000,1803900,300,N,0,0\n"),
		write(t, dir, "eurusd_20140508_quote.csv", "34202000,1.39147,1.39150\n"),
	}
}

func TestAdapterPlaysAtItsSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leaktest.Descriptors(t)
		a, err := New(Config{Files: files(t), Speed: 0.5})
		if err != nil {
			t.Fatal(err)
		}
		feed := adaptertest.NewFeed(t)
		began := time.Now()
		adaptertest.Run(t, a, feed)
		feed.WaitFor(func() bool { return feed.Count(adaptertest.Down) == 1 })
		if took := time.Since(began); took != 6*time.Second {
			t.Errorf("played for %v, want the recorded 3s at half speed", took)
		}
		for field, want := range map[string]string{
			"bid": "180.37", "bid_size": "100", "ask": "180.40", "ask_size": "100", "exchange": "P",
			"last": "180.39", "size": "300", "volume": "300", "time": "09:30:03.000",
		} {
			if got := feed.Last("IBM", field); got != want {
				t.Errorf("IBM %s = %q, want %q", field, got, want)
			}
		}
		events := feed.Events()
		if first, last := events[0], events[len(events)-1]; first.Kind != adaptertest.Up || len(events) != 7 || !errors.Is(last.Err, ErrEnded) {
			t.Errorf("events %v, want Up, 5 updates, Down because of the end", events)
		}
	})
}

func TestAdapterStartsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leaktest.Descriptors(t)
		a, err := New(Config{Files: files(t), Speed: 1, Loop: true})
		if err != nil {
			t.Fatal(err)
		}
		feed := adaptertest.NewFeed(t)
		began := time.Now()
		adaptertest.Run(t, a, feed)
		feed.WaitFor(func() bool { return feed.Count(adaptertest.Update) == 3*5 })
		if took := time.Since(began); took != 11*time.Second {
			t.Errorf("three passes of 3s took %v, want 11s with the pauses", took)
		}
		if feed.Count(adaptertest.Clear)+feed.Count(adaptertest.Down) != 0 {
			t.Error("starting over cleared values or the feed went down")
		}
	})
}

func TestAdapterStopsWhileItWaits(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits adaptertest.Limits
		speed  float64
		hold   bool // all batches
	}{
		{name: "for a tick's time", speed: 0.001},
		{name: "for a batch", limits: adaptertest.Limits{Batches: 1}, hold: true},
		{name: "after the end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, err := New(Config{Files: files(t), Speed: c.speed})
				if err != nil {
					t.Fatal(err)
				}
				feed := adaptertest.NewFeedWith(t, c.limits)
				if c.hold {
					b, err := feed.Batch(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					defer b.Send()
				}
				stop := adaptertest.Run(t, a, feed)
				synctest.Wait()
				began := time.Now()
				stop()
				if took := time.Since(began); took != 0 {
					t.Errorf("Run took %v to end", took)
				}
			})
		})
	}
}

func TestAdapterKnowsItsSymbols(t *testing.T) {
	a, err := New(Config{Files: files(t)})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]error{"IBM": nil, "EURUSD": nil, "ibm": adapters.ErrUnknownItem, "": adapters.ErrUnknownItem} {
		traits, err := a.Describe(name)
		if !errors.Is(err, want) || err == nil && traits.Modes != adapters.Modes(adapters.Merge) {
			t.Errorf("Describe(%q) = %v, %v, want %v", name, traits, err, want)
		}
		if _, err := a.Subscribe(t.Context(), adapters.NewItem(name, 1)); !errors.Is(err, want) {
			t.Errorf("Subscribe(%q) = %v, want %v", name, err, want)
		}
	}
}

func TestABadLineStopsThePlayingAndKeepsTheValues(t *testing.T) {
	a, err := New(Config{Loop: true, Files: []string{write(t, t.TempDir(), "ibm_20131008_trade.csv", "1,10000,5,N,0,0\nrubbish\n")}})
	if err != nil {
		t.Fatal(err)
	}
	feed := adaptertest.NewFeed(t)
	stop := adaptertest.Run(t, a, feed)
	feed.WaitFor(func() bool { return feed.Count(adaptertest.Down) == 1 })
	stop()
	events := feed.Events()
	var fault *FormatError
	if last := events[len(events)-1]; !errors.As(last.Err, &fault) || fault.Line != 2 {
		t.Errorf("the reason is %v, want a FormatError of line 2", last.Err)
	}
	if got := feed.Last("IBM", "last"); got != "1.00" {
		t.Errorf("the last price is %q, want the one before the bad line", got)
	}
}

func TestRunReturnsWhatItMeets(t *testing.T) {
	dir := t.TempDir()
	a, err := New(Config{Files: []string{write(t, dir, "ibm_20131008_trade.csv", "1,10000,5,N,0,0\n")}})
	if err != nil {
		t.Fatal(err)
	}
	for name, limits := range map[string]adaptertest.Limits{"no room for fields": {Fields: 3}, "no room for items": {Items: -1}} {
		err := a.Run(t.Context(), adaptertest.NewFeedWith(t, limits))
		if !errors.Is(err, adapters.ErrTooManyFields) && !errors.Is(err, adapters.ErrTooManyItems) {
			t.Errorf("%s: %v", name, err)
		}
	}
	feed := adaptertest.NewFeed(t)
	feed.Close()
	if err := a.Run(t.Context(), feed); !errors.Is(err, adapters.ErrClosed) {
		t.Errorf("of a closed feed: %v, want ErrClosed", err)
	}
}

func TestValidateListsAllFaults(t *testing.T) {
	_, err := New(Config{Files: []string{"a.csv", "b.csv"}, Speed: -1, From: "noon"})
	if err == nil {
		t.Fatal("New accepted a config full of faults")
	}
	for _, want := range []string{"files", "a.csv", "b.csv", "speed", "from"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
	for from, want := range map[string]time.Duration{"": 0, "09:30": 9*time.Hour + 30*time.Minute, "23:59:59": 24*time.Hour - time.Second} {
		if got, err := (Config{From: from}).from(); got != want || err != nil {
			t.Errorf("from %q is %v, %v, want %v", from, got, err, want)
		}
	}
}

func TestTickPathDoesNotAllocate(t *testing.T) {
	lines := "34200000,1803600,200,0,0,N,0,0\n34200001.5,0,0,1804000,100,P,0,0\n" +
		strings.Repeat("34200002,1803600,200,0,0,N,0,0\n", 5000)
	r, err := Open(write(t, t.TempDir(), "ibm_20131008_quote.csv", lines))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out, err := newOutput(adaptertest.NewDiscard(), r.Symbols())
	if err != nil {
		t.Fatal(err)
	}
	ctx, pace, text := context.Background(), NewPace(1000), make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(4000, func() {
		tick, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if err := pace.Wait(ctx, tick); err != nil {
			t.Fatal(err)
		}
		if err := out.put(ctx, tick); err != nil {
			t.Fatal(err)
		}
		text = AppendJSON(text[:0], tick)
	}); n != 0 {
		t.Errorf("a tick allocates %v times", n)
	}
	out.flush()
}

// BenchmarkAdapter is a tick's way from the file to the feed, as fast as possible.
func BenchmarkAdapter(b *testing.B) {
	var files []string
	for _, c := range recordings {
		files = append(files, recording(b, c.file))
	}
	feed := adaptertest.NewDiscard()
	ticks := 0
	b.ReportAllocs()
	for b.Loop() { // each turn is all recordings
		r, err := Open(files...)
		if err != nil {
			b.Fatal(err)
		}
		out, err := newOutput(feed, r.Symbols())
		if err != nil {
			b.Fatal(err)
		}
		before := feed.Updates()
		if err := play(b.Context(), r, NewPace(0), out); err != nil {
			b.Fatal(err)
		}
		ticks += int(feed.Updates() - before)
		r.Close()
	}
	b.ReportMetric(float64(ticks)/b.Elapsed().Seconds(), "ticks/s")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(ticks), "ns/tick")
}
