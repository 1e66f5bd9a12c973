package engine

import "github.com/halley-stream/halley/conflation"

// cursor walks the lines of a view from a number on: the rule, one line a step.
type cursor struct {
	v     *view
	after uint64
	log   int                  // next entry of the log
	key   *conflation.KeyState // next key of a filtered COMMAND view
}

// from returns a cursor over what a receiver lacks that has everything up to
// after. The view must not change while the cursor is used.
func (v *view) from(after uint64) cursor {
	c := cursor{v: v, after: after}
	if v.log != nil {
		c.log = v.log.After(after)
	}
	if v.keys != nil && !v.spec.unfiltered {
		c.key = v.keys.recent.After(after)
	}
	return c
}

// line is one line of a view.
type line struct {
	kind entryKind
	seq  uint64
	body []byte
	// ordinal is that of the key, in COMMAND.
	ordinal uint64
}

// next appends the next line's body to dst and moves on; ok is false at the end.
func (c *cursor) next(dst []byte) (ln line, ok bool) {
	v := c.v
	switch {
	case v.log == nil:
		row, seq := v.row(), v.seq()
		if c.after >= seq || !row.Newer(v.slots, c.after) && c.after > 0 {
			return line{}, false
		}
		ln = line{kind: entryUpdate, seq: seq, body: appendRow(dst, row, v.slots, c.after)}
	case c.log < v.log.Len() && (c.key == nil || v.log.At(c.log).Seq < c.key.Version):
		e := v.log.At(c.log)
		c.log++
		ln = line{kind: entryUpdate, seq: e.Seq, body: append(dst, e.Body...), ordinal: e.Ordinal}
		if e.Kind == eventClear {
			ln.kind = entryClear
		}
	case c.key != nil:
		ln = line{kind: entryUpdate, seq: c.key.Version, body: appendKeyed(dst, c.key.Row, v, updateToken), ordinal: c.key.Row.Ordinal}
		c.key = c.key.Next()
	default:
		return line{}, false
	}
	c.after = ln.seq
	return ln, true
}

// emit says what is new to all loops that have subscribers.
func (v *view) emit() {
	for l := range v.ends {
		if v.ends[l].count > 0 {
			v.emitTo(l)
		}
	}
}

// emitTo says what is new to one loop, as far as there is room; what is held back
// is on the shard's list.
func (v *view) emitTo(l int) {
	s, end := v.item.shard, &v.ends[l]
	if end.held { // in its turn, so that nobody overtakes
		s.stats.conflated[v.spec.mode].Add(1)
		return
	}
	if broken == brokenOneNumber {
		for i := range v.ends {
			end.sent = max(end.sent, v.ends[i].sent)
		}
	}
	if f := v.floor(); end.sent < f {
		end.sent = f // the receivers notice, and ask one by one
	}
	newest := v.newest()
	for c := v.from(end.sent); end.sent < newest; {
		if !s.outs[l].room() {
			s.hold(v, l)
			return
		}
		e, ok := s.encode(v, &c, end)
		if !ok {
			s.hold(v, l)
			return
		}
		if e == nil {
			break
		}
		s.put(l, e)
		end.sent, end.fresh = e.seq, 0
	}
	if end.end {
		if !s.outs[l].room() {
			s.hold(v, l)
			return
		}
		end.end = false
		s.put(l, &entry{kind: entryEnd, view: v, base: end.sent, seq: end.sent})
	}
}

// lineSize is the room for a line that is looked for first; one that is longer
// gets memory of its own.
const lineSize = 2 << 10

// encoded is the line that a shard encoded last: loops that have the same number
// share it.
type encoded struct {
	entry
	block *arena
	fresh bool // the complete form is there, or not needed
}

// encode makes the entry of the cursor's next line. It returns nil and true at
// the end, nil and false when there is no memory for the body.
func (s *shard) encode(v *view, c *cursor, end *viewEnd) (*entry, bool) {
	m := &s.memo
	base := c.after
	if m.view == v && m.base == base && m.block == s.mem.cur && m.seq == v.seq() && v.log == nil && (m.fresh || end.fresh == 0) {
		c.after = m.seq
		return &m.entry, true
	}
	dst := s.mem.open(lineSize)
	if dst == nil {
		return nil, false
	}
	ln, ok := c.next(dst)
	if !ok {
		return nil, true
	}
	m.entry = entry{kind: ln.kind, view: v, base: base, seq: ln.seq}
	m.block, m.fresh = s.mem.cur, base == 0
	text, body := ln.body, len(ln.body)
	if v.log == nil && end.fresh > 0 && base > 0 && broken != brokenSharedDelta {
		text = appendRow(text, v.row(), v.slots, 0)
		m.full, m.fresh = uint32(len(text)-body), true
	}
	if v.told != nil {
		text, m.formats = v.appendDiffs(text, base)
		m.diff = uint32(len(text)-body) - m.full
	}
	m.text = text
	s.mem.close(text)
	return &m.entry, true
}

// put posts an entry to a loop.
func (s *shard) put(l int, e *entry) {
	s.outs[l].put(e)
	s.mem.posted(l, s.memo.block)
	s.mem.posted(l, s.mem.cur)
	s.spoke[l] = true
}

// heldList is the views that have more to say to one loop than there was room
// for, in the order in which they found none.
type heldList struct {
	views []*view
	first int
}

// hold remembers that a view has more to say to a loop.
func (s *shard) hold(v *view, l int) {
	s.stats.held.Add(1)
	if end := &v.ends[l]; !end.held && broken != brokenNoHeld {
		end.held = true
		s.held[l].views = append(s.held[l].views, v)
	}
}

// release gives the views that were held back for a loop their turn, as far as
// there is room.
func (s *shard) release(l int) {
	h := &s.held[l]
	for n := len(h.views) - h.first; n > 0 && s.outs[l].room(); n-- {
		v := h.views[h.first]
		h.views[h.first] = nil
		h.first++
		v.ends[l].held = false
		if v.ends[l].count > 0 {
			v.emitTo(l)
		}
	}
	if h.first > len(h.views)/2 {
		n := copy(h.views, h.views[h.first:])
		clear(h.views[n:])
		h.views, h.first = h.views[:n], 0
	}
}
