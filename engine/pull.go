package engine

import "github.com/halley-stream/halley/protocol"

// pull appends to out what the session's subscribers lack of what was said last,
// and reports whether there was no room for all of it. out begins with what waits
// in buf.
func (s *Session) pull(out []byte) (_ []byte, more bool) {
	l, seats := s.loop, s.seats
	count := s.count
	for k := range seats {
		i := s.from + k // where there was no room last time
		if i >= len(seats) {
			i -= len(seats)
		}
		st := &seats[i]
		if st.fan == nil || st.have >= st.fan.newest || !st.ready {
			continue
		}
		if out, more = l.catchUp(s, st, out); more {
			s.from = i
			break
		}
	}
	if n := s.count - count; n > 0 {
		l.stats.updates.Add(n)
	}
	return out, more
}

// catchUp appends what one subscriber lacks. The records are linked from the newest
// on; the oldest that it needs is the one that fits to what it has.
func (l *Loop) catchUp(s *Session, st *seat, out []byte) (_ []byte, more bool) {
	chain := l.chain[:0]
	for number := st.fan.last; ; {
		if st.have == 0 && number < st.last { // said before the subscriber came
			break
		}
		rec := l.recent.get(number)
		if rec == nil || rec.seq <= st.have {
			l.lag(st)
			return out, false
		}
		chain = append(chain, rec)
		if rec.base <= st.have {
			break
		}
		number = rec.before
	}
	l.chain = chain
	for n := len(chain) - 1; n >= 0; n-- {
		rec := chain[n]
		body := l.recent.body(rec)
		if st.have < rec.base {
			if rec.full > 0 && st.have == 0 {
				body = l.recent.full(rec)
			} else if broken != brokenSharedDelta {
				l.lag(st)
				return out, false
			}
		}
		if len(out)+headMax+len(body) > s.room && !s.alone(out) {
			return out, true
		}
		if rec.kind == entryClear {
			out = protocol.AppendCS(out, st.sub.subscription.id, int(st.sub.index))
		} else {
			out = append(st.appendHead(out), body...)
		}
		s.count++
		st.have, st.last = rec.seq, s.count
	}
	return out, false
}

// headMax is more than the head of an update comes to.
const headMax = 32
