package engine

import (
	"hash/maphash"
	"slices"
	"sync/atomic"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/conflation/selector"
	"github.com/halley-stream/halley/protocol"
)

// subscription is a client's interest in a group of items. Loop only, but for what
// is said not to change.
type subscription struct {
	session *Session
	id      int
	// asked is a hash of the request, to tell a repetition from a mistake.
	asked uint64
	// Of the request: what may change, and what begin wants to know.
	frequency protocol.Frequency

	// What the request stage made of it; not changed after.
	source   *source
	fields   *schema
	selector *selector.Selector // or nil
	// snapshotLength of a DISTINCT snapshot and bufferSize of a DISTINCT
	// subscription in events; 0 is no limit of its own.
	snapshotLength, bufferSize int
	allowed                    float64 // highest frequency allowed; 0: any
	mode                       adapters.Mode
	unfiltered                 bool

	wantsSnapshot bool // of the request, like frequency
	// deciding says that the request stage has not answered; cancelled that a
	// delete came meanwhile, and frequency that a reconf did.
	deciding  bool
	cancelled bool

	interval int64 // pace wanted now, nanoseconds; 0: none
	members  []subscriber
}

// spec is the view that the subscription wants at a pace. Any goroutine.
func (s *subscription) spec(interval int64) viewSpec {
	spec := viewSpec{mode: s.mode, unfiltered: s.unfiltered, interval: interval, fields: s.fields, selector: s.selector}
	if s.mode == adapters.Raw {
		spec.unfiltered, spec.interval = true, 0
	}
	if s.mode == adapters.Distinct && interval > 0 {
		spec.buffer = s.bufferSize
	}
	return spec
}

// subscriber is one item of a subscription: a receiver, who holds one number. There
// may be millions, so it is kept small.
type subscriber struct {
	subscription *subscription
	name         string // of the item

	// view is the one that its number is from: that of the last answer.
	view *view
	// place is where a snapshot in pieces has come to, or nil.
	place      *snapshotPlace
	nextBehind *subscriber // in the session's list

	index  int32 // in the group, from 1
	at     int32 // of its seat in the session's
	fanAt  int32 // in the fan where it sits
	teller int32 // where it was in past.tellers last
	// token counts the questions; the answer to an older one is dropped.
	token uint32
	// home is the loop that owns all of the above. It is written by that loop when
	// it hands the session over.
	home  atomic.Int32
	shard uint8 // of the item
	state subscriberState
	// joined says that it has been answered once.
	joined bool
	// owed says that it wants the newest values, not only what comes.
	owed bool
	// waitsEnd says that it waits for the end of the snapshot.
	waitsEnd bool
	left     bool // unsubscribed

	// The command under way, or nil, guarded by the shard's commands.mu.
	cmd     *command
	nextCmd *subscriber

	sharded sharded // shard only
}

type subscriberState uint8

const (
	// subscriberBehind: it lacks something and is on the session's list.
	subscriberBehind subscriberState = iota + 1
	// subscriberAsked: a sync is under way.
	subscriberAsked
	// subscriberReady: emissions fit.
	subscriberReady
)

// ask sends the sync.
func (sub *subscriber) ask() {
	sub.token++
	sub.state = subscriberAsked
	st := sub.seat()
	st.setReady(false)
	sub.post(command{
		loop: sub.home.Load(), token: sub.token, have: st.have, view: sub.view,
		join: !sub.joined, owed: sub.owed, end: sub.waitsEnd, size: sub.subscription.session.answerMost(),
		interval: sub.subscription.interval, snapshot: sub.place,
	})
}

// fan is where the subscriber sits, or nil.
func (sub *subscriber) fan() *fan { return sub.seat().fan }

// leave gives the subscriber's place in the view up.
func (sub *subscriber) leave() {
	sub.left = true
	sub.token++
	if f := sub.fan(); f != nil {
		f.rise(sub)
	}
	sub.post(command{leave: true, loop: sub.home.Load()})
}

func (sub *subscriber) post(cmd command) {
	shard := sub.subscription.source.engine.shards[sub.shard]
	shard.commands.post(sub, cmd)
	shard.wake()
}

// items are the names of the subscription's items.
func (s *subscription) items() []string {
	names := make([]string, len(s.members))
	for i := range s.members {
		names[i] = s.members[i].name
	}
	return names
}

// lateList is the session's list of subscribers that are behind, first come first
// asked.
type lateList struct{ first, last *subscriber }

func (q *lateList) push(sub *subscriber) {
	sub.nextBehind = nil
	if q.last != nil {
		q.last.nextBehind = sub
	} else {
		q.first = sub
	}
	q.last = sub
}

func (q *lateList) pop() *subscriber {
	sub := q.first
	if q.first = sub.nextBehind; q.first == nil {
		q.last = nil
	}
	sub.nextBehind = nil
	return sub
}

func newSubscription(s *Session, source *source, asked protocol.Add) *subscription {
	return &subscription{
		session: s, source: source, id: asked.SubID, asked: fingerprint(asked),
		frequency: asked.Frequency, wantsSnapshot: asked.Snapshot.Wanted,
		mode: modes[asked.Mode], unfiltered: asked.Frequency.Kind == protocol.Unfiltered,
		snapshotLength: asked.Snapshot.Length,
		bufferSize:     max(asked.BufferSize, 0), // 0 or -1: no limit of its own
		deciding:       true,
	}
}

// fingerprint is the same for the same request, but for the frequency, which may be
// changed.
func fingerprint(asked protocol.Add) uint64 {
	asked.Frequency = protocol.Frequency{}
	return maphash.Comparable(fingerprints, asked)
}

var fingerprints = maphash.MakeSeed()

// find returns where the subscription with an id is among the session's, which are
// in the order of their ids, or would be.
func (s *Session) find(id int) (at int, found bool) {
	return slices.BinarySearchFunc(s.subscriptions, id, func(sub *subscription, id int) int { return sub.id - id })
}

// subscription returns the subscription with an id, or nil.
func (s *Session) subscription(id int) *subscription {
	if at, found := s.find(id); found {
		return s.subscriptions[at]
	}
	return nil
}

// insert and remove change what subscriptions the session has.
func (s *Session) insert(sub *subscription) {
	at, _ := s.find(sub.id)
	s.subscriptions = slices.Insert(s.subscriptions, at, sub)
}

func (s *Session) remove(sub *subscription) {
	if at, found := s.find(sub.id); found {
		s.subscriptions = slices.Delete(s.subscriptions, at, at+1)
	}
}

// begin gives the subscription its items. Their subscribers are behind from the
// start: the session asks for them when its client can take them.
func (s *subscription) begin(items []string, loop *Loop) {
	s.members = make([]subscriber, len(items))
	s.session.seats = slices.Grow(s.session.seats, len(items))
	s.session.receivers = slices.Grow(s.session.receivers, len(items))
	for i := range s.members {
		m := &s.members[i]
		m.subscription, m.name, m.index = s, items[i], int32(i+1)
		m.shard = uint8(loop.engine.shardOf(s.source, items[i]).index)
		m.owed = s.wantsSnapshot && s.mode != adapters.Raw
		m.waitsEnd = m.owed && (s.mode == adapters.Distinct || s.mode == adapters.Command)
		m.home.Store(int32(loop.index))
		s.session.seat(m)
		s.session.behind(m)
	}
}
