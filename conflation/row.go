package conflation

import "bytes"

// Row is the newest value of each field of an item (or of one key of a COMMAND
// item), with the number of the tick that last changed it. The zero Row is empty.
//
// All values lie in one piece of memory, because a tick touches several of them, and
// of an item that has not ticked for a while none is in the caches.
type Row struct {
	cells []cell
	text  []byte // of the values: each has a place there, with room to grow
}

// cell is where the value of a field lies in text.
type cell struct {
	version  uint64 // 0: never set
	at       uint32
	length   uint32
	capacity uint32
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
	if c.version != 0 && bytes.Equal(r.value(c), token) {
		return false
	}
	r.put(c, token)
	c.version = seq
	return true
}

// value is the token of a cell.
func (r *Row) value(c *cell) []byte { return r.text[c.at : c.at+c.length : c.at+c.length] }

// put copies a token to the place of a cell, or to a larger one.
func (r *Row) put(c *cell, token []byte) {
	if uint32(len(token)) > c.capacity {
		c.length = 0 // the old value need not be kept
		r.place(c, len(token))
	}
	c.length = uint32(len(token))
	copy(r.text[c.at:], token)
}

// place gives a cell a place for n bytes and a little more. When there is none left
// all values move to new memory, without what earlier places have left empty.
func (r *Row) place(c *cell, n int) {
	const unit = 8
	capacity := (n + unit - 1) &^ (unit - 1)
	c.capacity = 0
	if len(r.text)+capacity > cap(r.text) {
		total := capacity
		for i := range r.cells {
			total += int(r.cells[i].capacity)
		}
		text := make([]byte, 0, total+total/4)
		for i := range r.cells {
			if o := &r.cells[i]; o.capacity > 0 {
				value := r.value(o)
				o.at = uint32(len(text))
				text = append(text, value...)
				text = text[:o.at+o.capacity]
			}
		}
		r.text = text
	}
	c.at, c.capacity = uint32(len(r.text)), uint32(capacity)
	r.text = r.text[:len(r.text)+capacity]
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
	return r.value(c), c.version
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

// Copy makes the values of r those of from, which may have fewer slots.
func (r *Row) Copy(from *Row) {
	if len(from.cells) > len(r.cells) {
		r.grow(len(from.cells) - 1)
	}
	for i := range from.cells {
		r.put(&r.cells[i], from.value(&from.cells[i]))
		r.cells[i].version = from.cells[i].version
	}
}

// Reset empties the row and keeps its memory.
func (r *Row) Reset() {
	for i := range r.cells {
		r.cells[i].version, r.cells[i].length = 0, 0
	}
}
