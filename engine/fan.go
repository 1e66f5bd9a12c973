package engine

// fan is a view's subscribers on one loop, and where what was said to them lies.
// Loop only.
type fan struct {
	newest uint64 // number of what was said last
	last   uint64 // number of its record in recent; 0: none
	// slots are those of the subscribers' sessions, apart from the subscribers,
	// because walking them is the hottest walk there is.
	slots []int32
	subs  []*subscriber
}

// sit lets a subscriber hear what is said to the fan.
func (f *fan) sit(sub *subscriber) {
	sub.seat().fan, sub.fanAt = f, int32(len(f.subs))
	f.slots = append(f.slots, sub.subscription.session.slot)
	f.subs = append(f.subs, sub)
}

// rise ends that.
func (f *fan) rise(sub *subscriber) {
	sub.seat().fan = nil
	last := len(f.subs) - 1
	f.slots[sub.fanAt], f.subs[sub.fanAt] = f.slots[last], f.subs[last]
	f.subs[sub.fanAt].fanAt = sub.fanAt
	f.subs[last] = nil
	f.slots, f.subs = f.slots[:last], f.subs[:last]
	if last == 0 {
		f.slots, f.subs = nil, nil
	}
}

// spread takes an emission: it is kept, and the sessions of all subscribers of its
// view on the loop are flushed, now or soon.
func (l *Loop) spread(e *entry) {
	f := &e.view.fans[l.index]
	if len(f.subs) == 0 {
		return
	}
	if e.kind == entryEnd {
		for _, sub := range f.subs {
			l.ended(sub, e)
		}
		return
	}
	l.recent.keep(f, e, l.now, 2*l.window.now+recentAge)
	for _, slot := range f.slots {
		if !l.scheduled[slot] {
			l.schedule(slot)
		}
	}
}

// recentAge is how old an emission may get even if the window is none, in
// nanoseconds: a loop that is late.
const recentAge = int64(50e6)

// ended tells a subscriber that waits for it that its snapshot is complete.
func (l *Loop) ended(sub *subscriber, e *entry) {
	st, s := sub.seat(), sub.subscription.session
	if !st.ready() || !sub.waitsEnd {
		return
	}
	s.gather()
	if st.have < e.base || !s.fits(controlLine) {
		l.lag(s.outlet, int(sub.at))
		return
	}
	s.endSnapshot(sub)
}

// lag notes that the subscriber of a seat missed something: one number stays where it is, and
// the session asks for the rest when its client can take it.
func (l *Loop) lag(o *outlet, at int) {
	o.session.wire.full = true
	o.session.postpone(at)
	l.stats.lagged.Add(1)
}

// postpone lets the subscriber of a seat ask for what it lacks, in its turn.
func (s *Session) postpone(at int) {
	s.seats[at].setReady(false)
	sub := s.receivers[at]
	sub.owed = true
	s.behind(sub)
}
