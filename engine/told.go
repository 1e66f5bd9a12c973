package engine

import "github.com/halley-stream/halley/protocol"

// told is what a view said last of the fields that may be told by how they differ
// from that. Shard only.
type told struct {
	formats []protocol.DiffFormat // by position in the schema; 0: none
	values  [][]byte              // in wire form, by position
	seq     uint64                // number of the line that said them
	takers  int                   // subscribers that take diffs
}

// newTold returns what a view needs for diffs, or nil if none of its fields has them.
func newTold(v *view) *told {
	n := len(v.spec.fields.fields)
	t := &told{formats: make([]protocol.DiffFormat, n), values: make([][]byte, n)}
	some := false
	for i, name := range v.spec.fields.fields {
		t.formats[i] = v.item.source.diffs[name]
		some = some || t.formats[i] != 0
	}
	if !some {
		return nil
	}
	return t
}

// takes counts a subscriber in or out, if it takes diffs.
func (v *view) takes(sub *subscriber, n int) {
	if v.told != nil && sub.subscription.session.diffs != 0 {
		v.told.takers += n
	}
}

// appendDiffs appends the body for those who have base, with a diff where one is
// shorter than the value, and returns the formats of these. Without any it appends
// nothing.
func (v *view) appendDiffs(dst []byte, base uint64) (out []byte, formats protocol.DiffFormats) {
	t, s, row := v.told, v.item.shard, v.row()
	if t.takers == 0 {
		return dst, 0
	}
	if base > 0 && base == t.seq {
		b := protocol.BeginBody(dst)
		for i, slot := range v.slots {
			token, version := row.At(int(slot))
			if version <= base {
				b.Unchanged()
				continue
			}
			if f := t.formats[i]; f != 0 {
				var ok bool
				if s.differed, ok = s.differ.Append(s.differed[:0], f, t.values[i], token); ok {
					token, formats = s.differed, formats.With(f)
				}
			}
			b.Token(token)
		}
		if out = b.End(); formats != 0 {
			dst = out
		}
	}
	t.seq = v.seq()
	for i, f := range t.formats {
		if f != 0 {
			token, _ := row.At(int(v.slots[i]))
			t.values[i] = append(t.values[i][:0], token...)
		}
	}
	return dst, formats
}
