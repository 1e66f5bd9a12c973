package engine

import "github.com/halley-stream/halley/adapters"

// past is what a session remembers of the lines that it has written, so that a
// client which lost the connection can go on where it was (TLCP, session recovery):
// the rare ones as text, of the modes that must not lose where each subscriber was.
// Of filtered MERGE items nothing is remembered: who lost some gets the newest
// values.
type past struct {
	lines     []pastLine // in the order of their counts
	forgotten uint64     // the greatest count that is not remembered any more
}

// pastLine is one line.
type pastLine struct {
	count uint64 // its number among the session's data lines
	// text is the line, if it is told again as it was.
	text []byte
	// sub is who got it, else, and before the number that it had then.
	sub    *subscriber
	before uint64
	view   *view // that the number is from
	kind   pastKind
	joined bool // it had got a line before
}

// pastKind says how a subscriber goes on that has lost a line.
type pastKind uint8

const (
	pastUpdate  pastKind = iota + 1 // from the number before it
	pastRestart                     // from the beginning: it was part of a snapshot
	pastEnd                         // it waits for the end of the snapshot again
)

// remember notes the line that was written last.
func (s *Session) remember(line pastLine) {
	p := &s.past
	line.count = s.count
	if most := s.loop.engine.cfg.Past; len(p.lines) >= most {
		dropped := max(most/4, 1)
		p.forgotten = p.lines[dropped-1].count
		n := copy(p.lines, p.lines[dropped:])
		clear(p.lines[n:])
		p.lines = p.lines[:n]
	}
	p.lines = append(p.lines, line)
}

// acknowledge notes that the client has all lines up to a count.
func (s *Session) acknowledge(count uint64) {
	s.acked = count
	p := &s.past
	n := 0
	for n < len(p.lines) && p.lines[n].count <= count {
		n++
	}
	if p.lines = p.lines[n:]; len(p.lines) == 0 {
		p.lines = nil
	}
}

// recoverable reports whether the session can go on from a count.
func (s *Session) recoverable(count uint64) bool {
	return count <= s.count && count >= s.acked && count >= s.past.forgotten
}

// recover goes back to a count: what came after it is lost, and written anew with
// new numbers. What was not sent since is not sent again.
func (s *Session) recover(count uint64) {
	s.acknowledge(count)
	var texts []queuedLine
	back := make(map[*subscriber]bool)
	for i := range s.past.lines {
		switch line := &s.past.lines[i]; {
		case line.sub == nil:
			if broken != brokenForgetful {
				texts = append(texts, queuedLine{text: line.text})
			}
		case line.sub.left:
		case line.kind == pastEnd:
			line.sub.waitsEnd = true
			s.resync(line.sub)
		case !back[line.sub]: // of several lines the first counts
			back[line.sub] = true
			line.sub.goBack(line)
			s.resync(line.sub)
		}
	}
	s.past.lines = nil
	for at := range s.seats {
		if st, sub := &s.seats[at], s.receivers[at]; st.have > 0 && st.last > count {
			if sub.merges() && broken != brokenRecoverHave {
				st.have, sub.owed = 0, true
				s.resync(sub)
			}
			st.last = count
		}
	}
	s.count = count
	s.queue = append(texts, s.queue...)
}

// merges reports whether a subscriber gets the newest values instead of all lines.
func (sub *subscriber) merges() bool {
	return sub.subscription.mode == adapters.Merge && !sub.subscription.unfiltered
}

// goBack puts a subscriber back to before a line that it has lost.
func (sub *subscriber) goBack(line *pastLine) {
	st := sub.seat()
	switch {
	case !line.joined && line.before == 0:
		sub.joined, sub.place, st.have = false, nil, 0
	case line.kind == pastRestart && sub.subscription.mode == adapters.Command:
		sub.view, sub.place, st.have = nil, nil, 0
	default:
		sub.view, sub.place, st.have = line.view, nil, line.before
	}
}

// resync lets a subscriber ask, whatever it was doing.
func (s *Session) resync(sub *subscriber) {
	sub.seat().setReady(false)
	sub.token++
	if sub.state == subscriberAsked {
		s.asked--
	}
	if sub.state != subscriberBehind {
		s.behind(sub)
	}
}
