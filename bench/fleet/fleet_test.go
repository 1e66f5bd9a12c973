//go:build linux

package fleet

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// connected returns a fleet of two sessions with two items each, ready.
func connected(t *testing.T, s *standIn, change func(*Config)) *Fleet {
	t.Helper()
	c := Config{Address: s.address, Transport: WebSocket, Sessions: 2, Items: AtRandom(2, 10, 1), Fields: 3, AdapterSet: "BENCH", Adapter: "LOAD", Keepalive: 20 * time.Second}
	change(&c)
	f, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	if err := f.Connect(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return f
}

// until lets a fleet read until done.
func until(t *testing.T, f *Fleet, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	err := f.pump(t.Context(), func() bool { return done() || time.Now().After(deadline) }, nil)
	if err != nil || !done() {
		t.Fatalf("waited in vain: %v; %+v, %q", err, f.tally.Delivered, f.tally.faults)
	}
}

func TestUpdatesAreChecked(t *testing.T) {
	// To each of the two sessions: item 1 gets 1, 2, 4 (one lost), 4 (twice), 3 (out
	// of order); item 2 gets 1.
	say := []string{"U,1,1,1|1|a", "U,1,1,2||b", "PROBE", "U,1,1,4|1|c", "U,1,1,4|1|c", "U,1,1,3|1|d", "U,1,2,1|1|a"}
	for _, transport := range []Transport{WebSocket, HTTP, Poll} {
		t.Run(string(transport), func(t *testing.T) {
			f := connected(t, newStandIn(t, say...), func(c *Config) { c.Transport = transport })
			until(t, f, func() bool { return f.tally.Delivered >= 12 })
			got := f.Tally()
			if got.Delivered != 12 || got.Lost != 2 || got.Duplicates != 2 || got.Reordered != 2 || got.Ended != 0 {
				t.Errorf("delivered %d, lost %d, twice %d, out of order %d, ended %d; want 12, 2, 2, 2, 0: %q",
					got.Delivered, got.Lost, got.Duplicates, got.Reordered, got.Ended, got.Faults())
			}
			if got.Latency.Count() != 12 || got.Latency.Max() < 24*time.Hour {
				t.Errorf("%d latencies, the longest %v; want 12 since 1970", got.Latency.Count(), got.Latency.Max())
			}
			if got.Frames == 0 || got.Bytes == 0 || len(got.Sizes) != int(got.Frames) {
				t.Errorf("%d frames, %d bytes, %d sizes", got.Frames, got.Bytes, len(got.Sizes))
			}
		})
	}
}

func TestConflatedAndSlowSessionsMaySkip(t *testing.T) {
	say := []string{"U,1,1,5|1|a", "U,1,2,1|1|a"}
	f := connected(t, newStandIn(t, say...), func(c *Config) { c.Conflated = true })
	until(t, f, func() bool { return f.tally.Delivered == 4 })
	if f.tally.Lost != 0 || f.tally.Conflated != 8 {
		t.Errorf("lost %d, conflated %d; want 0, 8", f.tally.Lost, f.tally.Conflated)
	}
	f = connected(t, newStandIn(t, say...), func(c *Config) { c.Slow, c.SlowRate = 1, 100_000 })
	until(t, f, func() bool { return f.tally.Delivered == 2 && f.tally.SlowDelivered == 2 })
	if f.tally.Lost != 4 || f.tally.Conflated != 4 {
		t.Errorf("lost %d, conflated %d; want 4 of the other, 4 of the slow one", f.tally.Lost, f.tally.Conflated)
	}
}

func TestSlowSessionsReadAtTheirRate(t *testing.T) {
	say := slices.Repeat([]string{"PROBE"}, 10_000) // 70 kB
	f := connected(t, newStandIn(t, say...), func(c *Config) { c.Slow, c.SlowRate = 2, 2000 })
	f.Reset()
	if err := f.Run(t.Context(), time.Second, nil); err != nil {
		t.Fatal(err)
	}
	if got := f.Tally().SlowBytes; got < 2000 || got > 5500 || f.Tally().Ended > 0 {
		t.Errorf("%d bytes in a second, want 4,000 of two sessions; %q", got, f.Tally().Faults())
	}
}

func TestTheObserver(t *testing.T) {
	f := connected(t, newStandIn(t), func(*Config) {})
	f.WatchLag()
	until(t, f, func() bool { return f.Lag("p99") != 0 })
	if got := f.Lag("p99"); got != 7 {
		t.Errorf("the lag is %v, want 7 ns", got)
	}
	if ticks, err := f.Rest(t.Context()); err != nil || ticks != 42 {
		t.Errorf("%d ticks, %v; want 42", ticks, err)
	}
	if settled, err := f.Settle(t.Context(), 50*time.Millisecond, 10*time.Second); !settled || err != nil {
		t.Errorf("settled: %v, %v", settled, err)
	}
}

func TestStorm(t *testing.T) {
	last := "U,1,1,1|1|a"
	s := newStandIn(t, last)
	s.setRecovered(last, "U,1,1,9|1|b") // the first one has come before
	f := connected(t, s, func(*Config) {})
	until(t, f, func() bool { return f.tally.Delivered == 2 })
	if _, err := f.Storm(t.Context(), 2, true, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	until(t, f, func() bool { return f.tally.SlowDelivered == 2 })
	if got := f.Tally(); got.Duplicates+got.Lost+got.Refused+got.Ended != 0 || got.Conflated != 14 || got.Delivered != 2 {
		t.Errorf("after the recovery: %+v, %q", got.Conflated, got.Faults())
	}
	if _, err := f.Storm(t.Context(), 2, false, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	until(t, f, func() bool { return f.tally.SlowDelivered == 4 })
	s.setRecovered()
	if _, err := f.Storm(t.Context(), 1, true, 10*time.Second); err != nil || f.tally.Refused != 1 {
		t.Errorf("%v, %d refused; want a new session in place of the recovery", err, f.tally.Refused)
	}
	if f.tally.Duplicates+f.tally.Lost+f.tally.Ended != 0 {
		t.Errorf("after all: %q", f.tally.Faults())
	}
}

func TestStanding(t *testing.T) {
	f := connected(t, newStandIn(t, "U,1,1,1|1|a"), func(c *Config) { c.Items = Shared(2) })
	until(t, f, func() bool { return f.tally.Delivered == 2 })
	if got := f.Standing(); got != (Standing{Ticks: 1}) {
		t.Errorf("%+v, want 1 tick and nobody behind", got)
	}
	f.sessions[1].items[0].seq = 0
	if got := f.Standing(); got != (Standing{Ticks: 1, Behind: 1}) {
		t.Errorf("%+v, want one behind", got)
	}
	f.sessions[1].slow, f.sessions[2].slow = true, true
	if got := f.Standing(); got != (Standing{Unwatched: 2}) {
		t.Errorf("%+v, want two items that only slow sessions have", got)
	}
}

func TestWhatIsNoUpdateOfOursIsAFault(t *testing.T) {
	for line, part := range map[string]string{
		"U,2,1,1|1|a":  "not subscribed",
		"U,1,3,1|1|a":  "not subscribed",
		"U,1,1,|1|a":   "other fields",
		"U,1,1,1|1":    "other fields",
		"U,1,1,#|#|#":  "without values",
		"REQERR,1,21,": "REQERR",
		"END,31,gone":  "END",
		"OV,1,1,3":     "OV",
	} {
		f := scripted(WebSocket)
		f.lines(f.sessions[0], []byte(line+"\r\nPROBE\r\n"))
		if len(f.tally.faults) == 0 || !strings.Contains(f.tally.faults[0], part) {
			t.Errorf("%s: %q, want %q", line, f.tally.faults, part)
		}
	}
}

func TestAServerThatIsNotThere(t *testing.T) {
	f, err := New(Config{Address: "127.0.0.1:1", Transport: WebSocket, Sessions: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Connect(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("the error is %v, want that the connection was refused", err)
	}
	if _, err := New(Config{Address: "nonsense"}); err == nil {
		t.Error("nonsense is taken for an address")
	}
}

// TestBytesMayComeInAnyPieces feeds a stream byte by byte.
func TestBytesMayComeInAnyPieces(t *testing.T) {
	first, probe := "U,1,1,0|1|a\r\nU,1,1,1|1|b\r\n", "PROBE\r\n"
	long := strings.Repeat("U,1,1,1|1|b\r\nPROBE\r\n", 10)
	frame := func(text string) string {
		if len(text) < 126 {
			return "\x81" + string(rune(len(text))) + text
		}
		return "\x81\x7e" + string([]byte{byte(len(text) >> 8), byte(len(text))}) + text
	}
	chunk := func(format, text string) string { return fmt.Sprintf(format+"\r\n%s\r\n", len(text), text) }
	cases := map[Transport]string{
		WebSocket: frame(first) + frame(probe) + frame(long),
		HTTP:      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("%X", first) + chunk("%x", probe) + chunk("%x", long),
	}
	for transport, stream := range cases {
		whole := scripted(transport)
		take(whole, []byte(stream))
		pieces := scripted(transport)
		for i := range stream {
			take(pieces, []byte(stream[i:i+1]))
		}
		a, b := &whole.tally, &pieces.tally
		if a.Delivered < 10 || a.Delivered != b.Delivered || a.Duplicates != b.Duplicates || a.Frames != b.Frames || len(b.faults) != len(a.faults) {
			t.Errorf("%s: whole %d updates, %d twice, %d frames, %q; in pieces %d, %d, %d, %q", transport,
				a.Delivered, a.Duplicates, a.Frames, a.faults, b.Delivered, b.Duplicates, b.Frames, b.faults)
		}
	}
}

// scripted returns a fleet without sockets with one session that is bound.
func scripted(transport Transport) *Fleet {
	f := &Fleet{config: Config{Transport: transport, Fields: 3}}
	f.sessions = []*session{{state: bound, subscribed: true, items: []item{{seq: none}}}}
	return f
}

// take feeds bytes to the only session.
func take(f *Fleet, b []byte) {
	s := f.sessions[0]
	data := append(s.rest, b...)
	used := 0
	if f.config.Transport == WebSocket {
		used = f.frames(s, data)
	} else {
		used = f.responses(s, data)
	}
	s.rest = bytes.Clone(data[used:])
}

// message is a frame with updates of 20 items with 5 fields.
func message() []byte {
	var text []byte
	for i := range 20 {
		text = fmt.Appendf(text, "U,1,%d,12345|1763735020123456789|aaaa|bbbb|cccc\r\n", i+1)
	}
	head := []byte{0x81, 126, byte(len(text) >> 8), byte(len(text))}
	return append(head, text...)
}

// reading returns a fleet that reads a frame, without a socket.
func reading() (f *Fleet, read func()) {
	f = scripted(WebSocket)
	f.config.Fields = 5
	s, m := f.sessions[0], message()
	s.items = make([]item, 20)
	read = func() {
		for i := range s.items {
			s.items[i].seq = 12344
		}
		f.frames(s, m)
	}
	for range sizesMax + 1 { // until nothing grows any more
		read()
	}
	return f, read
}

func TestReadingDoesNotAllocate(t *testing.T) {
	f, read := reading()
	if n := testing.AllocsPerRun(100, read); n != 0 {
		t.Errorf("20 updates allocate %v times", n)
	}
	if f.tally.Delivered == 0 {
		t.Error("no updates were read")
	}
}

func BenchmarkRead(b *testing.B) {
	_, read := reading()
	b.ReportAllocs()
	for b.Loop() {
		read()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20, "ns/update")
}
