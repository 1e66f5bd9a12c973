package demo

import (
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

var monday = time.Date(2026, 3, 2, 14, 30, 0, 0, time.UTC)

func TestSameSeedSameTicks(t *testing.T) {
	const until = 20 * time.Minute
	one, two, other := newTape(7, 1, monday), newTape(7, 1, monday), newTape(8, 1, monday)
	different := false
	for n := 0; ; n++ {
		a, b, c := one.next(until), two.next(until), other.next(until)
		if a == nil || b == nil {
			if a != b || n < 90_000 {
				t.Errorf("%d ticks in 20 minutes, then %v and %v; want some 120,000, then the end of both", n, a, b)
			}
			break
		}
		if a.at != b.at || a.of != b.of || a.changed != b.changed || a.in.row != b.in.row || (a.news == nil) != (b.news == nil) || a.news != nil && *a.news != *b.news {
			t.Fatalf("tick %d differs: %+v, %+v", n, a, b)
		}
		different = different || c == nil || a.at != c.at || a.in.row != c.in.row
	}
	if !different {
		t.Error("another seed gives the same ticks")
	}
}

func TestTicksMakeSense(t *testing.T) {
	tape := newTape(1, 1, monday)
	rows := make([]row, len(tape.instruments))
	for i := range rows {
		rows[i] = tape.instruments[i].row
	}
	var partial, trades, total int
	last := time.Duration(0)
	for tick := tape.next(time.Hour); tick != nil; tick = tape.next(time.Hour) {
		in, r := tick.in, &tick.in.row
		if tick.at < last {
			t.Fatalf("a tick of %v after one of %v", tick.at, last)
		}
		last = tick.at
		if tick.news != nil {
			continue
		}
		total++
		before := rows[tick.of]
		rows[tick.of] = *r
		switch {
		case r[fieldTime] != int64(tick.at):
			t.Fatalf("%s: time %v at %v", in.symbol, r[fieldTime], tick.at)
		case r.diff(&before)|1<<fieldTime != tick.changed:
			t.Fatalf("%s: %b is said to have changed from %v to %v", in.symbol, tick.changed, before, *r)
		case r[fieldBid] >= r[fieldAsk], r[fieldAsk]-r[fieldBid] > 2*in.gap*in.spread:
			t.Fatalf("%s: bid %d, ask %d", in.symbol, r[fieldBid], r[fieldAsk])
		case r[fieldBid]%in.gap != 0 || r[fieldAsk]%in.gap != 0:
			t.Fatalf("%s: bid %d, ask %d, and the gap is %d", in.symbol, r[fieldBid], r[fieldAsk], in.gap)
		case r[fieldBidSize] < in.lot || r[fieldAskSize] < in.lot || r[fieldVolume]%in.lot != 0:
			t.Fatalf("%s: sizes %v", in.symbol, *r)
		case r[fieldLow] > r[fieldLast] || r[fieldLast] > r[fieldHigh] || r[fieldLow] > r[fieldOpen] || r[fieldOpen] > r[fieldHigh]:
			t.Fatalf("%s: low, last, open and high of %v", in.symbol, *r)
		case r[fieldChange] != r[fieldLast]-in.close:
			t.Fatalf("%s: change %d from %d to %d", in.symbol, r[fieldChange], in.close, r[fieldLast])
		case r[fieldChangePct] > 1500 || r[fieldChangePct] < -1500:
			t.Fatalf("%s has strayed by %d/100 %%", in.symbol, r[fieldChangePct])
		}
		if tick.changed&(1<<fieldLast|1<<fieldVolume) != 0 {
			trades++
		}
		if tick.changed&(1<<fieldLast|1<<fieldAsk|1<<fieldAskSize|1<<fieldVolume) == 0 {
			partial++
		}
	}
	if partial*10 < total || trades*10 < total || trades*2 > total {
		t.Errorf("of %d ticks %d change the bid only, %d are trades; want a good part of each", total, partial, trades)
	}
}

func TestEachInstrumentHasItsRateAndBursts(t *testing.T) {
	const seconds = 3600
	tape := newTape(3, 1, monday)
	count := make([][seconds]int, len(tape.instruments))
	for tick := tape.next(seconds*time.Second - 1); tick != nil; tick = tape.next(seconds*time.Second - 1) {
		if tick.news == nil {
			count[tick.of][tick.at/time.Second]++
		}
	}
	sum := 0.0
	for i, perSecond := range count {
		in := &tape.instruments[i]
		total, most, none := 0, 0, 0
		for _, n := range perSecond {
			total += n
			most = max(most, n)
			if n == 0 {
				none++
			}
		}
		rate, want := float64(total)/seconds, float64(in.rate)/10
		sum += rate
		if rate < 0.8*want || rate > 1.2*want {
			t.Errorf("%s ticks %.2f times a second, want some %.1f", in.symbol, rate, want)
		}
		if float64(most) < 4*want || none < seconds/50 {
			t.Errorf("%s: at most %d ticks in a second, none in %d; want bursts and quiet", in.symbol, most, none)
		}
	}
	if sum < 90 || sum > 110 {
		t.Errorf("%.1f ticks a second in all, want some 100", sum)
	}
}

func TestRateScales(t *testing.T) {
	count := func(rate float64) (n int) {
		tape := newTape(3, rate, monday)
		for tick := tape.next(10 * time.Minute); tick != nil; tick = tape.next(10 * time.Minute) {
			if tick.news == nil {
				n++
			}
		}
		return n
	}
	if one, ten := count(1), count(10); ten < 8*one || ten > 12*one {
		t.Errorf("%d ticks at rate 1, %d at rate 10", one, ten)
	}
}

func TestANewDayBeginsAtMidnight(t *testing.T) {
	tape := newTape(5, 1, monday.Truncate(24*time.Hour).Add(23*time.Hour+59*time.Minute))
	evening := make([]row, len(tape.instruments))
	begun := make([]bool, len(tape.instruments))
	for tick := tape.next(2 * time.Minute); tick != nil; tick = tape.next(2 * time.Minute) {
		r := &tick.in.row
		if tick.news != nil {
			continue
		}
		if tick.at < time.Minute {
			evening[tick.of] = *r
			continue
		}
		if begun[tick.of] {
			continue
		}
		begun[tick.of] = true
		yesterday := evening[tick.of][fieldLast]
		if tick.in.close != yesterday || r[fieldOpen] != yesterday || r[fieldVolume] > 100*tick.in.lot {
			t.Errorf("%s starts the day with close %d, open %d, volume %d after %d", tick.in.symbol, tick.in.close, r[fieldOpen], r[fieldVolume], yesterday)
		}
		if tick.changed&(1<<fieldVolume) == 0 {
			t.Errorf("%s does not say that its volume is new", tick.in.symbol)
		}
	}
	for i, ok := range begun {
		if !ok {
			t.Errorf("%s did not tick after midnight", specs[i].symbol)
		}
	}
}

func TestHeadlines(t *testing.T) {
	tape := newTape(2, 1, monday)
	if n := len(tape.newsroom.backlog); n != backlog {
		t.Errorf("a backlog of %d headlines, want %d", n, backlog)
	}
	last := time.Duration(-1 << 62)
	for _, h := range tape.newsroom.backlog {
		if h.at <= last || h.at >= 0 {
			t.Errorf("the backlog has a headline of %v after one of %v", h.at, last)
		}
		last = h.at
	}
	n := 0
	for tick := tape.next(time.Hour); tick != nil; tick = tape.next(time.Hour) {
		if h := tick.news; h != nil {
			n++
			if !strings.Contains(h.text, tick.in.name) || tick.changed != 0 || h.at != tick.at || h.of != tick.of {
				t.Fatalf("%+v at %v of %s", h, tick.at, tick.in.symbol)
			}
		}
	}
	if n < 800 || n > 1000 {
		t.Errorf("%d headlines in an hour, want one in four seconds", n)
	}
}

func TestSpecs(t *testing.T) {
	symbols := " " + strings.Join(Symbols(), " ") + " "
	for _, s := range []string{"AAPL", "MSFT", "IBM", "AIG", "BAC", "SPY", "EURUSD", "XAUUSD"} {
		if strings.Count(symbols, " "+s+" ") != 1 {
			t.Errorf("%s is not once in%s", s, symbols)
		}
	}
	if len(specs) != 30 {
		t.Errorf("%d instruments, want 30", len(specs))
	}
}

func TestAppendDecimal(t *testing.T) {
	for _, c := range []struct {
		v        int64
		decimals int
		want     string
	}{
		{18036, 2, "180.36"}, {18030, 2, "180.30"}, {5, 2, "0.05"}, {0, 2, "0.00"}, {-7, 2, "-0.07"}, {-1234, 2, "-12.34"},
		{108352, 5, "1.08352"}, {99, 5, "0.00099"}, {38981, 0, "38981"}, {0, 0, "0"}, {-3, 0, "-3"},
	} {
		if got := string(appendDecimal([]byte("x"), c.v, c.decimals)); got != "x"+c.want {
			t.Errorf("appendDecimal(%d, %d) = %q, want %q", c.v, c.decimals, got[1:], c.want)
		}
	}
	for _, c := range [][3]int64{{1, 3, 3333}, {2, 3, 6667}, {-2, 3, -6667}, {0, 5, 0}} {
		if got := percent(c[0], c[1]); got != c[2] {
			t.Errorf("percent(%d, %d) = %d, want %d", c[0], c[1], got, c[2])
		}
	}
}

func BenchmarkTape(b *testing.B) {
	tape := newTape(1, 1, monday)
	b.ReportAllocs()
	for b.Loop() {
		tape.next(1 << 62)
	}
}
