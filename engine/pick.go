package engine

import (
	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/conflation"
	"github.com/halley-stream/halley/conflation/selector"
	"github.com/halley-stream/halley/protocol"
)

// pick is what a view with a selector has besides: the row as it was at the last tick
// that was selected. Shard only.
type pick struct {
	selector *selector.Selector
	slots    []int32 // of the selector's fields
	row      conflation.Row
	seq      uint64 // number of that tick
	known    bool   // there was one
}

// newPick returns the pick of a new view: the item's row, if that is selected now.
func newPick(v *view) *pick {
	p := &pick{selector: v.spec.selector, slots: make([]int32, len(v.spec.selector.Fields()))}
	p.resolve(v.names)
	v.pick = p
	if it := v.item; it.known && v.spec.mode == adapters.Merge && v.selectsRow(&it.row) {
		p.take(&it.row, v.slots, it.seq)
	}
	return p
}

// resolve looks the selector's fields up in the item's dictionary.
func (p *pick) resolve(n *names) {
	for i, f := range p.selector.Fields() {
		p.slots[i] = n.of(f)
	}
}

// learn takes over what another view with the same selector and schema knows, if that
// is newer: views that began later may not have seen what was selected last.
func (p *pick) learn(other *pick) {
	if other.seq > p.seq {
		p.row.Copy(&other.row)
		p.seq, p.known = other.seq, other.known
	}
}

// take makes a row the one that was selected last.
func (p *pick) take(row *conflation.Row, slots []int32, seq uint64) {
	for _, slot := range slots {
		if token, version := row.At(int(slot)); version > p.seq || version > 0 && !p.known {
			p.row.Set(int(slot), token, seq)
		}
	}
	p.seq, p.known = seq, true
}

// picks takes one tick of the item, and reports whether it is selected: in MERGE by
// the row after the tick, else by the tick's own fields.
func (v *view) picks(ev *event) bool {
	if v.spec.mode != adapters.Merge {
		return v.selects(ev.at)
	}
	if !v.selectsRow(&v.item.row) {
		return false
	}
	v.pick.take(&v.item.row, v.slots, v.item.seq)
	return true
}

// selectsRow reports whether the view's selector holds for a row, selectsKey whether
// for a row of a COMMAND item.
func (v *view) selectsRow(row *conflation.Row) bool {
	return v.selects(func(slot int32) []byte {
		if token, version := row.At(int(slot)); version > 0 {
			return token
		}
		return nil
	})
}

func (v *view) selectsKey(k *conflation.Keyed) bool {
	return v.selects(func(slot int32) []byte {
		if slot >= 0 && slot == v.names.key {
			return []byte(k.Key)
		}
		if token, version := k.At(int(slot)); version > 0 {
			return token
		}
		return nil
	})
}

// rowOf is the row of a key that the view shows: the item's, or its own copy of what
// was selected last.
func (v *view) rowOf(k *conflation.Keyed) *conflation.Keyed {
	if v.pick == nil {
		return k
	}
	own := &conflation.Keyed{Key: k.Key, Ordinal: k.Ordinal}
	own.Copy(&k.Row)
	return own
}

// selects evaluates the selector over values in wire form, by slot; nil is null.
func (v *view) selects(at func(slot int32) []byte) bool {
	s, p := v.item.shard, v.pick
	began := s.engine.clock()
	s.evaluator.Begin()
	for i, field := range p.selector.Fields() {
		token := at(p.slots[i])
		if token == nil {
			continue
		}
		value, null, err := protocol.DecodeToken(token, s.value[:0])
		if s.value = value; err == nil && !null {
			s.evaluator.Set(field, string(value))
		}
	}
	ok, err := s.evaluator.Match(p.selector)
	if err != nil {
		s.stats.unselectable.Add(1)
	}
	s.stats.selections.Add(1)
	s.stats.selecting.Add(s.engine.clock() - began)
	return ok
}
