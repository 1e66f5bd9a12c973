package engine

import (
	"cmp"
	"math"
	"slices"

	"github.com/halley-stream/halley/protocol"
)

// bandwidth is what the updates of a session may take. It is kept by conflation, not
// by a queue: while nothing is left, what is new waits in line (lateList), one place
// per subscriber, and each comes with its newest values when it is its turn. Lines
// that are not updates count, but are never held back. Loop only.
type bandwidth struct {
	asked, allowed float64 // kilobits per second; 0: no limit
	rate           int64   // of the two the smaller, in bytes per second; 0: no limit, see bandwidthMost
	left           int64   // bytes that may be written now; below zero it is overdrawn
	at             int64   // when that was
}

const (
	// bandwidthBurst is for how long what is not used may be saved up, in nanoseconds.
	bandwidthBurst = int64(250e6)
	// bandwidthMost is from where on a limit is none, in bytes per second: more than
	// a connection takes, and little enough to be multiplied by nanoseconds.
	bandwidthMost = 1e9
	// framing is about what a write takes besides its lines: the head of a chunk or
	// of a frame.
	framing = 6
)

// inForce is the limit in kilobits per second; 0: none.
func (b *bandwidth) inForce() float64 {
	if b == nil {
		return 0
	}
	if b.asked == 0 || b.allowed > 0 && b.allowed < b.asked {
		return b.allowed
	}
	return b.asked
}

// refill adds what has come in since it was looked at last.
func (b *bandwidth) refill(now int64) {
	most := max(b.rate*bandwidthBurst/1e9, 1)
	if now-b.at > 2e9 { // more than can be overdrawn, and saved up
		b.left, b.at = most, now
		return
	}
	if come := b.rate * (now - b.at) / 1e9; come > 0 {
		b.left = min(b.left+come, most)
		b.at += come * 1e9 / b.rate
	}
}

// spend takes n bytes. No more than what a second brings is overdrawn, so that each
// second lets one line through, however long.
func (b *bandwidth) spend(n int) { b.left = max(b.left-int64(n), 1-b.rate) }

// due is when something will be left.
func (b *bandwidth) due() int64 { return b.at + (max(1-b.left, 0)*1e9+b.rate-1)/b.rate }

// allotment returns the session's bandwidth, to set a limit of it.
func (s *Session) allotment() *bandwidth {
	if s.bandwidth == nil {
		s.bandwidth = new(bandwidth)
	}
	return s.bandwidth
}

// ration puts the session's bandwidth in force.
func (s *Session) ration() {
	b := s.bandwidth
	if b == nil {
		return
	}
	b.rate = 0
	if rate := b.inForce() * 1000 / 8; rate < bandwidthMost {
		b.rate = int64(math.Ceil(rate))
	}
	b.left, b.at = min(b.left, 0), s.loop.now
	if s.limited = b.rate > 0; s.limited {
		s.plain = false
	}
}

// tellBandwidth tells the client what is in force.
func (s *Session) tellBandwidth() {
	if s.untold = false; !s.bare {
		s.control(protocol.AppendCONS(s.loop.line[:0], s.bandwidth.inForce()))
	}
}

// constrain changes the bandwidth at the client's wish.
func (s *Session) constrain(r *request) []byte {
	if r.control.HasMaxBandwidth {
		s.allotment().asked = r.control.MaxBandwidth
		s.ration()
		if s.fits(controlLine) {
			s.tellBandwidth()
		} else {
			s.untold, s.plain = true, false
			s.schedule()
		}
	}
	return granted(r)
}

// askMost is how many syncs of the session may be under way now.
func (s *Session) askMost() int {
	if !s.limited {
		return askedMax
	}
	b := s.bandwidth
	if b.refill(s.loop.now); b.left <= 0 {
		return 0
	}
	return int(min(1+b.left/controlLine, askedMax))
}

// answerMost is how many bytes an answer may have before it is cut.
func (s *Session) answerMost() int32 {
	if !s.limited {
		return answerSize
	}
	return int32(min(max(s.bandwidth.left, lineHead), answerSize))
}

// waitForTurn has the session flushed when there is something left of its
// bandwidth.
func (s *Session) waitForTurn() {
	if l := s.loop; !l.scheduled[s.slot] && broken != brokenNoTurn {
		l.scheduled[s.slot] = true
		l.calendar.add(s.outlet, s.bandwidth.due())
	}
}

// pullRationed is pull for a session whose bandwidth is limited. What there is
// nothing left for waits in line, behind those that wait already.
func (l *Loop) pullRationed(o *outlet, out []byte) []byte {
	s := o.session
	b := s.bandwidth
	if b.refill(l.now); b.left > 0 && s.late.first == nil {
		room, n := o.room, len(out)
		o.room = min(room, n+int(b.left))
		var more bool
		out, more = l.pull(o, out)
		o.room = room
		b.spend(len(out) - n)
		if !more {
			return out
		}
	}
	l.ats = l.ats[:0]
	for at := range o.seats {
		if st := &o.seats[at]; st.fan != nil && st.have < st.fan.newest && st.ready() {
			l.ats = append(l.ats, at)
		}
	}
	slices.SortFunc(l.ats, func(a, b int) int { return cmp.Compare(o.seats[a].said(), o.seats[b].said()) })
	for _, at := range l.ats {
		l.stats.rationed.Add(1)
		s.postpone(at)
	}
	return out
}

// said is the session's data count when a line of the subscriber was last written; 0
// if there was none.
func (st *seat) said() uint64 {
	if st.have == 0 {
		return 0
	}
	return st.last
}
