package engine

import "github.com/halley-stream/halley/protocol"

// seat is what a flush needs to know of one subscriber. The seats of a session lie
// side by side, because a flush looks at all of them: two to a cache line. Loop
// only.
type seat struct {
	fan *fan // of the view that the subscriber sits in, or nil
	// have is the number of the last line that the subscriber got.
	have uint64
	// last is the session's data count when a line of it was last written. While
	// have is 0 there was none, and it is the number in recent from which on it
	// wants all.
	last uint64
	// ids is "<subscription>,<item>,", as far as it fits.
	ids [7]byte
	// state is the length of ids, 0 where they do not fit, and seatReady.
	state uint8
}

// seatReady says that emissions fit; else the subscriber is behind, or an answer is
// under way that will say all.
const seatReady = 0x80

func (st *seat) ready() bool { return st.state&seatReady != 0 }

func (st *seat) setReady(ready bool) {
	st.state &^= seatReady
	if ready {
		st.state |= seatReady
	}
}

// updateTag is what ids come behind.
const updateTag = "U,"

// seat gives a subscriber its seat in the session.
func (s *Session) seat(sub *subscriber) {
	sub.at = int32(len(s.seats))
	st := seat{}
	if ids := protocol.AppendUpdateHead(nil, sub.subscription.id, int(sub.index))[len(updateTag):]; len(ids) <= len(st.ids) {
		st.state = uint8(copy(st.ids[:], ids))
	}
	s.seats = append(s.seats, st)
	s.receivers = append(s.receivers, sub)
}

// seat returns the subscriber's seat. It moves when the session's subscriptions
// change.
func (sub *subscriber) seat() *seat { return &sub.subscription.session.seats[sub.at] }

// appendHead appends the head of an update to the subscriber of a seat.
func (o *outlet) appendHead(dst []byte, at int) []byte {
	st := &o.seats[at]
	if n := st.state &^ seatReady; n > 0 {
		return append(append(dst, updateTag...), st.ids[:n]...)
	}
	sub := o.session.receivers[at]
	return protocol.AppendUpdateHead(dst, sub.subscription.id, int(sub.index))
}

// appendClear appends the clearing of a subscriber's snapshot.
func (o *outlet) appendClear(dst []byte, at int) []byte {
	sub := o.session.receivers[at]
	return protocol.AppendCS(dst, sub.subscription.id, int(sub.index))
}

// vacate removes the seats of a subscription.
func (s *Session) vacate(sub *subscription) {
	kept := 0
	for i, r := range s.receivers {
		if r.subscription == sub {
			continue
		}
		r.at = int32(kept)
		s.seats[kept], s.receivers[kept] = s.seats[i], r
		kept++
	}
	clear(s.seats[kept:])
	clear(s.receivers[kept:])
	s.seats, s.receivers, s.from = s.seats[:kept], s.receivers[:kept], 0
	if kept == 0 {
		s.seats, s.receivers = nil, nil
	}
}
