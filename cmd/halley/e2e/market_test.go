package e2e

import (
	"fmt"
	"testing"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/adaptertest"
	"github.com/halley-stream/halley/adapters/demo"
)

// marketSeed and marketRate make the simulated market of these tests: it always
// plays the same, and fast.
const (
	marketSeed = 7
	marketRate = 20
)

// market returns the adapter set DEMO with that market.
func market() string {
	sets := "DEMO:\n  data:\n"
	for _, part := range []string{"quotes", "depth", "news"} {
		name := map[string]string{"quotes": "QUOTES", "depth": "DEPTH", "news": "NEWS"}[part]
		sets += fmt.Sprintf("    %s: {type: demo, part: %s, seed: %d, rate: %d}\n", name, part, marketSeed, marketRate)
	}
	return sets
}

// reference plays the market in this process, so that a test knows what a server
// must show that is started later: the rows of an item, one per event.
type reference struct {
	feed *adaptertest.Feed
	item string
	mode adapters.Mode
}

// newReference begins to play an item. Call it before the server is started: then
// it is always ahead.
func newReference(t testing.TB, item string, mode adapters.Mode) *reference {
	t.Helper()
	m, err := demo.NewMarket(demo.Config{Seed: marketSeed, Rate: marketRate})
	if err != nil {
		t.Fatal(err)
	}
	adapter := m.Quotes()
	if mode == adapters.Distinct {
		adapter = m.News()
	}
	feed := adaptertest.NewFeedWith(t, adaptertest.Limits{Events: 1 << 20})
	adaptertest.Run(t, adapter, feed)
	fed := mode
	if mode == adapters.Raw { // a way to look at any item
		fed = adapters.Merge
	}
	feed.Subscribe(adapter, item, fed)
	return &reference{feed: feed, item: item, mode: mode}
}

// rows returns the rows until now, of the fields given. In MERGE a row has what
// did not change as well.
func (r *reference) rows(fields []string) [][]string {
	var rows [][]string
	var row []string
	for _, e := range r.feed.EventsOf(r.item) {
		if e.Kind != adaptertest.Update && e.Kind != adaptertest.Snapshot {
			continue
		}
		next := make([]string, len(fields))
		for i, f := range fields {
			v, given := e.Values[f]
			switch {
			case given && !v.Null:
				next[i] = v.Text
			case !given && r.mode == adapters.Merge && row != nil:
				next[i] = row[i]
			default:
				next[i] = "null"
			}
		}
		row = next
		rows = append(rows, row)
	}
	return rows
}

// rowsOf returns the fields of updates as rows.
func rowsOf(updates []event, fields []string) [][]string {
	rows := make([][]string, len(updates))
	for i := range updates {
		for _, f := range fields {
			rows[i] = append(rows[i], updates[i].value(f))
		}
	}
	return rows
}
