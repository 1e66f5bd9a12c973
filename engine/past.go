package engine

import (
	"iter"
	"slices"

	"github.com/halley-stream/halley/adapters"
)

// past is what a session remembers of the lines that it has written, so that a
// client which lost the connection can go on where it was (TLCP, session recovery):
// the rare ones as text, of the modes that must not lose where each subscriber was.
// Of filtered MERGE items nothing is remembered: who lost some gets the newest
// values.
type past struct {
	texts     []pastText // in the order of their counts
	bytes     int        // of texts
	lines     *pastLines // nil while there are none
	forgotten uint64     // the greatest count that is not remembered any more
}

// pastText is a line that is told again as it was.
type pastText struct {
	count uint64 // its number among the session's data lines
	text  []byte
}

// pastLines are lines that their subscribers ask for again, in the order of their
// counts: a queue in pieces, so that it grows without being copied.
type pastLines struct {
	pieces  []*[pieceLines]pastLine // those that are empty come last
	first   int                     // where the oldest line is in the first of them
	n       int                     // lines
	tellers []teller                // whose they are: no more of them than lines, or two for each subscriber
}

// pieceLines is how many lines there is room for at a time.
const pieceLines = 32

// pastLine is a line that its subscriber asks for again. There may be many, in all
// sessions together: they have no pointers, so that the collector does not walk over
// them.
type pastLine struct {
	before uint64 // the number that the subscriber had before the line
	teller int32  // whose line it is, in tellers
	count  uint32 // its number among the session's data lines, the lower half
	kind   pastKind
	joined bool // it had got a line before
}

// teller is a subscriber with the view that the numbers before its lines are from.
type teller struct {
	sub  *subscriber
	view *view
}

// pastKind says how a subscriber goes on that has lost a line.
type pastKind uint8

const (
	pastUpdate  pastKind = iota + 1 // from the number before it
	pastRestart                     // from the beginning: it was part of a snapshot
	pastEnd                         // it waits for the end of the snapshot again
)

// rememberText notes the line that was written last, to be told again as it is.
func (s *Session) rememberText(text []byte) {
	p := &s.past
	p.texts = append(p.texts, pastText{s.count, text})
	p.bytes += len(text)
	if most := s.loop.engine.cfg.Past; len(p.texts) > most || p.bytes > pastBytes {
		p.forgotten = max(p.forgotten, p.forget(max(len(p.texts)/4, 1)))
	}
}

// pastBytes is how many bytes of texts a session remembers.
const pastBytes = 256 << 10

// forget drops the first n texts, and returns the count of the last of them.
func (p *past) forget(n int) (count uint64) {
	for _, t := range p.texts[:n] {
		p.bytes -= len(t.text)
		count = t.count
	}
	if p.texts = slices.Delete(p.texts, 0, n); len(p.texts) == 0 {
		p.texts = nil
	}
	return count
}

// remember notes the line that was written last, of a subscriber that asks for it
// again. view is the one that its number before is from.
func (s *Session) remember(sub *subscriber, view *view, line pastLine) {
	if s.past.lines == nil {
		s.past.lines = new(pastLines)
	}
	p := s.past.lines
	if most := s.loop.engine.cfg.Past; p.n >= most {
		dropped := max(most/4, 1)
		s.past.forgotten = max(s.past.forgotten, s.countOf(p.at(dropped-1)))
		p.drop(dropped)
		if len(p.tellers) > 2*len(s.seats) {
			p.dismiss()
		}
	}
	line.teller, line.count = p.tells(teller{sub, view}), uint32(s.count)
	p.push(line)
}

// at returns the line with the index i, from the oldest.
func (p *pastLines) at(i int) *pastLine {
	i += p.first
	return &p.pieces[i/pieceLines][i%pieceLines]
}

func (p *pastLines) push(line pastLine) {
	if p.first+p.n == pieceLines*len(p.pieces) {
		p.pieces = append(p.pieces, new([pieceLines]pastLine))
	}
	p.n++
	*p.at(p.n - 1) = line
}

// drop forgets the n oldest lines.
func (p *pastLines) drop(n int) {
	p.n -= n
	for p.first += n; p.first >= pieceLines; p.first -= pieceLines {
		empty := p.pieces[0]
		copy(p.pieces, p.pieces[1:])
		p.pieces[len(p.pieces)-1] = empty
	}
}

// tells returns where a teller is, which is most often where it was the last time.
func (p *pastLines) tells(t teller) int32 {
	if at := t.sub.teller; int(at) < len(p.tellers) && p.tellers[at] == t {
		return at
	}
	t.sub.teller = int32(len(p.tellers))
	p.tellers = append(p.tellers, t)
	return t.sub.teller
}

// dismiss drops the tellers that have no lines any more.
func (p *pastLines) dismiss() {
	tellers := p.tellers
	p.tellers = make([]teller, 0, len(tellers))
	for i := range p.n {
		line := p.at(i)
		line.teller = p.tells(tellers[line.teller])
	}
}

// all are the lines, each with its teller.
func (p *pastLines) all() iter.Seq2[*pastLine, teller] {
	return func(yield func(*pastLine, teller) bool) {
		if p == nil {
			return
		}
		for i := range p.n {
			if line := p.at(i); !yield(line, p.tellers[line.teller]) {
				return
			}
		}
	}
}

// countOf is a line's number among the session's data lines.
func (s *Session) countOf(line *pastLine) uint64 { return s.count - uint64(uint32(s.count)-line.count) }

// acknowledge notes that the client has all lines up to a count.
func (s *Session) acknowledge(count uint64) {
	s.acked = count
	p := &s.past
	n := 0
	for n < len(p.texts) && p.texts[n].count <= count {
		n++
	}
	p.forget(n)
	if p.lines == nil {
		return
	}
	n = 0
	for n < p.lines.n && s.countOf(p.lines.at(n)) <= count {
		n++
	}
	if p.lines.drop(n); p.lines.n == 0 {
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
	var queue lineQueue
	for _, t := range s.past.texts {
		if broken != brokenForgetful {
			queue.push(t.text)
		}
	}
	back := make(map[*subscriber]bool)
	for line, t := range s.past.lines.all() {
		switch {
		case t.sub.left:
		case line.kind == pastEnd:
			t.sub.waitsEnd = true
			s.resync(t.sub)
		case !back[t.sub]: // of several lines the first counts
			back[t.sub] = true
			t.sub.goBack(line, t.view)
			s.resync(t.sub)
		}
	}
	s.past.texts, s.past.bytes, s.past.lines = nil, 0, nil
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
	for _, text := range s.queue.lines {
		queue.push(text)
	}
	s.queue = queue
}

// merges reports whether a subscriber gets the newest values instead of all lines.
func (sub *subscriber) merges() bool {
	return sub.subscription.mode == adapters.Merge && !sub.subscription.unfiltered
}

// goBack puts a subscriber back to before a line that it has lost.
func (sub *subscriber) goBack(line *pastLine, view *view) {
	st := sub.seat()
	switch {
	case !line.joined && line.before == 0:
		sub.joined, sub.place, st.have = false, nil, 0
	case line.kind == pastRestart && sub.subscription.mode == adapters.Command:
		sub.view, sub.place, st.have = nil, nil, 0
	default:
		sub.view, sub.place, st.have = view, nil, line.before
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
