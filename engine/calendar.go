package engine

import "math/bits"

// calendar says which outlets are flushed when. Unlike the timers of a wheel an
// entry cannot be taken back; it is void when its outlet is not scheduled any more,
// or for another tick. In exchange neither writing an entry nor coming to it
// touches the outlets around it.
type calendar struct {
	tick  int64 // all slots up to this tick have been flushed
	at    int   // how far the slot of the next tick has been
	slots [calendarSlots][]*outlet
	used  [calendarSlots / 64]uint64 // a bit per slot that has entries
}

const (
	calendarShift = wheelShift // a tick is that of the wheel
	calendarSlots = 1024       // which is as far as it reaches: 1.07 s
	calendarMask  = calendarSlots - 1
	// calendarKept is for how many entries a slot keeps its memory.
	calendarKept = 256
	// ahead is how many outlets are looked at before the first of them is dealt
	// with: the caches then fetch them side by side, not one after the other.
	ahead = 8
)

// add schedules the flush of an outlet for due, but not later than the calendar
// reaches.
func (c *calendar) add(o *outlet, due int64) {
	at := max((due+1<<calendarShift-1)>>calendarShift, c.tick+1)
	at = min(at, c.tick+calendarSlots-1)
	o.due = uint32(at)
	slot := int(at) & calendarMask
	c.slots[slot] = append(c.slots[slot], o)
	c.used[slot/64] |= 1 << (slot % 64)
}

// advance flushes what is due by now, at most budget outlets, and reports whether
// it left some for the next call.
func (c *calendar) advance(l *Loop, now int64, budget int) (more bool) {
	target := now >> calendarShift
	for c.tick < target {
		next := c.next()
		if next > target {
			c.tick = target
			return false
		}
		c.tick = next - 1
		i := int(next) & calendarMask
		for slot := &c.slots[i]; c.at < len(*slot); c.at++ {
			if budget == 0 {
				return true
			}
			if (c.at)%ahead == 0 {
				l.glance((*slot)[c.at:min(c.at+ahead, len(*slot))])
			}
			if o := (*slot)[c.at]; l.scheduled[o.slot] && o.due == uint32(next) {
				budget--
				l.flush(o)
			}
		}
		if c.slots[i] = c.slots[i][:0]; cap(c.slots[i]) > calendarKept {
			c.slots[i] = nil
		}
		c.used[i/64] &^= 1 << (i % 64)
		c.at, c.tick = 0, next
	}
	return false
}

// next returns the tick of the next slot with entries, or never.
func (c *calendar) next() int64 {
	from := int(c.tick+1) & calendarMask
	for d := 0; d < calendarSlots; {
		i := (from + d) & calendarMask
		if word := c.used[i/64] >> (i % 64); word != 0 {
			return c.tick + 1 + int64(d+bits.TrailingZeros64(word))
		}
		d += 64 - i%64
	}
	return never
}

// due returns when the calendar wants to be advanced again, or never.
func (c *calendar) due() int64 {
	if at := c.next(); at != never {
		return at << calendarShift
	}
	return never
}

// glance brings what a flush needs of some outlets into the caches.
func (l *Loop) glance(outlets []*outlet) {
	seen := 0
	for _, o := range outlets {
		seen += int(o.slot)
	}
	for _, o := range outlets {
		if o.plain {
			seen += o.conn.Buffered()
		}
	}
	for _, o := range outlets {
		if len(o.seats) > 0 {
			seen += int(o.seats[0].have)
		}
	}
	l.seen += seen
}
