package engine

import (
	"fmt"
	"slices"

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
	if s.most > 0 && len(s.subscriptions) >= s.most {
		return r.refuse(protocol.ReqInternal, tooManyOfUser(s.most))
	}
	if int(s.undecided) >= limits.Requests {
		return r.refuse(protocol.ReqInternal, tooMany("undecided requests", "requests_per_session", limits.Requests))
	}
	source := s.set.data[asked.DataAdapter]
	if source == nil {
		return r.refuse(protocol.ReqDataAdapter, fmt.Sprintf("Data adapter %q not found", asked.DataAdapter))
	}
	sub := newSubscription(s, source, asked)
	s.insert(sub)
	s.undecided++
	s.decide(&decision{kind: decideSubscription, loop: s.loop, session: s.id, set: s.set, request: r, wish: newWish(sub, asked)})
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

// decide sends a decision to its stage, or lets it wait for room there.
func (s *Session) decide(d *decision) {
	if len(s.unsent) == 0 && s.loop.engine.stage(d.kind).submit(d) {
		return
	}
	if s.unsent = append(s.unsent, d); len(s.unsent) == 1 {
		s.loop.starving = append(s.loop.starving, s)
	}
}

// resubmit sends what waited, as far as there is room now: messages do not wait for
// subscriptions, nor these for messages.
func (s *Session) resubmit() {
	full := make(map[*requestStage]bool)
	s.unsent = slices.DeleteFunc(s.unsent, func(d *decision) bool {
		stage := s.loop.engine.stage(d.kind)
		full[stage] = full[stage] || !stage.submit(d)
		return !full[stage]
	})
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
	sub := d.wish.subscription
	if !sub.cancelled && !d.refused {
		if err := l.engine.selectors.use(d.wish, l.engine.cfg.Limits.Selectors); err != nil {
			d.refuse(codeOf(err))
		}
	}
	if !sub.cancelled && d.refused {
		s.remove(sub)
	}
	if d.refused {
		l.respond(d.request.link, d.request.refuse(d.code, d.text))
		return
	}
	l.respond(d.request.link, d.request.accept())
	if !sub.cancelled {
		s.begin(d.wish)
		s.pump()
	}
}

// begin begins a subscription that the Metadata Adapter allows.
func (s *Session) begin(w *wish) {
	sub := w.subscription
	sub.deciding = false
	sub.allowed = w.resolution.MaxFrequency
	sub.bufferSize = smaller(sub.bufferSize, w.resolution.MaxBuffer)
	sub.selector = w.selector
	sub.fields = s.loop.engine.schemas.get(w.interest.Schema, w.resolution.Fields)
	items, fields := len(w.resolution.Items), len(w.resolution.Fields)
	if sub.mode == adapters.Command {
		s.tell(protocol.AppendSUBCMD(nil, sub.id, items, fields, sub.fields.keyAt+1, sub.fields.commandAt+1))
	} else {
		s.tell(protocol.AppendSUBOK(nil, sub.id, items, fields))
	}
	s.confirm(sub)
	sub.begin(w.resolution.Items, s.loop)
	s.notify(adapters.SubscriptionOpened, sub)
}
