package demo

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/adaptertest"
)

// stage is an adapter on a feed, played by hand: without Run and without time.
type stage struct {
	*adapter
	feed *adaptertest.Feed
	out  *output
}

func market(t testing.TB, c Config) *Market {
	t.Helper()
	m, err := NewMarket(c)
	if err != nil {
		t.Fatal(err)
	}
	m.start = monday
	return m
}

func newStage(t *testing.T, a adapters.DataAdapter) *stage {
	t.Helper()
	s := &stage{adapter: a.(*adapter), feed: adaptertest.NewFeed(t)}
	out, err := newOutput(t.Context(), s.feed, s.view.fields())
	if err != nil {
		t.Fatal(err)
	}
	s.out = out
	return s
}

func (s *stage) play(t *testing.T, now time.Duration) {
	t.Helper()
	if s.step(s.out, now); s.out.err != nil {
		t.Fatal(s.out.err)
	}
}

func TestQuotesBeginWithASnapshotAndThenGiveWhatChanges(t *testing.T) {
	s := newStage(t, market(t, Config{Seed: 4}).Quotes())
	s.play(t, time.Minute) // nobody is interested
	if n := len(s.feed.Events()); n != 0 {
		t.Errorf("%d events without an item", n)
	}
	s.feed.Subscribe(s, "AAPL", adapters.Merge)
	s.play(t, time.Minute)
	events := s.feed.Events()
	if len(events) != 2 || events[0].Kind != adaptertest.Snapshot || len(events[0].Values) != int(fieldCount) || events[1].Kind != adaptertest.EndOfSnapshot {
		t.Fatalf("%v, want a snapshot of all fields and its end", events)
	}
	if symbol, name := s.feed.Last("AAPL", "symbol"), s.feed.Last("AAPL", "name"); symbol != "AAPL" || name != "Apple" {
		t.Errorf("symbol %q, name %q", symbol, name)
	}
	s.play(t, 2*time.Minute)
	in := &s.tape.instruments[s.index["AAPL"]]
	for f := range fieldCount {
		want := string((&quotes{s.tape}).append(nil, in, f))
		if got := s.feed.Last("AAPL", fieldNames[f]); got != want {
			t.Errorf("%s is %q at the client's and %q in the market", fieldNames[f], got, want)
		}
	}
	updates := s.feed.Events()[2:]
	full := slices.ContainsFunc(updates, func(e adaptertest.Event) bool { return len(e.Values) == int(fieldCount) })
	if len(updates) < 60 || full {
		t.Errorf("%d updates, one of them full: %v; want some 280, all partial", len(updates), full)
	}
}

func TestTimesAreUTC(t *testing.T) {
	tape := newTape(1, 1, monday.In(time.FixedZone("elsewhere", 7*3600)))
	if got := string(tape.appendTime(nil, 90*time.Second+5*time.Millisecond)); got != "2026-03-02T14:31:30.005Z" {
		t.Errorf("the time is %s", got)
	}
}

func TestUnsubscribedItemsAreSilent(t *testing.T) {
	s := newStage(t, market(t, Config{Seed: 4}).Quotes())
	first := s.feed.Subscribe(s, "AAPL", adapters.Merge)
	s.play(t, time.Minute)
	s.feed.Unsubscribe(s, first)
	s.play(t, time.Minute)
	seen := len(s.feed.Events())
	s.play(t, 2*time.Minute)
	if n := len(s.feed.Events()) - seen; n != 0 {
		t.Errorf("%d events after Unsubscribe", n)
	}
	second := s.feed.Subscribe(s, "AAPL", adapters.Merge)
	s.Unsubscribe(first) // late: it must not end the second life
	s.play(t, 2*time.Minute)
	s.play(t, 3*time.Minute)
	after := s.feed.Events()[seen:]
	if len(after) < 60 || after[0].Kind != adaptertest.Snapshot || after[0].Item != second {
		t.Errorf("a second life has %d events, and begins with %v", len(after), after[:min(2, len(after))])
	}
}

