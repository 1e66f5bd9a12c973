package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// say sends one update of the fields and values given in pairs.
func say(t *testing.T, f *Feed, put func(adapters.Batch, adapters.Item, []adapters.Field, [][]byte), item adapters.Item, pairs ...string) {
	t.Helper()
	b, err := f.Batch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var fields []adapters.Field
	var values [][]byte
	for i := 0; i < len(pairs); i += 2 {
		slot, err := f.Field(pairs[i])
		if err != nil {
			t.Fatal(err)
		}
		fields, values = append(fields, slot), append(values, []byte(pairs[i+1]))
	}
	put(b, item, fields, values)
	b.Send()
}

func TestMergeKeepsWhatIsNotNamed(t *testing.T) {
	f := NewFeed(t)
	item := f.Begin("IBM", adapters.Merge)
	say(t, f, adapters.Batch.Update, item, "bid", "180.36", "ask", "180.40")
	say(t, f, adapters.Batch.Update, item, "bid", "180.37")
	if bid, ask := f.Last("IBM", "bid"), f.Last("IBM", "ask"); bid != "180.37" || ask != "180.40" {
		t.Errorf("bid %q, ask %q, want 180.37, 180.40", bid, ask)
	}
	say(t, f, adapters.Batch.Snapshot, item, "bid", "1")
	if _, said := f.Value("IBM", "ask"); said {
		t.Error("a snapshot left a field that it does not name")
	}
	if got := fmt.Sprint(f.EventsOf("IBM")[0]); got != "Update(IBM, ask=180.40 bid=180.36)" {
		t.Errorf("the event reads %q", got)
	}
}

func TestNullIsNotEmpty(t *testing.T) {
	f := NewFeed(t)
	item := f.Begin("IBM", adapters.Merge)
	slot, _ := f.Field("note")
	b, _ := f.Batch(t.Context())
	b.Update(item, []adapters.Field{slot}, [][]byte{nil})
	b.Send()
	if v, said := f.Value("IBM", "note"); !said || !v.Null {
		t.Errorf("nil is %+v, %v; want null", v, said)
	}
	say(t, f, adapters.Batch.Update, item, "note", "")
	if v, said := f.Value("IBM", "note"); !said || v.Null {
		t.Errorf("empty is %+v, %v; want an empty string", v, said)
	}
}

func TestCommandKeepsRows(t *testing.T) {
	f := NewFeed(t)
	item := f.Begin("IBM", adapters.Command)
	say(t, f, adapters.Batch.Update, item, "key", "B1", "command", "ADD", "size", "100")
	say(t, f, adapters.Batch.Update, item, "key", "B2", "command", "UPDATE", "size", "200")
	say(t, f, adapters.Batch.Update, item, "key", "B1", "command", "DELETE")
	if keys := f.Keys("IBM"); !slices.Equal(keys, []string{"B2"}) {
		t.Errorf("keys %q, want B2", keys)
	}
	if row := f.Row("IBM", "B2"); row["size"] != "200" || f.Row("IBM", "B1") != nil {
		t.Errorf("B2 %v, B1 %v; want size 200, nothing", row, f.Row("IBM", "B1"))
	}
	b, _ := f.Batch(t.Context())
	b.Clear(item)
	b.EndOfSnapshot(item)
	b.Send()
	if len(f.Keys("IBM")) != 0 || !f.Complete("IBM") {
		t.Error("Clear left rows, or the snapshot did not end")
	}
}

func TestWhatComesAfterTheEndIsLate(t *testing.T) {
	f := NewFeed(t)
	first := f.Begin("IBM", adapters.Merge)
	f.End(first)
	second := f.Begin("IBM", adapters.Merge)
	say(t, f, adapters.Batch.Update, first, "bid", "old")
	say(t, f, adapters.Batch.Update, second, "bid", "new")
	if f.Late() != 1 || f.Last("IBM", "bid") != "new" || len(f.Events()) != 1 {
		t.Errorf("late %d, bid %q, %v", f.Late(), f.Last("IBM", "bid"), f.Events())
	}
}

func TestBatchesAreBackpressure(t *testing.T) {
	f := NewFeedWith(t, Limits{Batches: 1, BatchSize: 1})
	held, err := f.Batch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waited := make(chan error)
	go func() {
		_, err := f.Batch(ctx)
		waited <- err
	}()
	cancel()
	if err := <-waited; !errors.Is(err, context.Canceled) {
		t.Errorf("with no batch free: %v, want it to wait until cancelled", err)
	}
	held.Clear(f.Begin("IBM", adapters.Merge))
	if !held.Full() {
		t.Error("a batch of size 1 is not full after one call")
	}
	held.Send()
	f.Close()
	if _, err := f.Batch(t.Context()); !errors.Is(err, adapters.ErrClosed) {
		t.Errorf("after Close: %v, want ErrClosed", err)
	}
	if _, err := f.Publish("IBM", adapters.Merge, adapters.NoSnapshot); !errors.Is(err, adapters.ErrClosed) {
		t.Errorf("Publish after Close: %v, want ErrClosed", err)
	}
}

