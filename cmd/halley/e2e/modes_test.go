package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/halley-stream/halley/adapters"
)

// within returns where part stands in whole, without a gap, or -1.
func within(whole, part [][]string) int {
	for at := 0; at+len(part) <= len(whole); at++ {
		if slices.EqualFunc(whole[at:at+len(part)], part, slices.Equal[[]string]) {
			return at
		}
	}
	return -1
}

// print returns rows, one a line.
func print(rows [][]string) string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%q\n", r)
	}
	return b.String()
}

// All but the time, which says when the market was started.
var tradeFields = []string{"symbol", "name", "last", "bid", "bid_size", "ask", "ask_size", "open", "high", "low", "volume", "change", "change_pct"}

func TestOfficialClientShowsTheMarketInMerge(t *testing.T) {
	truth := newReference(t, "AAPL", adapters.Merge)
	c := runClient(t, current)
	s := serve(t, market())
	c.connect(s.url(), "DEMO", "")
	c.subscribe("all", wish{mode: "MERGE", adapter: "QUOTES", items: []string{"AAPL"}, fields: tradeFields, frequency: "unfiltered"})
	c.status("CONNECTING", "CONNECTED:WS-STREAMING")
	c.confirmed("all", "unlimited")
	updates := c.updates("all", 100)
	if !updates[0].Snapshot || updates[1].Snapshot {
		t.Errorf("snapshot is %v and then %v, want true and false", updates[0].Snapshot, updates[1].Snapshot)
	}
	got := rowsOf(updates, tradeFields)
	if at := within(truth.rows(tradeFields), got); at < 0 {
		t.Errorf("this is not what the market does:\n%s", print(got))
	}
	for i := 1; i < len(updates); i++ {
		var want []string
		for f, name := range tradeFields {
			if got[i][f] != got[i-1][f] {
				want = append(want, name)
			}
		}
		if !slices.Equal(updates[i].Changed, want) {
			t.Errorf("update %d says that %q change, but it is %q", i, updates[i].Changed, want)
		}
	}
	c.disconnect()
}

func TestOfficialClientSeesEveryTickInRaw(t *testing.T) {
	truth := newReference(t, "AAPL", adapters.Raw)
	c := runClient(t, current)
	s := serve(t, market())
	c.connect(s.url(), "DEMO", "")
	c.subscribe("ticks", wish{mode: "RAW", adapter: "QUOTES", items: []string{"AAPL"}, fields: tradeFields})
	c.status("CONNECTING", "CONNECTED:WS-STREAMING")
	c.confirmed("ticks", "unlimited")
	updates := c.updates("ticks", 100)
	for i := range updates {
		if updates[i].Snapshot {
			t.Errorf("RAW has no snapshot, but update %d is one", i)
		}
	}
	// The first one is the whole row, with which the market begins when somebody
	// asks for it. Then each has what its tick gave, and null for the rest.
	got := rowsOf(updates, tradeFields)
	if slices.Contains(got[0], "null") {
		t.Errorf("the market begins with %q", got[0])
	}
	if at := within(truth.rows(tradeFields), got[1:]); at < 0 {
		t.Errorf("this is not what the market does:\n%s", print(got))
	}
	c.disconnect()
}

func TestOfficialClientReadsTheNews(t *testing.T) {
	t.Parallel() // it waits for headlines most of the time
	fields := []string{"symbol", "headline"}
	truth := newReference(t, "NEWS", adapters.Distinct)
	c := runClient(t, current)
	s := serve(t, market())
	c.connect(s.url(), "DEMO", "")
	all := wish{mode: "DISTINCT", adapter: "NEWS", items: []string{"NEWS"}, fields: fields}
	c.subscribe("all", all)
	c.status("CONNECTING", "CONNECTED:WS-STREAMING")
	c.confirmed("all", "unlimited")

	// The market begins with a history of 20 headlines.
	snapshot := c.updates("all", 20)
	live := c.next("all")
	for live.Event == "update" && live.Snapshot {
		snapshot, live = append(snapshot, live), c.next("all")
	}
	for i := range snapshot {
		if !snapshot[i].Snapshot {
			t.Errorf("headline %d is not of the snapshot, which has not ended", i)
		}
	}
	if live.Event != "endOfSnapshot" || live.Item != "NEWS" {
		t.Fatalf("after the snapshot comes %s, want its end", &live)
	}
	last := all
	last.snapshot = "5"
	c.subscribe("last", last)
	c.confirmed("last", "unlimited")
	five := c.updates("last", 5)
	c.expect("last", "endOfSnapshot")

	first := c.update("all")
	if first.Snapshot {
		t.Errorf("a live headline says that it is of the snapshot: %s", &first)
	}
	got := rowsOf(append(snapshot, first), fields)
	if at := within(truth.rows(fields), got); at < 0 {
		t.Errorf("these are not the news:\n%s", print(got))
	}
	// The short snapshot ends where the long one did, or with the first live one.
	history, newest := rowsOf(append(snapshot, first), fields), rowsOf(five, fields)
	if at := within(history, newest); at < len(history)-6 {
		t.Errorf("a snapshot of 5 is\n%swant the last of\n%s", print(newest), print(history))
	}
	c.disconnect()
}

// bookFields has key and command at places where nobody expects them.
var bookFields = []string{"side", "command", "price", "size", "key", "orders"}

