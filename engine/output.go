package engine

import "slices"

// queuedLine is a line that counts and waits for a connection. There are at most a
// few per subscription.
type queuedLine struct{ text []byte }

const (
	// lowMark: below it a session asks for what it is behind with.
	lowMark = 16 << 10
	// askedMax is how many syncs of a session may be under way.
	askedMax = 32
	// controlLine is more than any line but U and messages comes to.
	controlLine = 64
)

// limit is how long buf may get at most.
func (s *Session) limit() int { return s.loop.engine.cfg.Output }

// fits reports whether n more bytes may be appended.
func (s *Session) fits(n int) bool { return max(len(s.buf), Headroom)+n <= s.room }

// alone reports whether a line that is larger than the limit may go out now, behind
// what is in out: it is let through alone, and past a response's budget as the first
// line of data.
func (s *Session) alone(out []byte) bool {
	if len(out) > Headroom {
		return false
	}
	return s.room == s.limit() || s.wire.budget > 0 && s.wire.waiting == 0 && s.count == s.acked
}

// append puts text at the end of buf.
func (s *Session) append(text []byte) {
	if n := len(s.buf) + len(text); n > cap(s.buf) {
		s.loop.grow(s.outlet, n)
	}
	s.buf = append(s.buf, text...)
	if !s.loop.scheduled[s.slot] {
		s.loop.schedule(s.slot)
	}
}

// data writes a line that counts. The caller has made sure that it fits.
func (s *Session) data(text []byte) {
	s.append(text)
	s.count++
	if s.limited {
		s.bandwidth.spend(len(text))
	}
}

// control writes lines that do not count and are never held back.
func (s *Session) control(text []byte) {
	if s.link == nil {
		return // void: they were for a connection
	}
	s.append(text)
	s.urge()
	if broken == brokenCountTwice {
		s.count++
	}
}

// tell writes a line that counts and must not be lost, now or when there is a
// connection with room. text is kept.
func (s *Session) tell(text []byte) {
	if len(s.queue) == 0 && s.fits(len(text)) {
		s.data(text)
		s.urge()
		s.rememberText(text)
		return
	}
	s.queue = append(s.queue, queuedLine{text: text})
	s.plain = false
}

// urge has lines that are not updates written soon, also where the session waits
// for its bandwidth.
func (s *Session) urge() {
	if s.limited && s.link != nil && s.due != 0 {
		s.loop.flushNow(s.outlet)
	}
}

// drain writes what was told meanwhile.
func (s *Session) drain() {
	n := 0
	for _, q := range s.queue {
		if !s.fits(len(q.text)) && !s.alone(s.buf) {
			break
		}
		s.data(q.text)
		s.rememberText(q.text)
		n++
	}
	if n > 0 {
		s.queue = slices.Delete(s.queue, 0, n)
		if len(s.queue) == 0 {
			s.queue = nil
		}
	}
}
