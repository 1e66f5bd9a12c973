package engine

import (
	"slices"

	"github.com/halley-stream/halley/protocol"
)

// loose is the messages of a session without a sequence. They are handled as they
// come; their numbers tell a repeated one. Loop only.
type loose struct {
	under  []int64 // being handled
	before int64   // this number and all below have come
	beyond []int64 // numbers above that have come, rising
}

// looseMax is how many numbers are remembered out of turn. Those missing below are
// given up then: they would be taken for repeated.
const looseMax = 1024

// knows is messages.knows of one without a sequence.
func (m *loose) knows(number int64) (due bool, code int) {
	if slices.Contains(m.under, number) {
		return true, 0
	}
	if _, found := slices.BinarySearch(m.beyond, number); found || number <= m.before {
		return false, protocol.ReqMessageRepeated
	}
	return false, 0
}

// take notes a number that is being handled from now on; 0 is none.
func (m *loose) take(number int64) {
	if number == 0 {
		return
	}
	m.under = append(m.under, number)
	at, _ := slices.BinarySearch(m.beyond, number)
	m.beyond = slices.Insert(m.beyond, at, number)
	if len(m.beyond) > looseMax {
		m.before = m.beyond[0] - 1
	}
	n := 0
	for n < len(m.beyond) && m.beyond[n] == m.before+1 {
		m.before++
		n++
	}
	m.beyond = slices.Delete(m.beyond, 0, n)
}

// done notes that a number has its outcome.
func (m *loose) done(number int64) {
	if at := slices.Index(m.under, number); at >= 0 {
		m.under = slices.Delete(m.under, at, at+1)
	}
}
