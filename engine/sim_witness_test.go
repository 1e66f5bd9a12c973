package engine

import (
	"context"
	"maps"
	"slices"

	"github.com/halley-stream/halley/adapters"
)

// simWitness is the simulation's Metadata Adapter, which keeps count of the sessions
// and subscriptions by what it is told.
type simWitness struct {
	simMetadata
	open map[string]map[int]bool // subscriptions by session
}

// Notice holds that each notice fits to those before.
func (m *simWitness) Notice(_ context.Context, n adapters.Notice) {
	subs, known := m.open[n.Session]
	fits := known
	switch n.Kind {
	case adapters.SessionOpened:
		fits = !known
		m.open[n.Session] = make(map[int]bool)
	case adapters.SessionClosed:
		fits = known && len(subs) == 0
		delete(m.open, n.Session)
	case adapters.SubscriptionOpened:
		if fits = known && !subs[n.Subscription]; fits {
			subs[n.Subscription] = true
		}
	case adapters.SubscriptionClosed:
		fits = subs[n.Subscription]
		delete(subs, n.Subscription)
	}
	if !fits {
		violate("a notice of kind %d about session %s, subscription %d, does not fit to those before", n.Kind, n.Session, n.Subscription)
	}
}

// notices delivers what waits.
func (w *world) notices() {
	for _, queue := range w.engine.witnesses.queues {
		for len(queue) > 0 {
			n := <-queue
			n.to.Notice(context.Background(), n.it)
		}
	}
}

// checkNotices holds what the notices have told against the truth, when all is quiet.
func (w *world) checkNotices() {
	w.notices()
	n := 0
	for _, l := range w.engine.loops {
		for _, s := range l.sessions {
			n++
			told, ok := w.witness.open[s.id]
			ids := make([]int, len(s.subscriptions))
			for i, sub := range s.subscriptions {
				ids[i] = sub.id
			}
			if !ok || !slices.Equal(slices.Sorted(maps.Keys(told)), ids) {
				violate("session %s has the subscriptions %v, and %v by the notices", s.id, ids, told)
			}
		}
	}
	if n != len(w.witness.open) {
		violate("there are %d sessions, and %d by the notices", n, len(w.witness.open))
	}
	users := 0
	for _, user := range w.engine.directory.users {
		users += user.sessions
	}
	if users != n {
		violate("there are %d sessions, and users have %d", n, users)
	}
}
