package load

import (
	"math/rand/v2"
	"slices"
	"time"
)

// schedule says when which item ticks: all of them once per period, in the same
// order each time. So it needs no heap: it walks round. It knows no clock.
type schedule struct {
	order  []int32         // items by phase
	phases []time.Duration // by position in order
	period time.Duration   // 0: nothing ticks
	round  time.Duration   // when the present round began, since the start
	next   int             // position in order
}

func newSchedule(c Config) *schedule {
	s := &schedule{order: make([]int32, c.Items), phases: make([]time.Duration, c.Items)}
	if c.Rate > 0 {
		s.period = time.Duration(float64(time.Second) / c.Rate)
	}
	r := rand.New(rand.NewPCG(c.Seed, 0))
	phases := make([]time.Duration, c.Items)
	for i := range phases {
		s.order[i] = int32(i)
		switch {
		case c.Phases == PhaseEven:
			phases[i] = time.Duration(float64(s.period) * float64(i) / float64(c.Items))
		case c.Phases == PhaseOwn && s.period > 0:
			phases[i] = time.Duration(r.Int64N(int64(s.period)))
		}
	}
	slices.SortStableFunc(s.order, func(a, b int32) int { return int(phases[a] - phases[b]) })
	for position, item := range s.order {
		s.phases[position] = phases[item]
	}
	return s
}

// due returns when the next tick is, since the start.
func (s *schedule) due() time.Duration { return s.round + s.phases[s.next] }

// take returns the item that ticks then, and goes on.
func (s *schedule) take() int {
	item := s.order[s.next]
	if s.next++; s.next == len(s.order) {
		s.next = 0
		s.round += s.period
	}
	return int(item)
}

// skip goes on to the first tick that is due after now.
func (s *schedule) skip(now time.Duration) {
	if s.period == 0 {
		return
	}
	if behind := now - s.due(); behind > s.period {
		s.round += behind - behind%s.period
	}
	for s.due() <= now {
		s.take()
	}
}
