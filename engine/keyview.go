package engine

import (
	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/conflation"
)

// keyView is what a COMMAND view has besides: numbers of its own for what it
// released of each key.
//
// Unfiltered, all events go through the log. Filtered, the log holds ADD, DELETE
// and clear only; an UPDATE is a key's newest row under the number of its last
// release, found through recent. Merged by number, both give the lines: each key
// comes back with its newest values, and no ADD or DELETE is ever merged away.
// The pace is per key and for UPDATE only.
type keyView struct {
	seq    uint64
	states map[*conflation.Keyed]*conflation.KeyState
	recent conflation.Recency
	// pending are the keys that have changed and wait for their turn.
	pending conflation.Pending
	// keyAt and commandAt are positions in the schema.
	keyAt, commandAt int
}

func newKeyView(v *view) *keyView {
	cfg := &v.item.shard.engine.cfg
	v.log = conflation.NewLog(cfg.LogEntries, cfg.LogBytes, 0)
	keys := &keyView{
		states: make(map[*conflation.Keyed]*conflation.KeyState),
		keyAt:  v.spec.fields.keyAt, commandAt: v.spec.fields.commandAt,
	}
	if v.item.table != nil {
		v.item.table.After(0, func(k *conflation.Keyed) bool {
			if v.pick == nil || v.selectsKey(k) {
				keys.states[k] = &conflation.KeyState{Row: v.rowOf(k)}
			}
			return true
		})
	}
	return keys
}

// keyChanged takes a change of one key.
func (v *view) keyChanged(k *conflation.Keyed, added, changed bool) {
	s, keys := v.item.shard, v.keys
	state := keys.states[k]
	if v.pick != nil {
		if !v.selectsKey(k) {
			return
		}
		if state != nil {
			state.Row.Copy(&k.Row)
		}
	}
	if added || state == nil {
		state = &conflation.KeyState{Row: v.rowOf(k), Due: s.now + v.spec.interval}
		keys.states[k] = state
		v.logKey(k, addToken)
		v.emit()
		return
	}
	switch {
	case v.spec.unfiltered:
		v.logKey(k, updateToken)
	case !changed:
		return
	case s.now < state.Due:
		keys.pending.Add(state)
		s.stats.conflated[adapters.Command].Add(1)
		s.wheel.arm(&v.timer, keys.pending.First().Due)
		return
	default:
		v.touch(state)
	}
	v.emit()
}

// logKey logs an event of one key.
func (v *view) logKey(k *conflation.Keyed, command []byte) {
	s := v.item.shard
	v.keys.seq++
	s.scratch = appendKeyed(s.scratch[:0], k, v, command)
	v.log.AppendOf(k.Ordinal, v.keys.seq, eventUpdate, s.scratch)
}

// touch releases the newest row of a key.
func (v *view) touch(state *conflation.KeyState) {
	v.keys.seq++
	v.keys.recent.Touch(state, v.keys.seq)
	state.Due = v.item.shard.now + v.spec.interval
}

// keyDeleted takes the end of one key.
func (v *view) keyDeleted(k *conflation.Keyed) {
	state := v.keys.states[k]
	if state == nil && v.pick != nil {
		return // it was never selected
	}
	if state != nil {
		v.keys.recent.Remove(state)
		v.keys.pending.Remove(state)
		delete(v.keys.states, k)
	}
	if broken != brokenDeleteMerged {
		v.logKey(k, deleteToken)
	}
	v.emit()
}

// clearKeys takes the end of all keys.
func (v *view) clearKeys() {
	v.keys.states = make(map[*conflation.Keyed]*conflation.KeyState)
	v.keys.recent = conflation.Recency{}
	v.keys.pending = conflation.Pending{}
	v.keys.seq++
	v.log.Append(v.keys.seq, eventClear, nil)
}

// releaseKeys releases the keys whose turn has come.
func (v *view) releaseKeys(now int64) {
	keys := v.keys
	for first := keys.pending.First(); first != nil; first = keys.pending.First() {
		if first.Due > now {
			v.item.shard.wheel.arm(&v.timer, first.Due)
			break
		}
		keys.pending.Remove(first)
		v.touch(first)
	}
	v.emit()
}

// releaseAll releases all keys, due or not: before a subscriber leaves for a view
// with another pace, so that its number says all. The others are told a little
// later, since the room at hand is for the answer.
func (v *view) releaseAll() {
	s, keys := v.item.shard, v.keys
	for first := keys.pending.First(); first != nil; first = keys.pending.First() {
		keys.pending.Remove(first)
		v.touch(first)
		s.more = true
	}
	if s.more {
		v.holdAll()
	}
}

// learnKeys takes over the keys that another view with the same selector shows: one
// that began later may not have seen when they were selected last.
func (v *view) learnKeys(from *view) {
	learned := false
	v.item.table.After(0, func(k *conflation.Keyed) bool {
		if known := from.keys.states[k]; known != nil && v.keys.states[k] == nil {
			v.keys.states[k] = &conflation.KeyState{Row: v.rowOf(known.Row)}
			v.logKey(v.keys.states[k].Row, addToken)
			learned = true
		}
		return true
	})
	if learned {
		v.item.shard.more = true
		v.holdAll()
	}
}

// holdAll lets what is new be said to the loops when there is room.
func (v *view) holdAll() {
	for l := range v.ends {
		if v.ends[l].count > 0 {
			v.item.shard.hold(v, l)
		}
	}
}
