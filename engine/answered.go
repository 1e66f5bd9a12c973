package engine

import (
	"encoding/binary"

	"github.com/halley-stream/halley/protocol"
)

// answered takes an answer to a sync.
func (l *Loop) answered(e *entry) {
	sub := e.sub
	if sub.home.Load() != int32(l.index) || sub.left || e.token != sub.token && broken != brokenStaleToken {
		return // it is somewhere else by now, or has asked again
	}
	s := sub.subscription.session
	s.asked--
	if s.polling && s.link != nil && !l.scheduled[s.slot] {
		l.schedule(s.slot) // the poll may have waited for this answer only
	}
	if f := &e.view.fans[l.index]; sub.fan() != f {
		if sub.fan() != nil {
			sub.fan().rise(sub)
		}
		f.sit(sub)
	}
	st := sub.seat()
	if n := answerLength(e.text); n > 0 || e.done {
		if !s.fits(n+controlLine) && !(s.alone(s.buf) && s.link != nil) {
			s.wire.full, s.plain = true, false
			s.behind(sub)
			return
		}
		l.deliver(e, sub)
	}
	st.have, sub.view = e.seq, e.view
	if st.have == 0 {
		st.last = l.recent.next
	}
	sub.joined, sub.place = true, e.snapshot
	if e.more || e.again {
		s.behind(sub)
	} else {
		sub.state = subscriberReady
		st.setReady(true)
	}
	s.pump()
}

// answerLength is more than the lines of an answer come to.
func answerLength(lines []byte) int {
	n := 0
	for len(lines) > 0 {
		var body []byte
		_, _, body, lines = nextLine(lines)
		n += headMax + len(body)
	}
	return n
}

// deliver appends the lines of an answer to the session's output.
func (l *Loop) deliver(e *entry, sub *subscriber) {
	s, id, index := sub.subscription.session, sub.subscription.id, int(sub.index)
	before, view, joined, merges := sub.seat().have, sub.view, sub.joined, sub.merges()
	for lines := e.text; len(lines) > 0; {
		kind, number, body, rest := nextLine(lines)
		lines = rest
		switch kind {
		case entryUpdate:
			l.line = append(s.appendHead(l.line[:0], int(sub.at)), body...)
			l.stats.updates.Add(1)
		case entryClear:
			l.line = protocol.AppendCS(l.line[:0], id, index)
		case lineLost:
			lost := binary.LittleEndian.Uint64(body)
			l.line = protocol.AppendOV(l.line[:0], id, index, lost)
			l.stats.lost.Add(lost)
		}
		s.data(l.line)
		if !merges {
			line := pastLine{before: before, kind: pastUpdate, joined: joined}
			if number == 0 || sub.place != nil || e.snapshot != nil { // part of a snapshot, or what it begins with
				line.kind = pastRestart
			}
			s.remember(sub, view, line)
			joined = true
			if number > 0 {
				before, view = number, e.view
			}
		}
	}
	sub.seat().last = s.count
	if e.done && sub.waitsEnd {
		s.endSnapshot(sub)
	}
}

// endSnapshot tells a subscriber that its snapshot is complete.
func (s *Session) endSnapshot(sub *subscriber) {
	sub.waitsEnd = false
	s.data(protocol.AppendEOS(s.loop.line[:0], sub.subscription.id, int(sub.index)))
	s.remember(sub, nil, pastLine{kind: pastEnd})
	if st := sub.seat(); st.have > 0 {
		st.last = s.count
	}
}
