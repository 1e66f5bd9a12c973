// Package demo is a simulated market: some thirty well-known names whose prices
// walk at random, for a first look at the server, for demonstrations and tests.
// None of it is real, neither prices nor news.
//
// It has three Data Adapters, whose items are named after the symbols:
//
//   - Quotes (MERGE): symbol, name, last, bid, bid_size, ask, ask_size, open,
//     high, low, volume, change, change_pct, time
//   - Depth (COMMAND): ten price levels a side, best first from the quotes' bid
//     and ask; key, command, side (bid, ask), price, size, orders. The key is B or
//     A and the price: B180.36
//   - News (DISTINCT): time, symbol, headline; the item NEWS has all headlines
//
// Times are UTC, as 2026-03-02T14:30:00.123Z. Updates of quotes are partial: a
// tick gives what has changed.
//
// # One market, no clock
//
// The market is a tape: a sequence of ticks that follows from the seed alone,
// and which is told how late it is. Adapters of one market share nothing. Each
// plays a tape of its own from the same seed and start, so they show the same
// market, whichever of them run, and however late one of them is.
package demo

import (
	"math/rand/v2"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// Market is a simulated market. It is immutable; its methods may be called from
// any goroutine.
type Market struct {
	seed  uint64
	rate  float64
	start time.Time // when the tape begins
}

// NewMarket returns the market for c, which begins now, or the faults that
// c.Validate finds.
func NewMarket(c Config) (*Market, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	m := &Market{seed: c.Seed, rate: c.Rate, start: time.Now()}
	if m.seed == 0 {
		m.seed = rand.Uint64()
	}
	if m.rate == 0 {
		m.rate = 1
	}
	return m, nil
}

// Quotes returns a Data Adapter of the quotes and trades: MERGE items.
func (m *Market) Quotes() adapters.DataAdapter {
	return newAdapter(m, adapters.Merge, Symbols(), func(t *tape) view { return newQuotes(t) })
}

// Depth returns a Data Adapter of the order books: COMMAND items.
func (m *Market) Depth() adapters.DataAdapter {
	return newAdapter(m, adapters.Command, Symbols(), func(t *tape) view { return newDepth(t, m.seed) })
}

// News returns a Data Adapter of the headlines: DISTINCT items.
func (m *Market) News() adapters.DataAdapter {
	return newAdapter(m, adapters.Distinct, append(Symbols(), AllNews), func(t *tape) view { return newNews(t) })
}

// Symbols returns the symbols of the instruments, in the order of a price list.
func Symbols() []string {
	all := make([]string, len(specs))
	for i, s := range specs {
		all[i] = s.symbol
	}
	return all
}
