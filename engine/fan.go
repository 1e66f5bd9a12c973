package engine

import (
	"encoding/binary"

	"github.com/halley-stream/halley/protocol"
)

// fan is a view's subscribers on one loop, in one piece of memory, because walking
// it is the hottest walk there is. Loop only.
type fan struct{ seats []seat }

// seat is a subscriber's place in a fan, with what a delivery needs: one cache
// line.
type seat struct {
	session *Session
	sub     *subscriber
	// have is the number of the last line that the subscriber got.
	have uint64
	// last is the session's data count when a line of it was last appended.
	last uint64
	// ready says that emissions fit; else it is behind, or an answer is under way
	// that will say all.
	ready   bool
	headLen uint8
	head    [30]byte // "U,<subscription>,<item>,"
}

// sit gives a subscriber a seat.
func (f *fan) sit(sub *subscriber) {
	st := seat{session: sub.subscription.session, sub: sub, have: sub.own.have, last: sub.own.last}
	st.headLen = uint8(len(protocol.AppendUpdateHead(st.head[:0], sub.subscription.id, int(sub.index))))
	sub.fan, sub.at = f, int32(len(f.seats))
	f.seats = append(f.seats, st)
}

// rise takes a subscriber's seat away; its numbers go with it.
func (f *fan) rise(sub *subscriber) {
	last := len(f.seats) - 1
	st := f.seats[sub.at]
	sub.own = numbers{have: st.have, last: st.last}
	if moved := f.seats[last]; moved.sub != sub {
		f.seats[sub.at] = moved
		moved.sub.at = sub.at
	}
	f.seats[last] = seat{}
	f.seats = f.seats[:last]
	sub.fan = nil
	if last == 0 {
		f.seats = nil
	}
}

// spread gives an emission to all subscribers of its view on the loop.
func (l *Loop) spread(e *entry) {
	seats := e.view.fans[l.index].seats
	switch e.kind {
	case entryUpdate:
		l.spreadUpdate(e, seats)
	case entryClear:
		l.spreadClear(e, seats)
	case entryEnd:
		l.spreadEnd(e, seats)
	}
}

func (l *Loop) spreadUpdate(e *entry, seats []seat) {
	delivered := uint64(0)
	for i := range seats {
		st := &seats[i]
		if !st.ready || st.have >= e.seq {
			continue
		}
		body := e.body
		if st.have < e.base {
			if st.have > 0 || e.full == nil {
				if broken != brokenSharedDelta {
					l.lag(st)
					continue
				}
			} else {
				body = e.full
			}
		}
		s := st.session
		n := len(s.out) + int(st.headLen) + len(body)
		if n > s.room && !s.alone() {
			l.lag(st)
			continue
		}
		if n > cap(s.out) {
			l.grow(s, n)
		}
		s.out = append(append(s.out, st.head[:st.headLen]...), body...)
		s.count++
		st.have, st.last = e.seq, s.count
		delivered++
		if !s.scheduled {
			l.schedule(s)
		}
	}
	l.stats.updates.Add(delivered)
}

func (l *Loop) spreadClear(e *entry, seats []seat) {
	for i := range seats {
		st := &seats[i]
		if !st.ready || st.have >= e.seq {
			continue
		}
		if st.have < e.base || !st.session.fits(controlLine) {
			l.lag(st)
			continue
		}
		st.session.data(protocol.AppendCS(l.line[:0], st.sub.subscription.id, int(st.sub.index)))
		st.have, st.last = e.seq, st.session.count
	}
}

func (l *Loop) spreadEnd(e *entry, seats []seat) {
	for i := range seats {
		st := &seats[i]
		if !st.ready || !st.sub.waitsEnd {
			continue
		}
		if st.have < e.base || !st.session.fits(controlLine) {
			l.lag(st)
			continue
		}
		st.sub.waitsEnd = false
		st.session.data(protocol.AppendEOS(l.line[:0], st.sub.subscription.id, int(st.sub.index)))
		st.last = st.session.count
	}
}

// lag notes that a subscriber missed something: one number stays where it is, and
// the session asks for the rest when its client can take it.
func (l *Loop) lag(st *seat) {
	st.ready = false
	st.sub.owed = true
	st.session.wire.full = true
	st.session.behind(st.sub)
	l.stats.lagged.Add(1)
}

// answered takes an answer to a sync.
func (l *Loop) answered(e *entry) {
	sub := e.sub
	if sub.home.Load() != int32(l.index) || sub.left || e.token != sub.token && broken != brokenStaleToken {
		return // it is somewhere else by now, or has asked again
	}
	s := sub.subscription.session
	s.asked--
	if s.polling && s.link != nil && !s.scheduled {
		l.schedule(s) // the poll may have waited for this answer only
	}
	if sub.fan != &e.view.fans[l.index] {
		if sub.fan != nil {
			sub.fan.rise(sub)
		}
		e.view.fans[l.index].sit(sub)
	}
	st := &sub.fan.seats[sub.at]
	if n := answerLength(e.body, int(st.headLen)); n > 0 || e.done {
		if !s.fits(n+controlLine) && !(s.alone() && s.link != nil) {
			s.wire.full = true
			s.behind(sub)
			return
		}
		l.deliver(e, st)
	}
	st.have, sub.view = e.seq, e.view
	sub.joined, sub.place = true, e.snapshot
	if e.more || e.again {
		s.behind(sub)
	} else {
		sub.state, st.ready = subscriberReady, true
	}
	s.pump()
}

// answerLength is the number of bytes that the lines of an answer come to.
func answerLength(lines []byte, head int) int {
	n := 0
	for len(lines) > 0 {
		var body []byte
		_, body, lines = nextLine(lines)
		n += head + len(body) + 8
	}
	return n
}

// deliver appends the lines of an answer to the session's output.
func (l *Loop) deliver(e *entry, st *seat) {
	s, id, index := st.session, st.sub.subscription.id, int(st.sub.index)
	for lines := e.body; len(lines) > 0; {
		kind, body, rest := nextLine(lines)
		lines = rest
		switch kind {
		case entryUpdate:
			l.line = append(append(l.line[:0], st.head[:st.headLen]...), body...)
			l.stats.updates.Add(1)
		case entryClear:
			l.line = protocol.AppendCS(l.line[:0], id, index)
		case lineLost:
			lost := binary.LittleEndian.Uint64(body)
			l.line = protocol.AppendOV(l.line[:0], id, index, lost)
			l.stats.lost.Add(lost)
		}
		s.data(l.line)
	}
	if e.done && st.sub.waitsEnd {
		st.sub.waitsEnd = false
		s.data(protocol.AppendEOS(l.line[:0], id, index))
	}
	st.last = s.count
}
