package conflation

import "sort"

// Table is the last-value cache of a COMMAND item: one row per key, in the order
// in which the keys came. The zero Table is empty.
type Table struct {
	rows map[string]*Keyed
	// order holds the rows by rising Ordinal; a removed one leaves nil until half
	// of the slots are.
	order   []*Keyed
	removed int
	ordinal uint64
}

// Keyed is the row of one key.
type Keyed struct {
	Row
	// Key is the key's token.
	Key string
	// Ordinal numbers the keys as they came, from 1; a key that is removed and
	// comes back gets a new one.
	Ordinal uint64
	// Life is the item's life in which the row was last touched: what an adapter
	// has not repeated by the end of a new life's snapshot is gone.
	Life uint32
	at   int // in the table's order
}

// Len is the number of keys.
func (t *Table) Len() int { return len(t.rows) }

// Last is the highest ordinal given so far.
func (t *Table) Last() uint64 { return t.ordinal }

// Get returns the row of a key, or nil.
func (t *Table) Get(key []byte) *Keyed { return t.rows[string(key)] }

// Add makes the row of a key that the table does not have.
func (t *Table) Add(key []byte) *Keyed {
	if t.rows == nil {
		t.rows = make(map[string]*Keyed)
	}
	t.ordinal++
	k := &Keyed{Key: string(key), Ordinal: t.ordinal, at: len(t.order)}
	t.rows[k.Key] = k
	t.order = append(t.order, k)
	return k
}

// Remove takes out a row that is in the table.
func (t *Table) Remove(k *Keyed) {
	delete(t.rows, k.Key)
	t.order[k.at] = nil
	t.removed++
	if t.removed > 16 && t.removed > len(t.order)/2 {
		t.compact()
	}
}

// Clear removes all rows. Ordinals go on.
func (t *Table) Clear() {
	clear(t.rows)
	t.order, t.removed = nil, 0
}

// After calls f for each row with an ordinal greater than ordinal, in order,
// until f returns false. f must not change the table.
func (t *Table) After(ordinal uint64, f func(*Keyed) bool) {
	for _, k := range t.order[t.after(ordinal):] {
		if k != nil && !f(k) {
			return
		}
	}
}

// after returns the index of the first slot whose row, or the next one to its
// right, has a greater ordinal.
func (t *Table) after(ordinal uint64) int {
	return sort.Search(len(t.order), func(i int) bool {
		for ; i < len(t.order); i++ {
			if t.order[i] != nil {
				return t.order[i].Ordinal > ordinal
			}
		}
		return true
	})
}

func (t *Table) compact() {
	kept := t.order[:0]
	for _, k := range t.order {
		if k != nil {
			k.at = len(kept)
			kept = append(kept, k)
		}
	}
	clear(t.order[len(kept):])
	t.order, t.removed = kept, 0
}
