package engine

import "github.com/halley-stream/halley/protocol"

// seat is what the loop knows of one subscriber to write to it. The seats of a
// session lie side by side, because a flush looks at all of them. Loop only.
type seat struct {
	fan *fan // of the view that the subscriber sits in, or nil
	sub *subscriber
	// have is the number of the last line that the subscriber got.
	have uint64
	// last is the session's data count when a line of it was last written. While
	// have is 0 there was none, and it is the number of the record from which on it
	// wants all.
	last uint64
	// head is "U,<subscription>,<item>,"; headLen is 0 where that is longer.
	head    [14]byte
	headLen uint8
	// ready says that emissions fit; else it is behind, or an answer is under way
	// that will say all.
	ready bool
}

func newSeat(sub *subscriber) seat {
	st := seat{sub: sub}
	if head := protocol.AppendUpdateHead(nil, sub.subscription.id, int(sub.index)); len(head) <= len(st.head) {
		st.headLen = uint8(copy(st.head[:], head))
	}
	return st
}

// appendHead appends the head of an update.
func (st *seat) appendHead(dst []byte) []byte {
	if st.headLen == 0 {
		return protocol.AppendUpdateHead(dst, st.sub.subscription.id, int(st.sub.index))
	}
	return append(dst, st.head[:st.headLen]...)
}

// seat returns the subscriber's seat, until the session's next subscription.
func (sub *subscriber) seat() *seat { return &sub.subscription.session.seats[sub.at] }

// vacate removes the seats of a subscription.
func (s *Session) vacate(sub *subscription) {
	kept := s.seats[:0]
	for _, st := range s.seats {
		if st.sub.subscription != sub {
			st.sub.at = int32(len(kept))
			kept = append(kept, st)
		}
	}
	clear(s.seats[len(kept):])
	s.seats, s.from = kept, 0
}
