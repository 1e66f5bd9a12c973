package engine

import (
	"fmt"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/protocol"
)

// add begins a subscription: the request stage decides on it.
func (s *Session) add(r *request) []byte {
	limits, asked := &s.loop.engine.cfg.Limits, r.control.Add
	if old := s.subscription(asked.SubID); old != nil {
		return s.repeat(r, old)
	}
	if len(s.subscriptions) >= limits.Subscriptions {
		return r.refuse(protocol.ReqInternal, tooMany("subscriptions", "subscriptions_per_session", limits.Subscriptions))
	}
	if s.undecided >= limits.Requests {
		return r.refuse(protocol.ReqInternal, tooMany("undecided requests", "requests_per_session", limits.Requests))
	}
	source := s.set.data[asked.DataAdapter]
	if source == nil {
		return r.refuse(protocol.ReqDataAdapter, fmt.Sprintf("Data adapter %q not found", asked.DataAdapter))
	}
	if asked.Selector != "" {
		return r.refuse(protocol.ReqSelector, "Selectors are not allowed")
	}
	sub := newSubscription(s, asked)
	sub.source = source
	s.insert(sub)
	s.decide(&decision{kind: decideSubscription, loop: s.loop, session: s.id, set: s.set, request: r, subscription: sub, source: source,
		interest: adapters.Interest{
			User: s.user, DataAdapter: asked.DataAdapter, Group: asked.Group, Schema: asked.Schema,
			Mode: sub.mode, Selector: asked.Selector,
		}})
	return nil
}

// repeat answers an add for a subscription that is there: clients that have not
// seen the answer ask again.
func (s *Session) repeat(r *request, old *subscription) []byte {
	if fingerprint(r.control.Add) != old.asked {
		return r.refuse(protocol.ReqInternal, fmt.Sprintf("Subscription %d is there, with other parameters", old.id))
	}
	return granted(r)
}

// decide sends a decision to the request stage, or lets it wait for room there.
func (s *Session) decide(d *decision) {
	s.undecided++
	if len(s.unsent) == 0 && s.loop.engine.requests.submit(d) {
		return
	}
	if len(s.unsent) == 0 {
		s.loop.starving = append(s.loop.starving, s)
	}
	s.unsent = append(s.unsent, d)
}

// resubmit sends what waited, as far as there is room now.
func (s *Session) resubmit() {
	for len(s.unsent) > 0 && s.loop.engine.requests.submit(s.unsent[0]) {
		s.unsent = s.unsent[1:]
	}
	if len(s.unsent) > 0 {
		s.loop.starving = append(s.loop.starving, s)
	} else {
		s.unsent = nil
	}
}

// subscribed takes the request stage's word on an add.
func (l *Loop) subscribed(d *decision) {
	s := l.sessions[d.session]
	if s == nil {
		if !l.send(d.session, d) {
			l.respond(d.request.link, d.request.refuse(protocol.ReqSessionNotFound, "Session not found"))
		}
		return
	}
	s.undecided--
	sub := d.subscription
	if !sub.cancelled && d.code != 0 {
		s.remove(sub)
	}
	if d.code != 0 {
		l.respond(d.request.link, d.request.refuse(d.code, d.text))
		return
	}
	l.respond(d.request.link, d.request.accept())
	if sub.cancelled {
		return
	}
	sub.deciding = false
	sub.allowed = d.resolution.MaxFrequency
	sub.fields = l.engine.schemas.get(d.interest.Schema, d.resolution.Fields)
	items, fields := len(d.resolution.Items), len(d.resolution.Fields)
	if sub.mode == adapters.Command {
		s.tell(protocol.AppendSUBCMD(nil, sub.id, items, fields, sub.fields.keyAt+1, sub.fields.commandAt+1))
	} else {
		s.tell(protocol.AppendSUBOK(nil, sub.id, items, fields))
	}
	s.confirm(sub)
	sub.begin(d.resolution.Items, l)
	s.pump()
}
