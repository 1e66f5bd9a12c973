package conflation

// History keeps the last events of a DISTINCT item, all fields of each, so that a
// view that comes later can show them. It is bounded by a number of events.
type History struct {
	rows  []Past
	first int
	max   int
}

// Past is one event of a History.
type Past struct {
	Seq uint64
	Row Row
}

// NewHistory returns a history of at most events events.
func NewHistory(events int) *History { return &History{max: max(events, 1)} }

// Add returns the empty row of a new event, for the caller to fill.
func (h *History) Add(seq uint64) *Row {
	if len(h.rows) < h.max {
		h.rows = append(h.rows, Past{Seq: seq})
		return &h.rows[len(h.rows)-1].Row
	}
	p := &h.rows[h.first]
	h.first = (h.first + 1) % len(h.rows)
	p.Seq = seq
	p.Row.Reset()
	return &p.Row
}

// Len is the number of events kept.
func (h *History) Len() int { return len(h.rows) }

// At returns the i-th oldest event.
func (h *History) At(i int) *Past { return &h.rows[(h.first+i)%len(h.rows)] }

// Clear forgets all.
func (h *History) Clear() { h.rows, h.first = h.rows[:0], 0 }
