package main

import (
	"slices"

	"github.com/halley-stream/halley/adapters/replay"
)

// rows makes whole rows of ticks, which tell only what has changed, by symbol. A
// topic that keeps the last record of each key needs them: of partial ones it
// would keep one side of a quote.
type rows map[string]*replay.Tick

// whole returns the row of a symbol with a tick applied; it is valid until the
// next call for that symbol.
func (r rows) whole(t *replay.Tick) *replay.Tick {
	row := r[t.Symbol]
	if row == nil {
		row = &replay.Tick{Symbol: t.Symbol}
		r[t.Symbol] = row
	}
	row.Kind, row.Time = t.Kind, t.Time
	for _, v := range t.Values {
		i := slices.IndexFunc(row.Values, func(w replay.Value) bool { return w.Field == v.Field })
		if i < 0 {
			i = len(row.Values)
			row.Values = append(row.Values, replay.Value{Field: v.Field})
		}
		row.Values[i].Text = append(row.Values[i].Text[:0], v.Text...)
	}
	return row
}
