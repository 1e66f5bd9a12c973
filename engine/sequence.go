package engine

import (
	"cmp"
	"slices"

	"github.com/halley-stream/halley/protocol"
)

// sequence is the messages of one name of a session. They are handled one after the
// other, by number from 1 up; a number that does not come is given up after a while
// ("Message-Related Notifications"). Loop only.
type sequence struct {
	session *Session
	name    string
	// next is the number that is waited for: all below it have come or were given
	// up, and skipped is the greatest of those.
	next, skipped int64
	early         []*note // came before their turn, by number
	waiting       []*note // it is their turn, one after the other
	handling      *note
	timer         Timer // while something is early
}

// sequencesMax is how many sequences a session may have, and sequencesBytes how long
// their names may be together.
const (
	sequencesMax   = 1000
	sequencesBytes = 64 << 10
)

// sequence finds or begins a sequence. It returns nil where there are too many.
func (s *Session) sequence(name string) *sequence {
	m := s.messages
	q := m.sequences[name]
	if q != nil || len(m.sequences) >= sequencesMax || m.names+len(name) > sequencesBytes {
		return q
	}
	m.names += len(name)
	if m.sequences == nil {
		m.sequences = make(map[string]*sequence)
	}
	q = &sequence{session: s, name: name, next: 1}
	q.timer.Owner = q
	m.sequences[name] = q
	return q
}

// knows is messages.knows of one sequence.
func (q *sequence) knows(number int64) (due bool, code int) {
	has := func(notes []*note) bool {
		return slices.ContainsFunc(notes, func(n *note) bool { return n.number == number })
	}
	switch {
	case q.handling != nil && q.handling.number == number, has(q.waiting), has(q.early):
		return true, 0
	case number >= q.next:
		return false, 0
	case number <= q.skipped:
		return false, protocol.ReqMessageOld
	}
	return false, protocol.ReqMessageRepeated
}

// take lets a message that has not come before wait for its turn.
func (q *sequence) take(n *note) {
	at, _ := slices.BinarySearchFunc(q.early, n.number, func(e *note, number int64) int { return cmp.Compare(e.number, number) })
	q.early = slices.Insert(q.early, at, n)
	q.advance()
}

// advance looks whose turn it is.
func (q *sequence) advance() {
	for len(q.early) > 0 && q.early[0].number == q.next {
		q.admit()
	}
	q.arm()
	q.proceed()
}

// admit lets the first of the early have its turn.
func (q *sequence) admit() {
	q.next = q.early[0].number + 1
	q.waiting = append(q.waiting, q.early[0])
	q.early = slices.Delete(q.early, 0, 1)
}

// arm sets the time at which numbers that are missing are given up.
func (q *sequence) arm() {
	wheel := &q.session.loop.wheel
	if len(q.early) == 0 {
		q.early = nil
		wheel.disarm(&q.timer)
		return
	}
	first := slices.MinFunc(q.early, func(a, b *note) int { return cmp.Compare(a.until, b.until) })
	wheel.arm(&q.timer, first.until)
}

// Expire gives the numbers up that a message has waited for too long.
func (q *sequence) Expire(_ *Timer, now int64) {
	overdue := 0 // how many of the early have their turn now
	for i, n := range q.early {
		if n.until <= now {
			overdue = i + 1
		}
	}
	for range overdue {
		if number := q.early[0].number; number > q.next {
			q.skipped = number - 1
			q.session.tell(protocol.AppendSkipped(nil, q.name, q.skipped, number-q.next))
		}
		q.admit()
	}
	q.advance()
}

// proceed has the next message handled, unless one is.
func (q *sequence) proceed() {
	if q.handling != nil || len(q.waiting) == 0 {
		return
	}
	q.handling = q.waiting[0]
	if q.waiting = slices.Delete(q.waiting, 0, 1); len(q.waiting) == 0 {
		q.waiting = nil
	}
	q.session.handle(q.handling)
}

// handled notes that the message under way has its outcome.
func (q *sequence) handled() {
	q.handling = nil
	q.proceed()
}
