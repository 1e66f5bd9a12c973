package engine

// pull appends to out what an outlet's subscribers lack of what was said last, and
// reports whether there was no room for all of it. out begins with what waits in
// buf.
func (l *Loop) pull(o *outlet, out []byte) (_ []byte, more bool) {
	seats, from, count := o.seats, int(o.from), o.count
	for k := range seats {
		i := from + k // where there was no room last time
		if i >= len(seats) {
			i -= len(seats)
		}
		st := &seats[i]
		if st.fan == nil || st.have >= st.fan.newest || !st.ready() {
			continue
		}
		if out, more = l.catchUp(o, i, out); more {
			o.from = int32(i)
			break
		}
	}
	if n := o.count - count; n > 0 {
		l.stats.updates.Add(n)
	}
	return out, more
}

// catchUp appends what the subscriber of a seat lacks. The records are linked from the newest
// on; the oldest that it needs is the one that fits to what it has.
func (l *Loop) catchUp(o *outlet, at int, out []byte) (_ []byte, more bool) {
	st := &o.seats[at]
	chain := l.chain[:0]
	for number := st.fan.last; ; {
		if st.have == 0 && number < st.last { // said before the subscriber came
			break
		}
		rec := l.recent.get(number)
		if rec == nil || rec.seq <= st.have {
			l.lag(o, at)
			return out, false
		}
		chain = append(chain, rec)
		if rec.base <= st.have {
			break
		}
		number = rec.before
	}
	l.chain = chain
	if n := len(chain); n > 1 && chain[0].merge && l.now-chain[n-1].when > l.window.now+staleAfter {
		l.lag(o, at)
		return out, false
	}
	for n := len(chain) - 1; n >= 0; n-- {
		rec := chain[n]
		body := l.recent.body(rec)
		if st.have < rec.base {
			if rec.full > 0 && st.have == 0 {
				body = l.recent.full(rec)
			} else if broken != brokenSharedDelta {
				l.lag(o, at)
				return out, false
			}
		} else if rec.diff > 0 && (st.have == rec.base || broken == brokenDiffForAll) && o.session.diffs.HasAll(rec.formats) {
			body = l.recent.diffs(rec)
		}
		if len(out)+headMax+len(body) > o.room && !o.session.alone(out) {
			return out, true
		}
		if rec.kind == entryClear {
			out = o.appendClear(out, at)
		} else {
			out = append(o.appendHead(out, at), body...)
		}
		o.count++
		if !rec.merge {
			s := o.session
			sub := s.receivers[at]
			s.remember(sub, sub.view, pastLine{before: st.have, kind: pastUpdate, joined: true})
		}
		st.have, st.last = rec.seq, o.count
	}
	return out, false
}

// staleAfter is how long a line may wait beyond the window until a client that could
// not take it gets the newest values instead, in nanoseconds.
const staleAfter = int64(1e9)

// headMax is more than the head of an update comes to.
const headMax = 32
