package frame

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/halley-stream/halley/adapters"
)

// Items gives out the numbers that stand for subscribed items. A number is a slot,
// which is used again, and how often it has been: so a decoder finds an item by
// an index, and still knows what is late. Numbers begin at 0 for each session.
//
// Its methods may be called from any goroutine. What has changed is collected for
// the decoder, which applies it before each frame: what a frame refers to was
// subscribed before the plugin sent it. A plugin may never send one, so only the
// newest change of each slot is kept. Those before it say nothing more: a number of
// the slot that is smaller than its newest is late.
type Items struct {
	mu       sync.Mutex
	slots    uint64   // that have been used
	free     []uint64 // the next numbers of slots that are not in use
	numbers  map[adapters.Item]uint64
	changes  []entry  // one of a slot at most
	changeOf []uint32 // by slot: where its change is in changes, plus one; 0: there is none
	changed  atomic.Bool
}

// entry is what a decoder knows of a slot: the newest number of it, and its item;
// none when it was unsubscribed.
type entry struct {
	number uint64
	item   adapters.Item
}

const slotBits = 24

func slotOf(number uint64) uint64 { return number & (1<<slotBits - 1) }

// ErrTooMany says that ItemsMax items are subscribed.
var ErrTooMany = errors.New("too many items are subscribed at a time")

// Begin returns the number for an item that is subscribed now.
func (s *Items) Begin(item adapters.Item) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var number uint64
	switch last := len(s.free) - 1; {
	case last >= 0:
		number, s.free = s.free[last], s.free[:last]
	case s.slots < ItemsMax:
		number = s.slots
		s.slots++
	default:
		return 0, ErrTooMany
	}
	if s.numbers == nil {
		s.numbers = make(map[adapters.Item]uint64)
	}
	s.numbers[item] = number
	s.change(entry{number, item})
	return number, nil
}

// End takes an item's number back. It reports false when the item has none.
func (s *Items) End(item adapters.Item) (number uint64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	number, ok = s.numbers[item]
	if ok {
		delete(s.numbers, item)
		s.free = append(s.free, number+1<<slotBits)
		s.change(entry{number: number})
	}
	return number, ok
}

// change notes what a slot is now. s.mu is held.
func (s *Items) change(e entry) {
	slot := int(slotOf(e.number))
	if slot == len(s.changeOf) { // slots are given out one after the other
		s.changeOf = append(s.changeOf, 0)
	}
	if at := s.changeOf[slot]; at > 0 {
		s.changes[at-1] = e
		return
	}
	s.changes = append(s.changes, e)
	s.changeOf[slot] = uint32(len(s.changes))
	s.changed.Store(true)
}

// apply brings a table up to date. Only the decoder calls it.
func (s *Items) apply(table []entry) []entry {
	if !s.changed.Load() {
		return table
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.changes {
		slot := int(slotOf(e.number))
		for len(table) <= slot {
			table = append(table, entry{})
		}
		table[slot] = e
		s.changeOf[slot] = 0
	}
	clear(s.changes)
	s.changes = s.changes[:0]
	s.changed.Store(false)
	return table
}