func TestOfficialClientKeepsAnOrderBook(t *testing.T) {
	c := runClient(t, current)
	other := runClient(t, current)
	s := serve(t, market())
	book := wish{mode: "COMMAND", adapter: "DEPTH", items: []string{"AAPL"}, fields: bookFields, frequency: "unfiltered"}

	c.connect(s.url(), "DEMO", "")
	c.subscribe("book", book)
	c.status("CONNECTING", "CONNECTED:WS-STREAMING")
	subscribed := c.expect("book", "subscribed")
	if subscribed.KeyPosition != 5 || subscribed.CommandPosition != 2 {
		t.Errorf("key and command are fields %d and %d, want 5 and 2", subscribed.KeyPosition, subscribed.CommandPosition)
	}
	c.expect("book", "frequency")
	mine := newLadder(t)
	for e := c.next("book"); e.Event != "endOfSnapshot"; e = c.next("book") {
		if e.Event != "update" || !e.Snapshot || e.value("command") != adapters.CommandAdd {
			t.Fatalf("in the snapshot is %s, want nothing but ADDs", &e)
		}
		mine.apply(&e)
	}
	if len(mine.rows) != 20 {
		t.Errorf("the snapshot has %d rows, want 10 levels a side", len(mine.rows))
	}
	mine.inOrder()
	seen := make(map[string]int)
	for _, e := range c.updates("book", 200) {
		if e.Snapshot {
			t.Errorf("a live row says that it is of the snapshot: %s", &e)
		}
		seen[e.value("command")]++
		mine.apply(&e)
	}
	for _, command := range []string{adapters.CommandAdd, adapters.CommandUpdate, adapters.CommandDelete} {
		if seen[command] == 0 {
			t.Errorf("there is no %s among %v", command, seen)
		}
	}

	// Somebody else, over another transport, begins with the book as it was at
	// some moment and then sees the same changes.
	other.connect(s.url(), "DEMO", "HTTP-STREAMING")
	other.subscribe("book", book)
	other.status("CONNECTING", "CONNECTED:STREAM-SENSING", "CONNECTED:HTTP-STREAMING")
	other.expect("book", "subscribed")
	other.expect("book", "frequency")
	yours := newLadder(t)
	for e := other.next("book"); e.Event != "endOfSnapshot"; e = other.next("book") {
		yours.apply(&e)
	}
	changes := rowsOf(other.updates("book", 100), bookFields)
	start := yours.String()
	for range 20_000 {
		if mine.String() == start {
			if got := rowsOf(c.updates("book", 100), bookFields); !slices.EqualFunc(got, changes, slices.Equal[[]string]) {
				t.Errorf("from the same book on, one client sees\n%sand the other\n%s", print(got), print(changes))
			}
			c.disconnect()
			other.disconnect()
			return
		}
		e := c.update("book")
		mine.apply(&e)
	}
	t.Errorf("the second client begins with a book that never was:\n%s", start)
}

func TestOfficialClientKeepsAConflatedOrderBook(t *testing.T) {
	c := runClient(t, current)
	s := serve(t, market())
	c.connect(s.url(), "DEMO", "")
	c.subscribe("book", wish{mode: "COMMAND", adapter: "DEPTH", items: []string{"AAPL"}, fields: bookFields, frequency: "5"})
	c.status("CONNECTING", "CONNECTED:WS-STREAMING")
	c.confirmed("book", "5")
	rows := newLadder(t)
	for e := c.next("book"); e.Event != "endOfSnapshot"; e = c.next("book") {
		rows.apply(&e)
	}
	for _, e := range c.updates("book", 40) {
		rows.apply(&e)
	}
	if conflated := s.metric("halley_updates_conflated_total", `mode="COMMAND"`); conflated == 0 {
		t.Error("nothing was conflated")
	}
	c.disconnect()
}

// ladder is the table of an order book, kept by commands.
type ladder struct {
	t    testing.TB
	rows map[string]map[string]string // by key
}

func newLadder(t testing.TB) *ladder { return &ladder{t: t, rows: make(map[string]map[string]string)} }

// apply carries out the command of an update, and fails the test unless it fits
// the table.
func (l *ladder) apply(e *event) {
	l.t.Helper()
	if e.Event != "update" {
		l.t.Fatalf("the book has %s", e)
	}
	key, command := e.value("key"), e.value("command")
	_, known := l.rows[key]
	if known != (command != adapters.CommandAdd) {
		l.t.Fatalf("%s of %s, which is there: %v", command, key, known)
	}
	if command == adapters.CommandDelete {
		delete(l.rows, key)
		return
	}
	row := make(map[string]string)
	for _, f := range bookFields {
		if f != "command" {
			row[f] = e.value(f)
		}
	}
	letter := map[string]string{"bid": "B", "ask": "A"}[row["side"]]
	if key != letter+row["price"] || row["size"] == "null" || row["orders"] == "null" {
		l.t.Fatalf("the row of key %s is %v", key, row)
	}
	l.rows[key] = row
}

// inOrder fails the test if a bid is not below all asks.
func (l *ladder) inOrder() {
	l.t.Helper()
	for _, bid := range l.rows {
		for _, ask := range l.rows {
			if bid["side"] == "bid" && ask["side"] == "ask" && priceOf(l.t, bid) >= priceOf(l.t, ask) {
				l.t.Errorf("a bid of %s meets an ask of %s", bid["price"], ask["price"])
			}
		}
	}
}

func priceOf(t testing.TB, row map[string]string) (price float64) {
	t.Helper()
	if _, err := fmt.Sscan(row["price"], &price); err != nil {
		t.Fatalf("%v in %v", err, row)
	}
	return price
}

// String returns the table, sorted, one row a line.
func (l *ladder) String() string {
	var lines []string
	for _, row := range l.rows {
		lines = append(lines, fmt.Sprint(row))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
