package engine

// outlet is the part of a session that a flush touches. The outlets of a loop lie
// side by side and apart from the sessions, so that the caches hold many. Loop
// only.
type outlet struct {
	slot    int32    // in the loop's tables
	due     uint32   // tick of the flush, its lower half; 0: at the end of the step
	from    int32    // the seat that the next pull begins with
	plain   bool     // a flush is one write and no more, see flush
	limited bool     // its bandwidth is, see bandwidth
	session *Session // nil while nobody has the outlet
	conn    Conn     // of the stream, on this loop; nil if there is none
	// buf is what waits for the next flush besides updates, behind Headroom bytes;
	// nil while there is nothing.
	buf []byte

	seats   []seat // of the session's subscribers
	count   uint64 // data lines written so far, as the client counts them
	room    int    // how long a write may get now; 0 while no connection takes anything
	left    int64  // bytes that the response may still have, see binding.budget
	flushed int64  // when it was last flushed
	wrote   int64  // when the connection was last written to
}

// outlets lends outlets to the sessions of a loop.
type outlets struct {
	blocks []*[outletsInBlock]outlet
	free   []*outlet
}

// outletsInBlock are made at a time.
const outletsInBlock = 64

// at returns the outlet of a slot.
func (p *outlets) at(slot int32) *outlet {
	return &p.blocks[slot/outletsInBlock][slot%outletsInBlock]
}

// attach gives a session an outlet of its loop.
func (l *Loop) attach(s *Session) {
	p := &l.outlets
	if len(p.free) == 0 {
		block := new([outletsInBlock]outlet)
		for i := range block {
			block[i].slot = int32(len(p.blocks)*outletsInBlock + i)
			p.free = append(p.free, &block[i])
			l.scheduled = append(l.scheduled, true) // nobody is to flush it
		}
		p.blocks = append(p.blocks, block)
	}
	last := len(p.free) - 1
	o := p.free[last]
	p.free = p.free[:last]
	o.session = s
	if old := s.outlet; old != nil {
		o.seats, o.count, o.flushed, o.wrote, o.limited = old.seats, old.count, old.flushed, old.wrote, old.limited
	}
	s.outlet = o
}

// detach takes a session's outlet back: what touches the session from now on does
// not touch another session's.
func (l *Loop) detach(s *Session) {
	o := s.outlet
	s.outlet = &outlet{slot: -1, session: s, seats: o.seats, count: o.count, flushed: o.flushed, wrote: o.wrote, limited: o.limited}
	l.scheduled[o.slot] = true
	*o = outlet{slot: o.slot}
	l.outlets.free = append(l.outlets.free, o)
}
