//go:build linux

package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters/load"
	"github.com/halley-stream/halley/protocol"
)

func TestFedIn(t *testing.T) {
	r := &result{}
	r.fed(feedCount{Feed: "a", Updates: 100, Sent: 100, User: 1, System: 1, Seconds: 4, RSS: 5}, 50)
	r.fed(feedCount{Feed: "b", Updates: 100, Sent: 101, User: 2, Seconds: 4, RSS: 3, Wrong: 1}, 51)
	if r.Feeds[0].PerCPU != 50 || r.ServerUser != 3 || r.ServerSystem != 1 || r.Duration != 8 || r.ServerCores != 0.5 || r.ServerRSS != 5 {
		t.Errorf("%+v", r)
	}
	if len(r.Faults) != 2 || len(r.Missed) != 1 || !strings.HasPrefix(r.Missed[0], "b, ") {
		t.Errorf("faults %q, missed %q; want that of b one is missing, one is wrong, and the bar", r.Faults, r.Missed)
	}
}

// TestFeedsAreMeasured measures the feed inside the server, and goes on after one
// that fails.
func TestFeedsAreMeasured(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program")
	}
	broken := feedIn{name: "broken", measure: func(context.Context, *bench, *feedCount) error { return errors.New("no such thing") }}
	s := scenario{name: "small", duration: 600 * time.Millisecond, feeds: []feedIn{broken, loadFeed}}
	r, err := run(t.Context(), overrides{scenario: s}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Faults) != 1 || r.Faults[0] != "broken: no such thing" || len(r.Feeds) != 1 {
		t.Fatalf("faults %q, feeds %+v", r.Faults, r.Feeds)
	}
	if f := r.Feeds[0]; f.Updates < 1000 || f.PerCPU < 1000 || f.RSS < 1<<20 || f.Compared != feedItems || f.Wrong != 0 {
		t.Errorf("%+v", f)
	}
	var table strings.Builder
	if err := printTable(&table, r); err != nil || !strings.Contains(table.String(), "in process") || !strings.Contains(table.String(), "no such thing") {
		t.Errorf("the table is %q, %v", &table, err)
	}
}

func TestLastValuesThatAreWrong(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program")
	}
	program, err := buildServer(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	adapter := loadSettings(defaultsOf(load.Config{Items: 3, Resident: true}))
	srv, err := startServer(t.Context(), program, t.TempDir(), adapter, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer srv.stop()
	seen := make(map[int]string)
	take := func(item int, s *protocol.ItemState) {
		value, _ := s.Value(0)
		seen[item] = string(value)
	}
	if err := lastValues(t.Context(), srv, loadAdapter, []string{"item0", "item2"}, []string{load.SeqField}, take); err != nil || len(seen) != 2 || seen[1] != "0" {
		t.Errorf("%v, %v; want a 0 for each item", seen, err)
	}
	if err := lastValues(t.Context(), srv, loadAdapter, []string{"item3"}, []string{load.SeqField}, take); err == nil {
		t.Error("an item that is not there has a value")
	}
	topic := filled{Fields: []string{load.SeqField}, Last: map[string][]string{"item0": {"0"}, "item1": {"7"}}}
	var c feedCount
	if err := topic.compareWith(t.Context(), srv, loadAdapter, &c); err != nil || c.Compared != 2 || c.Wrong != 1 {
		t.Errorf("%+v, %v; want one of two wrong", c, err)
	}
}
