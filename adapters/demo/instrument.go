package demo

import (
	"math/rand/v2"
	"time"
)

// mood is how busy an instrument is for a while.
type mood struct {
	interval    int64 // its ticks come at this many eighths of the usual interval
	least, most time.Duration
}

// An instrument is normal, then quiet or in a burst, then normal again. Weighted
// by their lengths, these come to 9/8 of the usual number of ticks.
var (
	normal = mood{8, 4 * time.Second, 20 * time.Second}
	quiet  = mood{32, 3 * time.Second, 9 * time.Second}
	burst  = mood{1, 400 * time.Millisecond, 2 * time.Second}
)

// instrument is the state of one instrument. Its price is a random walk, drawn
// back to yesterday's close, and in a burst with a drift to one side.
type instrument struct {
	*spec
	rand     *rand.Rand
	row      row
	close    int64 // yesterday's
	walk     int64 // the price between bid and ask, in 1/2^16 units
	drift    int64 // added to walk with each quote, in 1/2^16 units
	interval time.Duration
	due      time.Duration // when it ticks next
	mood     mood
	moodEnds time.Duration
	dayEnds  time.Duration
}

// fine is the number of bits by which walk is finer than prices.
const fine = 16

// pull is the strength of the way back: each quote takes 1/2^pull of the distance
// to yesterday's close. Prices then stray some 90 times as far as a quote moves.
const pull = 14

// open sets the instrument up as if trading had been going on for a while.
func (in *instrument) open(s *spec, r *rand.Rand, rate float64, dayEnds time.Duration) {
	*in = instrument{spec: s, rand: r, close: s.price, mood: normal, dayEnds: dayEnds}
	in.moodEnds = time.Duration(in.rand.Int64N(int64(normal.most)))
	in.interval = time.Duration(float64(10*time.Second) / (float64(s.rate) * rate) * 9 / 8)
	in.walk = s.price << fine
	in.walk += in.swing(20 * s.restless * s.gap)
	in.quote()
	in.row[fieldLast] = in.row[fieldBid]
	in.newDay(s.price)
	in.row[fieldVolume] = s.lot * (10_000 + in.rand.Int64N(200_000))
	for range 500 {
		in.event()
	}
	in.row[fieldTime] = 0
	in.schedule()
}

// trade lets the instrument tick at the time that is due, and returns what has
// changed.
func (in *instrument) trade() fields {
	before := in.row
	if in.due >= in.dayEnds {
		in.newDay(in.row[fieldLast])
		in.dayEnds += 24 * time.Hour
	}
	in.event()
	in.row[fieldTime] = int64(in.due)
	changed := in.row.diff(&before) | 1<<fieldTime
	in.schedule()
	return changed
}

// newDay begins a day at the last price.
func (in *instrument) newDay(yesterday int64) {
	in.close = yesterday
	r := &in.row
	r[fieldOpen], r[fieldHigh], r[fieldLow] = r[fieldLast], r[fieldLast], r[fieldLast]
	r[fieldVolume] = 0
	in.change()
}

// change sets what follows from the last price and yesterday's close.
func (in *instrument) change() {
	in.row[fieldChange] = in.row[fieldLast] - in.close
	in.row[fieldChangePct] = percent(in.row[fieldChange], in.close)
}

// schedule sets when the next tick is due.
func (in *instrument) schedule() {
	if in.due >= in.moodEnds {
		in.changeMood()
	}
	mean := int64(in.interval) * in.mood.interval / 8
	in.due += time.Duration(mean/8 + in.rand.Int64N(max(mean*14/8, 1)))
}

func (in *instrument) changeMood() {
	in.drift = 0
	switch {
	case in.mood != normal:
		in.mood = normal
	case in.rand.IntN(2) == 0:
		in.mood = quiet
	default:
		in.mood = burst
		in.drift = in.swing(in.restless*in.gap) / 4
	}
	in.moodEnds = in.due + in.mood.least + time.Duration(in.rand.Int64N(int64(in.mood.most-in.mood.least)))
}

// event changes the row: a size, the quote, or a trade at the bid or the ask.
func (in *instrument) event() {
	switch n := in.rand.IntN(100); {
	case n < 20:
		in.row[fieldBidSize] = in.size(in.rand, 40)
	case n < 40:
		in.row[fieldAskSize] = in.size(in.rand, 40)
	case n < 75:
		in.quote()
	default:
		in.deal()
	}
}

// quote moves bid and ask. Sizes change with their prices.
func (in *instrument) quote() {
	in.walk += in.swing(in.restless*in.gap) + in.drift + (in.close<<fine-in.walk)>>pull
	spread := in.gap * in.spread
	if in.rand.IntN(4) == 0 {
		spread += in.gap * (1 + in.rand.Int64N(in.spread))
	}
	bid := (in.walk>>fine - spread/2) / in.gap * in.gap
	if ask := bid + spread; ask != in.row[fieldAsk] {
		in.row[fieldAsk], in.row[fieldAskSize] = ask, in.size(in.rand, 40)
	}
	if bid != in.row[fieldBid] {
		in.row[fieldBid], in.row[fieldBidSize] = bid, in.size(in.rand, 40)
	}
}

// deal is a trade.
func (in *instrument) deal() {
	r := &in.row
	price := r[fieldBid]
	if in.rand.IntN(2) == 0 {
		price = r[fieldAsk]
	}
	r[fieldLast] = price
	r[fieldHigh] = max(r[fieldHigh], price)
	r[fieldLow] = min(r[fieldLow], price)
	r[fieldVolume] += in.size(in.rand, 8)
	in.change()
}

// swing draws a step of up to 2*units in either direction, in 1/2^16 units; small
// ones more often.
func (in *instrument) swing(units int64) int64 {
	n := units << fine
	return in.rand.Int64N(2*n+1) + in.rand.Int64N(2*n+1) - 2*n
}

// size draws a size of 1 to most lots, small ones more often.
func (s *spec) size(r *rand.Rand, most int64) int64 {
	return s.lot * (1 + r.Int64N(1+r.Int64N(most)))
}

// percent returns part of whole in 1/100 percent, rounded.
func percent(part, whole int64) int64 {
	if part < 0 {
		return -percent(-part, whole)
	}
	return (part*10_000 + whole/2) / whole
}
