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
// subscribed before the plugin sent it.
type Items struct {
	mu      sync.Mutex
	slots   uint64   // that have been used
	free    []uint64 // the next numbers of slots that are not in use
	numbers map[adapters.Item]uint64
	changes []entry
	changed atomic.Bool
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

func (s *Items) change(e entry) {
	s.changes = append(s.changes, e)
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
	}
	clear(s.changes)
	s.changes = s.changes[:0]
	s.changed.Store(false)
	return table
}
