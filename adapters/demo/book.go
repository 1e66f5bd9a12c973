package demo

import (
	"math/rand/v2"

	"github.com/halley-stream/halley/adapters"
)

// levels is how many price levels a side of a book has.
const levels = 10

// level is what is on offer at a price.
type level struct {
	price, size, orders int64
}

// side is one side of a book: its levels, best first, a gap apart. The first has
// the price and the size of the quote.
type side struct {
	*spec
	rand   *rand.Rand
	step   int64 // from a level to the next: +gap for asks, -gap for bids
	levels [levels]level
}

// change is what happens to a level.
type change struct {
	command string // adapters.CommandAdd, CommandUpdate or CommandDelete
	level   level
}

// fill sets up all levels, whatever they were.
func (s *side) fill(price, size int64) {
	for i := range s.levels {
		s.levels[i] = s.draw(price + int64(i)*s.step)
	}
	s.levels[0] = s.level(price, size)
}

// move makes price the best, with so much on offer, and appends what that changes:
// first levels that go, then levels that come, then a new size of the best.
func (s *side) move(changes []change, price, size int64) []change {
	old := s.levels
	gone := int((price - old[0].price) / s.step) // levels that are no longer offered; if negative, new ones
	for i, l := range old {
		if i < gone || i >= gone+levels {
			changes = append(changes, change{adapters.CommandDelete, l})
		}
	}
	for i := range s.levels {
		if was := gone + i; was >= 0 && was < levels {
			s.levels[i] = old[was]
			continue
		}
		l := s.draw(price + int64(i)*s.step)
		if i == 0 {
			l = s.level(price, size)
		}
		s.levels[i] = l
		changes = append(changes, change{adapters.CommandAdd, l})
	}
	if s.levels[0].size != size {
		s.levels[0] = s.level(price, size)
		changes = append(changes, change{adapters.CommandUpdate, s.levels[0]})
	}
	return changes
}

// stir changes the size of a level other than the best.
func (s *side) stir(changes []change) []change {
	l := &s.levels[1+s.rand.IntN(levels-1)]
	*l = s.draw(l.price)
	return append(changes, change{adapters.CommandUpdate, *l})
}

func (s *side) draw(price int64) level { return s.level(price, s.size(s.rand, 60)) }

func (s *side) level(price, size int64) level {
	return level{price, size, 1 + size/s.lot/4}
}
