package conflation

import "bytes"

// Row is the newest value of each field of an item (or of one key of a COMMAND
// item), with the number of the tick that last changed it. The zero Row is empty.
type Row struct {
	cells []cell
}

type cell struct {
	version uint64 // 0: never set
	token   []byte // the row's own memory, reused by the next value that fits
}

// Set gives a field its value as of tick seq, and reports whether that changed
// it. An equal value leaves the version as it is: values are compared with the
// item's own previous value only, never with what a receiver was sent, else
// A→B→A would be lost for one who joined in between. The token is copied.
func (r *Row) Set(slot int, token []byte, seq uint64) bool {
	if slot >= len(r.cells) {
		r.grow(slot)
	}
	c := &r.cells[slot]
	if c.version != 0 && bytes.Equal(c.token, token) {
		return false
	}
	c.token = append(c.token[:0], token...)
	c.version = seq
	return true
}

func (r *Row) grow(slot int) {
	cells := make([]cell, slot+1)
	copy(cells, r.cells)
	r.cells = cells
}

// Len is the number of slots that the row has room for; those beyond are unset.
func (r *Row) Len() int { return len(r.cells) }

// At returns the token and the version of a slot; a slot never set has version 0.
// The token is the row's memory: valid until the next Set.
func (r *Row) At(slot int) (token []byte, version uint64) {
	if slot < 0 || slot >= len(r.cells) {
		return nil, 0
	}
	c := &r.cells[slot]
	return c.token, c.version
}

// Newer reports whether one of the slots has changed after tick have. Slots below
// zero stand for fields that the item does not have.
func (r *Row) Newer(slots []int32, have uint64) bool {
	for _, s := range slots {
		if int(s) < len(r.cells) && s >= 0 && r.cells[s].version > have {
			return true
		}
	}
	return false
}

// Copy makes r the same as from.
func (r *Row) Copy(from *Row) {
	if len(from.cells) > len(r.cells) {
		r.grow(len(from.cells) - 1)
	}
	for i := range from.cells {
		r.cells[i].version = from.cells[i].version
		r.cells[i].token = append(r.cells[i].token[:0], from.cells[i].token...)
	}
}

// Reset empties the row and keeps its memory.
func (r *Row) Reset() {
	for i := range r.cells {
		r.cells[i].version = 0
		r.cells[i].token = r.cells[i].token[:0]
	}
}