func TestLimits(t *testing.T) {
	f := NewFeedWith(t, Limits{Fields: 1, Items: 1, Events: 2})
	f.Field("a")
	if _, err := f.Field("b"); !errors.Is(err, adapters.ErrTooManyFields) {
		t.Errorf("second field: %v", err)
	}
	item, _ := f.Publish("X", adapters.Merge, adapters.NoSnapshot)
	if again, err := f.Publish("X", adapters.Merge, adapters.NoSnapshot); again != item || err != nil {
		t.Errorf("published again: %v, %v; want the same handle", again, err)
	}
	if _, err := f.Publish("Y", adapters.Merge, adapters.NoSnapshot); !errors.Is(err, adapters.ErrTooManyItems) {
		t.Errorf("second item: %v", err)
	}
	for _, v := range []string{"1", "2", "3"} {
		say(t, f, adapters.Batch.Update, item, "a", v)
	}
	events := f.Events()
	if len(events) != 2 || events[0].Values["a"].Text != "2" || f.Count(Update) != 3 {
		t.Errorf("kept %v of %d, want the last two of 3", events, f.Count(Update))
	}
}

// recorder stands in for a test that is expected to fail.
type recorder struct {
	testing.TB
	errors  []string
	cleanup []func()
}

func (r *recorder) Helper()                    {}
func (r *recorder) Cleanup(f func())           { r.cleanup = append(r.cleanup, f) }
func (r *recorder) Error(args ...any)          { r.errors = append(r.errors, fmt.Sprint(args...)) }
func (r *recorder) Errorf(f string, as ...any) { r.errors = append(r.errors, fmt.Sprintf(f, as...)) }

func TestBreachesOfTheContractFailTheTest(t *testing.T) {
	fields := func(f *Feed, names ...string) (slots []adapters.Field) {
		for _, n := range names {
			s, _ := f.Field(n)
			slots = append(slots, s)
		}
		return slots
	}
	one := [][]byte{[]byte("x")}
	for _, c := range []struct {
		name  string
		fault func(f *Feed, b adapters.Batch)
		want  string
	}{
		{"used after Send", func(f *Feed, b adapters.Batch) { b.Send(); b.Clear(f.Begin("A", adapters.Merge)) }, "on a batch that was sent"},
		{"sent twice", func(f *Feed, b adapters.Batch) { b.Send(); b.Send() }, "sent twice"},
		{"never sent", func(f *Feed, b adapters.Batch) {}, "1 batches were taken and never sent"},
		{"unknown slot", func(f *Feed, b adapters.Batch) {
			b.Update(f.Begin("A", adapters.Merge), []adapters.Field{7}, one)
			b.Send()
		}, "slot 7"},
		{"foreign handle", func(f *Feed, b adapters.Batch) { b.Clear(adapters.NewItem("A", 99)); b.Send() }, "did not give out"},
		{"fields without values", func(f *Feed, b adapters.Batch) {
			b.Update(f.Begin("A", adapters.Merge), fields(f, "a", "b"), one)
			b.Send()
		}, "2 fields and 1 values"},
		{"no key", func(f *Feed, b adapters.Batch) {
			b.Update(f.Begin("A", adapters.Command), fields(f, "command"), [][]byte{[]byte("ADD")})
			b.Send()
		}, "no key"},
		{"wrong command", func(f *Feed, b adapters.Batch) {
			b.Update(f.Begin("A", adapters.Command), fields(f, "key"), one)
			b.Send()
		}, "command"},
		{"second end of snapshot", func(f *Feed, b adapters.Batch) {
			item := f.Begin("A", adapters.Distinct)
			b.EndOfSnapshot(item)
			b.EndOfSnapshot(item)
			b.Send()
		}, "second end of snapshot"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &recorder{TB: t}
			f := NewFeed(r)
			b, err := f.Batch(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			c.fault(f, b)
			for _, f := range r.cleanup {
				f()
			}
			if got := strings.Join(r.errors, "; "); len(r.errors) != 1 || !strings.Contains(got, c.want) {
				t.Errorf("reported %q, want %q", got, c.want)
			}
		})
	}
}

// ticker is an adapter that says a count once a second to every item subscribed.
type ticker struct {
	items chan adapters.Item
}

func (a *ticker) Run(ctx context.Context, feed adapters.Feed) error {
	w := adapters.NewWriter(feed)
	feed.Up()
	item := <-a.items
	for n := 1; ; n++ {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil
		}
		if err := w.Update(ctx, item, map[string]string{"n": fmt.Sprint(n)}); err != nil {
			return err
		}
	}
}

func (a *ticker) Subscribe(_ context.Context, item adapters.Item) (adapters.SnapshotKind, error) {
	a.items <- item
	return adapters.NoSnapshot, nil
}

func (a *ticker) Unsubscribe(adapters.Item) {}

func TestRunAndWaitForWorkInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFeed(t)
		a := &ticker{items: make(chan adapters.Item)}
		stop := Run(t, a, f)
		began := time.Now()
		item := f.Subscribe(a, "T", adapters.Merge)
		f.WaitFor(func() bool { return f.Last("T", "n") == "3" })
		if took := time.Since(began); took != 3*time.Second || !f.IsUp() {
			t.Errorf("took %v, up %v; want 3s, true", took, f.IsUp())
		}
		f.Unsubscribe(a, item)
		f.WaitFor(func() bool { return f.Late() == 0 }) // nothing has changed: it asks at once
		stop()
	})
}

func TestDiscardCountsWithoutAllocating(t *testing.T) {
	d := NewDiscard()
	item, _ := d.Publish("X", adapters.Merge, adapters.NoSnapshot)
	slot, _ := d.Field("a")
	fields, values := []adapters.Field{slot}, [][]byte{[]byte("12345")}
	ctx := context.Background()
	allocs := testing.AllocsPerRun(100, func() {
		b, _ := d.Batch(ctx)
		b.Update(item, fields, values)
		b.Send()
	})
	if allocs != 0 || d.Updates() != 101 || d.Bytes() != 505 {
		t.Errorf("%v allocations, %d updates, %d bytes; want 0, 101, 505", allocs, d.Updates(), d.Bytes())
	}
}
