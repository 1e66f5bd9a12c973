package frame

import (
	"testing"

	"github.com/halley-stream/halley/adapters/adaptertest"
)

// TestChangesAreKeptOncePerSlot begins and ends items while no frame comes, as with a
// plugin that refuses or never answers what it is asked. All changes were kept until
// the next frame.
func TestChangesAreKeptOncePerSlot(t *testing.T) {
	e := newEar(t, adaptertest.Limits{})
	resident, first := e.begin(t, "IBM")
	if err := e.Decode(t.Context(), AppendField(nil, 0, "bid")); err != nil {
		t.Fatal(err)
	}
	var refused, last uint64
	for range 1000 {
		item, n := e.begin(t, "AIG")
		e.items.End(item)
		e.feed.End(item)
		refused = n
	}
	_, last = e.begin(t, "GE")
	if n := len(e.items.changes); n != 1 {
		t.Errorf("%d changes are kept of one slot", n)
	}
	say := func(n uint64, value string) {
		t.Helper()
		fields, values := row(value)
		if err := e.Decode(t.Context(), AppendRow(nil, OpUpdate, n, fields, values)); err != nil {
			t.Fatal(err)
		}
	}
	say(refused, "1")
	say(slotOf(refused), "2") // the first of them, which the decoder has never seen
	say(last, "3")
	say(first, "4")
	if e.Late() != 2 || e.feed.Late() != 0 || e.feed.Last("AIG", "bid") != "" || e.feed.Last("GE", "bid") != "3" || e.feed.Last("IBM", "bid") != "4" {
		t.Errorf("%d were late, AIG %q, GE %q, IBM %q", e.Late(), e.feed.Last("AIG", "bid"), e.feed.Last("GE", "bid"), e.feed.Last("IBM", "bid"))
	}
	// What ends while nothing else is said is late as well, and then a change of its own.
	e.items.End(resident)
	e.feed.End(resident)
	say(first, "5")
	_, again := e.begin(t, "IBM")
	say(again, "6")
	if e.Late() != 3 || e.feed.Last("IBM", "bid") != "6" {
		t.Errorf("%d were late, IBM %q", e.Late(), e.feed.Last("IBM", "bid"))
	}
}
