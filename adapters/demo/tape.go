package demo

import (
	"math/rand/v2"
	"time"
)

// tape is the market's sequence of ticks. It follows from the seed, the rate and
// the start; prices are whole numbers, so that they are the same on every machine.
// It has no clock: next is told how late it is. A tape belongs to one goroutine.
type tape struct {
	start       time.Time // in UTC
	instruments []instrument
	newsroom    newsroom
	tick        tick // what next returned last
}

// tick is one thing that happened: to an instrument, or a headline about it.
type tick struct {
	at      time.Duration // since the tape's start
	of      int           // the instrument's index
	in      *instrument   // as it is after the tick
	changed fields        // none if it is a headline
	news    *headline     // nil if it is none
}

func newTape(seed uint64, rate float64, start time.Time) *tape {
	start = start.UTC()
	year, month, day := start.Date()
	midnight := time.Date(year, month, day+1, 0, 0, 0, 0, time.UTC).Sub(start)
	t := &tape{start: start, instruments: make([]instrument, len(specs))}
	for i := range t.instruments {
		t.instruments[i].open(&specs[i], rand.New(rand.NewPCG(seed, uint64(i))), rate, midnight)
	}
	t.newsroom.open(rand.New(rand.NewPCG(seed, uint64(len(specs)))), t.instruments)
	return t
}

// due returns when the next tick is, and the instrument, or -1 for the newsroom.
func (t *tape) due() (at time.Duration, of int) {
	at, of = t.newsroom.due, -1
	for i := range t.instruments {
		if d := t.instruments[i].due; d < at {
			at, of = d, i
		}
	}
	return at, of
}

// next returns the next tick, or nil if it is after until. The tick is valid
// until the following call.
func (t *tape) next(until time.Duration) *tick {
	at, of := t.due()
	if at > until {
		return nil
	}
	if of < 0 {
		h := t.newsroom.report(t.instruments)
		t.tick = tick{at: at, of: h.of, in: &t.instruments[h.of], news: h}
		return &t.tick
	}
	in := &t.instruments[of]
	t.tick = tick{at: at, of: of, in: in, changed: in.trade()}
	return &t.tick
}

// appendTime appends a time of the tape as 2026-03-02T14:30:00.123Z.
func (t *tape) appendTime(dst []byte, at time.Duration) []byte {
	return t.start.Add(at).AppendFormat(dst, "2006-01-02T15:04:05.000Z07:00")
}
