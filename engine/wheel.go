package engine

import "math/bits"

// wheel holds the timers of one stage: adding and removing cost the same however
// many there are. It is hierarchical, so that far timers are not looked at until
// they come near. Its tick is about a millisecond; a timer never fires early.
type wheel struct {
	tick  int64 // all timers up to this tick have fired
	slots [wheelLevels][wheelSlots]*Timer
	used  [wheelLevels][wheelSlots / 64]uint64 // a bit per slot that holds timers
	count int
}

const (
	wheelShift  = 20 // a tick is 2^20 ns
	wheelBits   = 8
	wheelSlots  = 1 << wheelBits
	wheelMask   = wheelSlots - 1
	wheelLevels = 3 // 3 levels reach 4.8 hours; later timers wait at the rim

	// never is a time that does not come.
	never = int64(1) << 62
)

// Timer is one entry of a loop's timer wheel. It lives inside its owner, so that
// arming it allocates nothing. Loop only.
type Timer struct {
	// Owner is told when the timer expires; set once.
	Owner Expirer

	due         int64
	next, prev  *Timer
	level, slot uint8
	armed       bool
}

// Expirer is told when a timer of its own has expired. now is in nanoseconds of
// the engine's clock.
type Expirer interface {
	Expire(t *Timer, now int64)
}

// arm sets the timer to expire at due, whatever it was set to before.
func (w *wheel) arm(t *Timer, due int64) {
	if t.armed {
		if t.due == due {
			return
		}
		w.unlink(t)
	}
	t.due, t.armed = due, true
	w.count++
	w.link(t)
}

// disarm forgets the timer.
func (w *wheel) disarm(t *Timer) {
	if t.armed {
		w.unlink(t)
		t.armed = false
	}
}

func (w *wheel) link(t *Timer) {
	at := max((t.due+1<<wheelShift-1)>>wheelShift, w.tick+1)
	at = min(at, w.tick+1<<(wheelBits*wheelLevels))
	level := 0
	for d := at - w.tick - 1; d >= wheelSlots; d >>= wheelBits {
		level++
	}
	slot := int(at>>(wheelBits*level)) & wheelMask
	t.level, t.slot = uint8(level), uint8(slot)
	t.prev, t.next = nil, w.slots[level][slot]
	if t.next != nil {
		t.next.prev = t
	}
	w.slots[level][slot] = t
	w.used[level][slot/64] |= 1 << (slot % 64)
}

func (w *wheel) unlink(t *Timer) {
	w.count--
	if t.next != nil {
		t.next.prev = t.prev
	}
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		w.slots[t.level][t.slot] = t.next
		if t.next == nil {
			w.used[t.level][t.slot/64] &^= 1 << (t.slot % 64)
		}
	}
	t.next, t.prev = nil, nil
}

// advance fires timers due by now, at most budget of them, and reports whether it
// left some for the next call.
func (w *wheel) advance(now int64, budget int) (more bool) {
	target := now >> wheelShift
	for w.tick < target {
		if w.count == 0 {
			w.tick = target
			return false
		}
		at := w.tick + 1
		for level := 1; level < wheelLevels && at&(1<<(wheelBits*level)-1) == 0; level++ {
			w.cascade(level, int(at>>(wheelBits*level))&wheelMask)
		}
		slot := &w.slots[0][at&wheelMask]
		for *slot != nil {
			if budget == 0 {
				return true
			}
			budget--
			t := *slot
			w.unlink(t)
			t.armed = false
			t.Owner.Expire(t, now)
		}
		w.tick = at
	}
	return false
}

// cascade moves the timers of a slot to the levels below.
func (w *wheel) cascade(level, slot int) {
	t := w.slots[level][slot]
	w.slots[level][slot] = nil
	w.used[level][slot/64] &^= 1 << (slot % 64)
	for t != nil {
		next := t.next
		w.link(t)
		t = next
	}
}

// next returns when the wheel wants to be advanced again, or never.
func (w *wheel) next() int64 {
	if w.count == 0 {
		return never
	}
	at := never
	for level := range wheelLevels {
		here := w.tick >> (wheelBits * level)
		if d := w.distance(level, int(here)&wheelMask); d > 0 {
			at = min(at, (here+int64(d))<<(wheelBits*level))
		}
	}
	return at << wheelShift
}

// distance returns how many slots after slot the next used one of a level is, up
// to a full turn, or 0 where there is none.
func (w *wheel) distance(level, slot int) int {
	for d := 1; d <= wheelSlots; {
		i := (slot + d) & wheelMask
		if word := w.used[level][i/64] >> (i % 64); word != 0 {
			if z := bits.TrailingZeros64(word); d+z <= wheelSlots {
				return d + z
			}
			return 0
		}
		d += 64 - i%64
	}
	return 0
}