func TestDepthIsABookAroundTheQuote(t *testing.T) {
	m := market(t, Config{Seed: 11})
	q, d := newStage(t, m.Quotes()), newStage(t, m.Depth())
	items := []string{"IBM", "EURUSD", "XAUUSD", "JP225"}
	for _, name := range items {
		q.feed.Subscribe(q, name, adapters.Merge)
		d.feed.Subscribe(d, name, adapters.Command)
	}
	commands := make(map[string]int)
	for now := time.Duration(0); now < 5*time.Minute; now += 250 * time.Millisecond {
		q.play(t, now)
		d.play(t, now)
		for _, name := range items {
			if !d.feed.Complete(name) {
				t.Fatalf("the snapshot of %s has no end", name)
			}
			checkBook(t, d, name, q.feed.Last(name, "bid"), q.feed.Last(name, "bid_size"), q.feed.Last(name, "ask"), q.feed.Last(name, "ask_size"))
		}
		if t.Failed() {
			t.Fatalf("at %v", now)
		}
	}
	for _, e := range d.feed.Events() {
		commands[e.Values[adapters.CommandField].Text]++
	}
	if commands["ADD"] < 100 || commands["UPDATE"] < 100 || commands["DELETE"] < 100 {
		t.Errorf("commands %v, want some of each", commands)
	}
}

// checkBook checks the rows of a book as a client has it.
func checkBook(t *testing.T, d *stage, name, bid, bidSize, ask, askSize string) {
	t.Helper()
	keys := d.feed.Keys(name)
	if len(keys) != 2*levels {
		t.Errorf("%s: %d levels, want %d", name, len(keys), 2*levels)
	}
	for _, best := range []struct{ key, side, price, size string }{{"B" + bid, "bid", bid, bidSize}, {"A" + ask, "ask", ask, askSize}} {
		row := d.feed.Row(name, best.key)
		if row["side"] != best.side || row["price"] != best.price || row["size"] != best.size || row["orders"] == "" {
			t.Errorf("%s: the best level %s is %v, want price %s and size %s", name, best.key, row, best.price, best.size)
		}
	}
	in := &d.tape.instruments[d.index[name]]
	for n := range int64(levels) {
		for _, key := range []string{
			"B" + string(appendDecimal(nil, in.row[fieldBid]-n*in.gap, in.decimals)),
			"A" + string(appendDecimal(nil, in.row[fieldAsk]+n*in.gap, in.decimals)),
		} {
			if !slices.Contains(keys, key) {
				t.Errorf("%s: %s is missing in %q", name, key, keys)
			}
		}
	}
}

func TestBooksNeverCross(t *testing.T) {
	d := newStage(t, market(t, Config{Seed: 12}).Depth())
	d.feed.Subscribe(d, "TSLA", adapters.Command)
	d.play(t, 20*time.Minute)
	rows := make(map[string]string) // price by key
	for i, e := range d.feed.EventsOf("TSLA") {
		key := e.Values["key"].Text
		_, there := rows[key]
		switch command := e.Values["command"].Text; {
		case e.Kind == adaptertest.EndOfSnapshot:
			continue
		case command == "ADD" && there, command != "ADD" && !there:
			t.Fatalf("event %d: %v, and the row is there: %v", i, e, there)
		case command == "DELETE":
			delete(rows, key)
		default:
			rows[key] = e.Values["price"].Text
		}
		bid, ask := "", ""
		for k, price := range rows { // all prices have the same length
			switch {
			case k[0] == 'B':
				bid = max(bid, price)
			case ask == "" || price < ask:
				ask = price
			}
		}
		if bid != "" && ask != "" && bid >= ask {
			t.Fatalf("event %d, %v: bid %s, ask %s", i, e, bid, ask)
		}
	}
}

