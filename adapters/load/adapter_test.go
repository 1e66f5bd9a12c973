package load

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/adaptertest"
	"github.com/halley-stream/halley/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func adapter(t testing.TB, c Config) *Adapter {
	t.Helper()
	a, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestItemsTickAtTheirRate(t *testing.T) {
	for _, phases := range []string{PhaseOwn, PhaseEven, PhaseBurst} {
		synctest.Test(t, func(t *testing.T) {
			a := adapter(t, Config{Items: 50, Rate: 5, Phases: phases, Bytes: 3})
			feed := adaptertest.NewFeed(t)
			adaptertest.Run(t, a, feed)
			item := feed.Subscribe(a, "item7", adapters.Merge)
			time.Sleep(10*time.Second + 100*time.Millisecond)
			synctest.Wait()
			checkTicks(t, feed.EventsOf("item7"), 0, 50)
			feed.Unsubscribe(a, item)
			time.Sleep(10 * time.Second)
			feed.Subscribe(a, "item7", adapters.Merge)
			time.Sleep(10 * time.Second)
			synctest.Wait()
			events := feed.EventsOf("item7")
			second := slices.IndexFunc(events[1:], func(e adaptertest.Event) bool { return e.Kind == adaptertest.Snapshot }) + 1
			last, err := strconv.Atoi(events[second-1].Values[SeqField].Text)
			if err != nil {
				t.Fatal(err)
			}
			checkTicks(t, events[second:], last, 50)
		})
	}
}

// checkTicks checks a snapshot with a number, its end, and about n ticks.
func checkTicks(t *testing.T, events []adaptertest.Event, from, n int) {
	t.Helper()
	if len(events) < 2 || events[0].Kind != adaptertest.Snapshot || events[1].Kind != adaptertest.EndOfSnapshot {
		t.Fatalf("%v, want a snapshot and its end", events[:min(2, len(events))])
	}
	ticks := events[2:]
	if len(ticks) < n-1 || len(ticks) > n+1 {
		t.Errorf("%d ticks, want %d", len(ticks), n)
	}
	before := events[0].Values
	for i, e := range ticks {
		from++
		if got := e.Values[SeqField].Text; got != strconv.Itoa(from) {
			t.Fatalf("tick %s after %d", got, from-1)
		}
		if len(e.Values) != 5 {
			t.Fatalf("%d fields, want 5: %v", len(e.Values), e)
		}
		for name, v := range e.Values {
			if v == before[name] && (name != SentField || i > 0) { // a tick may come with the snapshot
				t.Errorf("tick %d leaves %s as it was: %q", from, name, v.Text)
			}
			if strings.HasPrefix(name, "f") && len(v.Text) != 3 {
				t.Errorf("%s is %q, want 3 bytes", name, v.Text)
			}
		}
		before = e.Values
		if sent, err := strconv.ParseInt(e.Values[SentField].Text, 10, 64); err != nil || time.Unix(0, sent).Before(time.Unix(946684800, 0)) {
			t.Errorf("sent is %q", e.Values[SentField].Text)
		}
	}
}

func TestLagIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := adapter(t, Config{Items: 10, Rate: 10})
		feed := adaptertest.NewFeedWith(t, adaptertest.Limits{Batches: 1})
		adaptertest.Run(t, a, feed)
		feed.Subscribe(a, "item1", adapters.Merge)
		feed.Subscribe(a, LagItem, adapters.Merge)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if p99, err := strconv.Atoi(feed.Last(LagItem, "p99")); err != nil || time.Duration(p99) > 2*bundle {
			t.Errorf("p99 is %s with nothing in the way, want at most %v", feed.Last(LagItem, "p99"), 2*bundle)
		}
		held, err := feed.Batch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		held.Send()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		l := a.Lag()
		if l.Max < 1800*time.Millisecond || l.Max > 2200*time.Millisecond {
			t.Errorf("the longest lag is %v after 2 s without a batch", l.Max)
		}
		if ticks := feed.Last("item1", SeqField); ticks < "85" || ticks > "91" {
			t.Errorf("tick %s after 9 s, want some 90: a feed that is late catches up", ticks)
		}
		if l.Count == 0 || feed.Last(LagItem, "count") == "0" {
			t.Errorf("the count is %d and %s", l.Count, feed.Last(LagItem, "count"))
		}
	})
}

func TestRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := adapter(t, Config{Items: 10, Rate: 10, Resident: true})
		feed := adaptertest.NewFeed(t)
		adaptertest.Run(t, a, feed)
		time.Sleep(time.Second)
		rest := feed.Subscribe(a, RestItem, adapters.Merge)
		time.Sleep(bundle)
		synctest.Wait()
		before := feed.Count(adaptertest.Update)
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := feed.Count(adaptertest.Update) - before; n != 0 || before == 0 {
			t.Errorf("%d ticks before the rest, %d in it", before, n)
		}
		if got := feed.Last(RestItem, TicksField); got != strconv.Itoa(before) {
			t.Errorf("%s tells of %s ticks, there were %d", RestItem, got, before)
		}
		feed.Unsubscribe(a, rest)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := feed.Count(adaptertest.Update) - before; n < 90 || n > 210 {
			t.Errorf("%d ticks in 2 s after the rest, want some 200, none made up for", n)
		}
		if l := a.Lag(); l.Max > 2*bundle {
			t.Errorf("the rest counts as a lag of %v", l.Max)
		}
	})
}

func TestWithoutRateThereIsASnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := adapter(t, Config{Items: 3})
		feed := adaptertest.NewFeed(t)
		adaptertest.Run(t, a, feed)
		feed.Subscribe(a, "item0", adapters.Merge)
		time.Sleep(time.Minute)
		synctest.Wait()
		if events := feed.EventsOf("item0"); len(events) != 2 {
			t.Errorf("%v, want a snapshot and its end", events)
		}
	})
}

func TestNames(t *testing.T) {
	a := adapter(t, Config{Items: 11})
	for name, known := range map[string]bool{
		"item0": true, "item10": true, LagItem: true, RestItem: true,
		"item11": false, "item": false, "item01": false, "item-1": false, "item+1": false, "x0": false,
	} {
		if _, err := a.Describe(name); (err == nil) != known {
			t.Errorf("Describe(%q): %v, want it known: %v", name, err, known)
		}
	}
}

func TestValidate(t *testing.T) {
	if err := (Config{}).Validate(); err != nil {
		t.Errorf("the zero value: %v", err)
	}
	err := Config{Items: -1, Fields: 1, Bytes: -1, Rate: -1, Phases: "x"}.Validate()
	for _, name := range []string{"items", "fields", "bytes", "rate", "phases"} {
		if err == nil || !strings.Contains(err.Error(), name+": ") {
			t.Errorf("%q says nothing of %s", err, name)
		}
	}
	if _, err := New(Config{Rate: 1e9}); err == nil {
		t.Error("New takes a rate of 1e9")
	}
}

// loaded returns a run of c with all items wanted, which is played by hand.
func loaded(t testing.TB, c Config) *run {
	a := adapter(t, c)
	out, err := newOutput(t.Context(), adaptertest.NewDiscard(), a.config)
	if err != nil {
		t.Fatal(err)
	}
	for i := range a.items {
		a.items[i] = adapters.NewItem(itemPrefix+strconv.Itoa(i), uint64(i+1))
	}
	return &run{Adapter: a, out: out, schedule: newSchedule(a.config), start: time.Now()}
}

func TestAStepIsBounded(t *testing.T) {
	r := loaded(t, Config{Items: 100, Rate: 10_000})
	now := 10 * time.Second // 10 million ticks are due, which nobody makes up for at once
	due := r.step(now)
	if r.ticks == 0 || r.ticks > 10_000 || due > now+bundle {
		t.Errorf("a step has made %d ticks and wants to go on after %v; want some thousands, and at once", r.ticks, due-now)
	}
	r.wants.add(want{index: restIndex, item: adapters.NewItem(RestItem, 1)})
	if before := r.ticks; r.step(now) < now || r.ticks != before {
		t.Errorf("%d ticks in the rest", r.ticks-before)
	}
}

func TestTicksDoNotAllocate(t *testing.T) {
	r := loaded(t, Config{Items: 100, Rate: 100})
	now := time.Duration(0)
	step := func() {
		now += 10 * time.Millisecond
		r.step(now)
	}
	step()
	if n := testing.AllocsPerRun(100, step); n != 0 {
		t.Errorf("100 ticks allocate %v times", n)
	}
}

func BenchmarkTick(b *testing.B) {
	r := loaded(b, Config{Rate: 500}) // 2,000 items: 1,000 ticks a millisecond
	b.ReportAllocs()
	now := time.Duration(0)
	for b.Loop() {
		now += bundle
		r.step(now)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(r.ticks), "ns/tick")
}
