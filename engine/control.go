package engine

import (
	"fmt"
	"time"

	"github.com/halley-stream/halley/protocol"
)

// request carries out a request, at the session's home. Requests about the same
// subscription take effect in the order in which they come.
func (s *Session) request(r *request) {
	s.wire.heard = s.loop.now
	if s.state == sessionClosed { // by a request that waited with this one
		s.loop.respond(r.link, r.refuse(protocol.ReqSessionNotFound, "Session not found"))
		return
	}
	if s.state == sessionDeciding {
		if refusal := s.putOff(r); refusal != nil {
			s.loop.respond(r.link, refusal)
		}
		return
	}
	if s.queue.full() {
		s.loop.respond(r.link, r.refuse(protocol.ReqInternal, "Too much waits for the session's connection"))
		return
	}
	if answer := s.perform(r); answer != nil {
		s.loop.respond(r.link, answer)
	}
}

// postponed are requests that came before the Metadata Adapter has decided on their
// session.
type postponed struct {
	requests []*request
	bytes    int
}

// postponedBytes is how many bytes of requests may wait for the decision: nobody has
// said yet who the client is.
const postponedBytes = 256 << 10

// putOff lets a request wait until the session has been decided on, or returns why
// not.
func (s *Session) putOff(r *request) (refusal []byte) {
	if s.postponed == nil {
		s.postponed = new(postponed)
	}
	p := s.postponed
	if most := s.loop.engine.cfg.Limits.Requests; len(p.requests) >= most {
		return r.refuse(protocol.ReqInternal, tooMany("undecided requests", "requests_per_session", most))
	}
	if p.bytes+r.size > postponedBytes {
		return r.refuse(protocol.ReqInternal, "Too much waits for the decision on the session")
	}
	p.requests = append(p.requests, r)
	p.bytes += r.size
	return nil
}

// decided returns what was postponed.
func (s *Session) decided() []*request {
	p := s.postponed
	if s.postponed = nil; p == nil {
		return nil
	}
	return p.requests
}

func tooMany(what, key string, n int) string {
	return fmt.Sprintf("Too many %s: at most %d (limits.%s)", what, n, key)
}

// perform carries out a request and returns its answer, empty where the
// client wants none; nil means that it comes later.
func (s *Session) perform(r *request) []byte {
	if r.message != nil {
		return s.say(r)
	}
	switch r.control.Op {
	case protocol.OpAdd:
		return s.add(r)
	case protocol.OpDelete:
		return s.delete(r)
	case protocol.OpReconf:
		return s.reconf(r)
	case protocol.OpForceRebind:
		return s.forceRebind(r)
	case protocol.OpDestroy:
		return s.destroy(r)
	case protocol.OpMPN:
		return r.refuse(protocol.ReqNoMPN, "Mobile push notifications are not available")
	default:
		return s.constrain(r)
	}
}

// granted returns the answer to a request that took effect, never nil.
func granted(r *request) []byte {
	if lines := r.accept(); lines != nil {
		return lines
	}
	return []byte{}
}

// delete ends a subscription. One that is being decided is cancelled.
func (s *Session) delete(r *request) []byte {
	sub := s.subscription(r.control.SubID)
	if sub == nil {
		return r.refuse(protocol.ReqSubscriptionNotFound, fmt.Sprintf("Subscription %d not found", r.control.SubID))
	}
	if sub.deciding {
		sub.cancelled = true
		s.remove(sub)
	} else {
		s.unsubscribe(sub)
	}
	s.tell(protocol.AppendUNSUB(nil, sub.id))
	return granted(r)
}

// reconf changes a subscription's frequency. While it is being decided the wish is
// kept.
func (s *Session) reconf(r *request) []byte {
	sub := s.subscription(r.control.SubID)
	switch {
	case sub == nil:
		return r.refuse(protocol.ReqSubscriptionNotFound, fmt.Sprintf("Subscription %d not found", r.control.SubID))
	case sub.frequency.Kind == protocol.Unfiltered:
		return r.refuse(protocol.ReqIsUnfiltered, "The subscription is unfiltered")
	case r.control.HasFrequency && r.control.Frequency.Kind == protocol.Unfiltered:
		return r.refuse(protocol.ReqIsUnfiltered, "A subscription cannot become unfiltered")
	case !r.control.HasFrequency:
		return granted(r)
	}
	sub.frequency = r.control.Frequency
	if !sub.deciding {
		s.confirm(sub)
		for i := range sub.members {
			if m := &sub.members[i]; m.state == subscriberReady {
				m.seat().setReady(false)
				s.behind(m)
			} else if m.state == subscriberAsked {
				m.ask() // the newer question counts
			}
		}
	}
	return granted(r)
}

// confirm puts the frequency in force and tells it.
func (s *Session) confirm(sub *subscription) {
	f := sub.granted()
	sub.interval = 0
	if f.Kind == protocol.Limited {
		sub.interval = int64(min(1e9/f.PerSecond, float64(longestInterval)))
	}
	s.tell(protocol.AppendCONF(nil, sub.id, f))
}

// longestInterval is what the time between two updates is cut to.
const longestInterval = 24 * time.Hour

// granted is the smaller of the frequency that the client asked for and what it may
// have.
func (sub *subscription) granted() protocol.Frequency {
	f := sub.frequency
	switch {
	case sub.spec(0).unfiltered:
		return protocol.Frequency{Kind: protocol.Unfiltered}
	case sub.allowed > 0 && (f.Kind != protocol.Limited || f.PerSecond > sub.allowed):
		return protocol.Frequency{Kind: protocol.Limited, PerSecond: sub.allowed}
	}
	return f
}

// forceRebind ends the stream, so that the client binds again.
func (s *Session) forceRebind(r *request) []byte {
	if s.link == nil {
		return granted(r)
	}
	k := s.link
	if r.link == k { // its answer goes out first
		s.control(granted(r))
	}
	s.append(protocol.AppendLOOP(s.loop.line[:0], r.control.PollingMillis))
	s.wire.pause = r.control.PollingMillis
	s.loop.deliverLast(s)
	if r.control.CloseSocket {
		s.loop.shut(k)
	}
	if r.link == k {
		return []byte{}
	}
	return granted(r)
}

// destroy ends the session at its client's wish.
func (s *Session) destroy(r *request) []byte {
	code, text := protocol.ConnDestroyed, "Destroy invoked by client"
	if r.control.HasCauseCode {
		code, text = min(r.control.CauseCode, 0), r.control.CauseMessage
		if text == "" {
			text = "null"
		}
	}
	k, l := s.link, s.loop
	if r.link == k {
		s.control(granted(r))
	}
	s.end(code, text)
	if k != nil && r.control.CloseSocket {
		l.shut(k)
	}
	if r.link == k {
		return []byte{}
	}
	return granted(r)
}
