package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The recording is a file of ticks that are known beforehand: tick n comes at
// recordingStart + n*recordingStep and changes the bid if n is even, the ask if
// it is odd. So of every row that a client shows it can be said whether it is
// right, and which tick was the last in it.
const (
	recordingStart = 9*time.Hour + 30*time.Minute
	recordingStep  = 5 * time.Millisecond
	recordingTicks = 60_000 // five minutes
)

var recordingFields = []string{"time", "bid", "bid_size", "ask", "ask_size", "exchange", "last"}

// recording returns the adapter set TAPE, whose item X of the adapter QUOTES is
// the recording. It begins when the server does.
func recording(t testing.TB) string {
	t.Helper()
	path, err := writeRecording()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("TAPE:\n  data:\n    QUOTES:\n      type: replay\n      files: [%s]\n", path)
}

var writeRecording = sync.OnceValues(func() (string, error) {
	var b strings.Builder
	for n := range recordingTicks {
		ms := (recordingStart + time.Duration(n)*recordingStep).Milliseconds()
		if n%2 == 0 {
			fmt.Fprintf(&b, "%d,%d,%d,0,0,N,0,0\n", ms, 10_000*100+100*n, n+1)
		} else {
			fmt.Fprintf(&b, "%d,0,0,%d,%d,N,0,0\n", ms, 10_000*101+100*n, n+1)
		}
	}
	path := filepath.Join(work, "x_20260302_quote.csv")
	return path, os.WriteFile(path, []byte(b.String()), 0o600)
})

// recordedRow returns the row after tick n.
func recordedRow(n int) map[string]string {
	row := map[string]string{"exchange": "N", "last": "null", "ask": "null", "ask_size": "null"}
	for i := max(0, n-1); i <= n; i++ {
		side, units := "bid", 100
		if i%2 == 1 {
			side, units = "ask", 101
		}
		row[side] = fmt.Sprintf("%d.%02d", units+i/100, i%100)
		row[side+"_size"] = strconv.Itoa(i + 1)
	}
	row["time"] = time.Time{}.Add(recordingStart + time.Duration(n)*recordingStep).Format("15:04:05.000")
	return row
}

// recordedChange returns the fields that differ between the rows of two ticks, in
// the order of recordingFields.
func recordedChange(from, to int) []string {
	before, after := recordedRow(from), recordedRow(to)
	return slices.DeleteFunc(slices.Clone(recordingFields), func(f string) bool { return before[f] == after[f] })
}

// recordedTick returns the number of the last tick in an update, by its time, and
// fails the test unless the whole row is that tick's.
func recordedTick(t testing.TB, e *event) int {
	t.Helper()
	at, err := time.Parse("15:04:05.000", e.value("time"))
	if err != nil {
		t.Fatalf("%v in %s", err, e)
	}
	midnight := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
	n := int((at.Sub(midnight) - recordingStart) / recordingStep)
	want := recordedRow(n)
	for _, f := range recordingFields {
		if got := e.value(f); got != want[f] {
			t.Fatalf("after tick %d, %s is %s, want %s, in %s", n, f, got, want[f], e)
		}
	}
	return n
}

// follow checks updates of the recording: each is a right row, newer than the one
// before, and tells what has changed. The first is a snapshot if last is negative,
// else it follows tick last. Returned are the last tick, and the most that was
// skipped between two updates.
func follow(t testing.TB, last int, updates []event) (end, skipped int) {
	t.Helper()
	for i := range updates {
		e := &updates[i]
		n := recordedTick(t, e)
		first := last < 0 && i == 0
		if e.Snapshot != first {
			t.Fatalf("update %d: snapshot is %v: %s", i, e.Snapshot, e)
		}
		if first {
			last = n
			continue
		}
		if n <= last {
			t.Fatalf("update %d is of tick %d, after %d: %s", i, n, last, e)
		}
		if want := recordedChange(last, n); !slices.Equal(e.Changed, want) {
			t.Fatalf("from tick %d to %d the fields %q change, want %q", last, n, e.Changed, want)
		}
		skipped = max(skipped, n-last-1)
		last = n
	}
	return last, skipped
}