func TestNewsHasAPastAndGoesOn(t *testing.T) {
	s := newStage(t, market(t, Config{Seed: 3}).News())
	s.feed.Subscribe(s, AllNews, adapters.Distinct)
	s.play(t, 0)
	if n := s.feed.Count(adaptertest.Snapshot); n != backlog || !s.feed.Complete(AllNews) {
		t.Fatalf("a snapshot of %d headlines, complete: %v; want %d", n, s.feed.Complete(AllNews), backlog)
	}
	s.play(t, time.Hour)
	s.feed.Subscribe(s, "IBM", adapters.Distinct)
	s.play(t, time.Hour)
	past := 0
	for _, e := range s.feed.EventsOf("IBM") {
		if e.Kind == adaptertest.Snapshot {
			past++
		}
		if e.Kind == adaptertest.Snapshot && (e.Values["symbol"].Text != "IBM" || !strings.Contains(e.Values["headline"].Text, "IBM")) {
			t.Errorf("%v is not about IBM", e)
		}
	}
	if past < 5 || past > backlog {
		t.Errorf("%d headlines in the snapshot of IBM after an hour", past)
	}
	times := ""
	for _, e := range s.feed.EventsOf(AllNews) {
		if at := e.Values["time"].Text; at != "" && at <= times {
			t.Errorf("a headline of %s after one of %s", at, times)
		} else if at != "" {
			times = at
		}
	}
	before := s.feed.Count(adaptertest.Update)
	s.play(t, 2*time.Hour)
	both := s.feed.Count(adaptertest.Update) - before
	if both < 810 || both > 1200 {
		t.Errorf("%d updates in an hour of all news and IBM's, want 900 and some", both)
	}
}

func TestItemsAreTheSymbols(t *testing.T) {
	m := market(t, Config{})
	for _, c := range []struct {
		name    string
		adapter adapters.DataAdapter
		item    string
		modes   adapters.ModeSet
		want    error
	}{
		{"quotes", m.Quotes(), "EURUSD", adapters.Modes(adapters.Merge), nil},
		{"depth", m.Depth(), "EURUSD", adapters.Modes(adapters.Command), nil},
		{"news of one", m.News(), "EURUSD", adapters.Modes(adapters.Distinct), nil},
		{"news", m.News(), "NEWS", adapters.Modes(adapters.Distinct), nil},
		{"no quotes of the news", m.Quotes(), "NEWS", 0, adapters.ErrUnknownItem},
		{"case counts", m.Depth(), "eurusd", 0, adapters.ErrUnknownItem},
		{"no name", m.News(), "", 0, adapters.ErrUnknownItem},
	} {
		traits, err := c.adapter.(adapters.Catalog).Describe(c.item)
		if !errors.Is(err, c.want) || traits.Modes != c.modes {
			t.Errorf("%s: Describe(%q) = %v, %v; want %v, %v", c.name, c.item, traits, err, c.modes, c.want)
		}
		kind, err := c.adapter.Subscribe(t.Context(), adapters.NewItem(c.item, 1))
		if !errors.Is(err, c.want) || err == nil && kind != adapters.WithSnapshot {
			t.Errorf("%s: Subscribe(%q) = %v, %v; want %v", c.name, c.item, kind, err, c.want)
		}
	}
}

func TestRunFollowsTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := NewMarket(Config{Seed: 9})
		if err != nil {
			t.Fatal(err)
		}
		a := m.Quotes()
		for life := range 2 {
			feed := adaptertest.NewFeed(t)
			stop := adaptertest.Run(t, a, feed)
			item := feed.Subscribe(a, "MSFT", adapters.Merge)
			feed.WaitFor(func() bool { return feed.Complete("MSFT") })
			began := time.Now()
			feed.WaitFor(func() bool { return feed.Count(adaptertest.Update) >= 50 })
			if took := time.Since(began); took < time.Second {
				t.Errorf("life %d: 50 ticks took %v, want some 11s", life, took)
			}
			// The last tick is at most a bundle old.
			at, err := time.Parse(time.RFC3339, feed.Last("MSFT", "time"))
			if err != nil || time.Since(at) > 2*bundle || time.Since(at) < 0 {
				t.Errorf("life %d: a tick of %v arrived at %v", life, at, time.Now().UTC())
			}
			feed.Unsubscribe(a, item)
			<-time.After(2 * idle)
			before := feed.Late() + feed.Count(adaptertest.Update)
			<-time.After(time.Minute)
			if n := feed.Late() + feed.Count(adaptertest.Update) - before; n != 0 {
				t.Errorf("life %d: %d updates after Unsubscribe", life, n)
			}
			feed.Subscribe(a, "IBM", adapters.Merge) // left to the end of Run
			stopping := time.Now()
			stop()
			if took := time.Since(stopping); took != 0 {
				t.Errorf("life %d: Run took %v to end", life, took)
			}
		}
	})
}

func TestRunEndsWhileItWaitsForABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := NewMarket(Config{Seed: 9})
		if err != nil {
			t.Fatal(err)
		}
		feed := adaptertest.NewFeedWith(t, adaptertest.Limits{Batches: 1})
		held, err := feed.Batch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer held.Send()
		a := m.Depth()
		stop := adaptertest.Run(t, a, feed)
		feed.Subscribe(a, "MSFT", adapters.Command)
		synctest.Wait()
		began := time.Now()
		stop()
		if took := time.Since(began); took != 0 {
			t.Errorf("Run took %v to end", took)
		}
	})
}

func TestRunReturnsWhatTheFeedRefuses(t *testing.T) {
	m, err := NewMarket(Config{})
	if err != nil {
		t.Fatal(err)
	}
	a := m.Quotes()
	if err := a.Run(t.Context(), adaptertest.NewFeedWith(t, adaptertest.Limits{Fields: 3})); !errors.Is(err, adapters.ErrTooManyFields) {
		t.Errorf("without room for its fields: %v", err)
	}
	feed := adaptertest.NewFeed(t)
	feed.Close()
	feed.Subscribe(a, "IBM", adapters.Merge)
	if err := a.Run(t.Context(), feed); !errors.Is(err, adapters.ErrClosed) {
		t.Errorf("of a closed feed: %v", err)
	}
}

func TestValidate(t *testing.T) {
	for rate, good := range map[float64]bool{0: true, 0.1: true, maxRate: true, -1: false, maxRate + 1: false} {
		if _, err := NewMarket(Config{Rate: rate}); (err == nil) != good {
			t.Errorf("rate %v: %v", rate, err)
		}
	}
}

// busy is an adapter with all its items wanted, and a feed that forgets.
func busy(t testing.TB, a adapters.DataAdapter) (*adapter, *output) {
	t.Helper()
	out, err := newOutput(context.Background(), adaptertest.NewDiscard(), a.(*adapter).view.fields())
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range Symbols() {
		if _, err := a.Subscribe(t.Context(), adapters.NewItem(name, uint64(1+i))); err != nil {
			t.Fatal(err)
		}
	}
	a.(*adapter).step(out, 0)
	return a.(*adapter), out
}

// nextTick plays up to the next tick of an instrument and sends it.
func nextTick(a *adapter, out *output) {
	for {
		t := a.tape.next(1 << 62)
		a.view.follow(out, t, a.wanted)
		if t.news == nil {
			break
		}
	}
	out.flush()
}

func TestTicksDoNotAllocate(t *testing.T) {
	m := market(t, Config{Seed: 1})
	for name, a := range map[string]adapters.DataAdapter{"quotes": m.Quotes(), "depth": m.Depth()} {
		a, out := busy(t, a)
		discard := out.feed.(*adaptertest.Discard)
		before := discard.Updates()
		// The few headlines in between do allocate; the average is rounded down.
		if n := testing.AllocsPerRun(2000, func() { nextTick(a, out) }); n != 0 {
			t.Errorf("%s: a tick allocates %v times", name, n)
		}
		if n := discard.Updates() - before; n < 2000 {
			t.Errorf("%s: 2000 ticks made %d updates", name, n)
		}
	}
}

func BenchmarkQuotes(b *testing.B) { benchmarkTicks(b, market(b, Config{Seed: 1}).Quotes()) }

func BenchmarkDepth(b *testing.B) { benchmarkTicks(b, market(b, Config{Seed: 1}).Depth()) }

// benchmarkTicks measures a tick from the tape to the feed, a batch each.
func benchmarkTicks(b *testing.B, a adapters.DataAdapter) {
	adapter, out := busy(b, a)
	b.ReportAllocs()
	for b.Loop() {
		nextTick(adapter, out)
	}
	b.ReportMetric(float64(out.feed.(*adaptertest.Discard).Updates())/float64(b.N), "updates/tick")
}
