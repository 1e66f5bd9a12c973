package engine

// lineQueue are lines that count and wait for a connection. Each request of the client
// causes a few at most.
type lineQueue struct {
	lines [][]byte
	bytes int
}

const (
	// queueMax is how many lines may wait before no further requests of the session
	// are taken, and queueBytes how many bytes of them.
	queueMax   = 4096
	queueBytes = 1 << 20
)

func (q *lineQueue) empty() bool { return len(q.lines) == 0 }

func (q *lineQueue) full() bool { return len(q.lines) >= queueMax || q.bytes >= queueBytes }

func (q *lineQueue) push(text []byte) {
	q.lines = append(q.lines, text)
	q.bytes += len(text)
}

// first returns the line that has waited longest.
func (q *lineQueue) first() []byte { return q.lines[0] }

// pop drops it.
func (q *lineQueue) pop() {
	q.bytes -= len(q.lines[0])
	q.lines[0] = nil
	if q.lines = q.lines[1:]; len(q.lines) == 0 {
		q.lines = nil
	}
}

const (
	// lowMark: below it a session asks for what it is behind with.
	lowMark = 16 << 10
	// askedMax is how many syncs of a session may be under way.
	askedMax = 32
	// controlLine is more than lines other than U and messages come to, but for numbers
	// of hundreds of digits that a client has asked for.
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
	s.schedule()
}

// schedule makes sure that the session is flushed, if it has a connection.
func (s *Session) schedule() {
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
	if s.queue.empty() && s.fits(len(text)) {
		s.data(text)
		s.urge()
		s.rememberText(text)
		return
	}
	s.queue.push(text)
	s.plain = false
	s.schedule()
}

// urge has lines that are not updates written soon, also where the session waits
// for its bandwidth.
func (s *Session) urge() {
	if s.limited && s.link != nil && s.due != 0 {
		s.loop.flushNow(s.outlet)
	}
}

// drain writes what was told meanwhile, and reports whether there was no room for some
// of it.
func (s *Session) drain() (more bool) {
	if s.untold {
		s.tellBandwidth()
	}
	for !s.queue.empty() {
		text := s.queue.first()
		if !s.fits(len(text)) && !s.alone(s.buf) {
			return true
		}
		s.data(text)
		s.rememberText(text)
		s.queue.pop()
	}
	return false
}
