package engine

import (
	"slices"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/conflation"
	"github.com/halley-stream/halley/conflation/selector"
)

// view is what subscribers share who want the same of an item: schema, mode and
// pace. Work is done once per view, not once per client. It has two halves: this
// one, the shard's, knows what was said last to each loop; the other, the fans,
// belongs to the loops.
//
// The one rule is in its lines: what a receiver lacks is what has a greater
// number than it holds. An emission is that rule applied to what a loop was told
// last, an answer to a sync is the rule applied to what one subscriber has.
type view struct {
	item  *item
	spec  viewSpec
	slots []int32 // of the schema's fields; -1 where the item has no such field yet
	names *names  // the dictionary that slots were looked up in

	pace  conflation.Pace
	timer Timer // while something waits for the pace

	// pick is what a view with a selector has besides, else nil.
	pick *pick

	// told is what a MERGE view has of which diffs are made, else nil.
	told *told

	// log holds the events of the modes that must not lose.
	log *conflation.Log
	// backlog holds events of a paced DISTINCT view that wait for their turn.
	backlog *conflation.Log
	// keys is what a COMMAND view has besides.
	keys *keyView

	ends []viewEnd // by loop
	fans []fan     // by loop; each is its loop's
}

// viewSpec is what makes two subscribers share a view.
type viewSpec struct {
	mode       adapters.Mode
	unfiltered bool
	interval   int64 // nanoseconds between two updates; 0: as they come
	buffer     int   // of a paced DISTINCT view; 0: unlimited
	fields     *schema
	selector   *selector.Selector // or nil
}

func (a viewSpec) equal(b viewSpec) bool {
	if a.selector != b.selector && (a.selector == nil || b.selector == nil || a.selector.Text() != b.selector.Text()) {
		return false
	}
	return a.mode == b.mode && a.unfiltered == b.unfiltered && a.interval == b.interval && a.buffer == b.buffer &&
		(a.fields == b.fields || a.fields.name == b.fields.name && slices.Equal(a.fields.fields, b.fields.fields))
}

// viewEnd is where a view stands with one loop.
type viewEnd struct {
	sent  uint64 // number of the last line put into the loop's inbox
	count int32  // subscribers there
	fresh int32  // of them, those who have nothing yet: the next MERGE line must be complete
	held  bool   // on the shard's list, because there was no room
	end   bool   // the end of the snapshot is still to be said
}

func newView(it *item, spec viewSpec) *view {
	loops := len(it.shard.outs)
	v := &view{item: it, spec: spec, ends: make([]viewEnd, loops), fans: make([]fan, loops)}
	v.slots = make([]int32, len(spec.fields.fields))
	v.timer.Owner = v
	v.pace.Interval = spec.interval
	it.reserve(spec.fields)
	v.resolve(it.source.fields.names())
	if spec.selector != nil {
		v.pick = newPick(v)
	}
	if spec.mode == adapters.Merge && !spec.unfiltered {
		v.told = newTold(v)
	}
	cfg := &it.shard.engine.cfg
	switch {
	case spec.mode == adapters.Command:
		v.keys = newKeyView(v)
	case spec.mode == adapters.Distinct:
		v.recall()
		if spec.interval > 0 {
			v.backlog = conflation.NewLog(cmpOr(spec.buffer, cfg.LogEntries), cfg.LogBytes, it.seq)
		}
	case spec.logged():
		v.log = conflation.NewLog(cfg.LogEntries, cfg.LogBytes, it.seq)
	}
	return v
}

func cmpOr(n, otherwise int) int {
	if n > 0 {
		return min(n, otherwise)
	}
	return otherwise
}

// logged reports whether the view's lines come from a log.
func (s viewSpec) logged() bool { return s.mode != adapters.Merge || s.unfiltered }

// recall fills the log of a new DISTINCT view with the events that the item
// remembers.
func (v *view) recall() {
	it, cfg := v.item, &v.item.shard.engine.cfg
	floor := it.seq
	if n := it.history.Len(); n > 0 {
		floor = it.history.At(0).Seq - 1
	}
	v.log = conflation.NewLog(cfg.LogEntries, cfg.LogBytes, floor)
	for i := range it.history.Len() {
		past := it.history.At(i)
		if v.pick != nil && !v.selectsRow(&past.Row) {
			continue
		}
		v.log.Append(past.Seq, eventUpdate, appendRow(nil, &past.Row, v.slots, 0))
	}
}

// The kinds of events in a log.
const (
	eventUpdate conflation.Kind = iota
	eventClear
)

// resolve looks the schema's fields up in the item's dictionary, when that has
// grown.
func (v *view) resolve(n *names) {
	if v.names == n {
		return
	}
	v.names = n
	for i, f := range v.spec.fields.fields {
		v.slots[i] = n.of(f)
	}
	if v.pick != nil {
		v.pick.resolve(n)
	}
}

// newest is the number of the newest line that the view has.
func (v *view) newest() uint64 {
	switch {
	case v.keys != nil:
		return v.keys.seq
	case v.log != nil:
		if n := v.log.Len(); n > 0 {
			return v.log.At(n - 1).Seq
		}
		return v.log.Floor()
	}
	return v.seq()
}

// seq, row and known are those of the item, or of what the selector let through.
func (v *view) seq() uint64 {
	if v.pick != nil {
		return v.pick.seq
	}
	return v.item.seq
}

func (v *view) row() *conflation.Row {
	if v.pick != nil {
		return &v.pick.row
	}
	return &v.item.row
}

func (v *view) known() bool {
	if v.pick != nil {
		return v.pick.known
	}
	return v.item.known
}

// floor is the number that a receiver must have to catch up without a loss.
func (v *view) floor() uint64 {
	if v.log != nil {
		return v.log.Floor()
	}
	return 0
}

// tick takes one tick of the item.
func (v *view) tick(ev *event) {
	s := v.item.shard
	switch {
	case v.spec.mode == adapters.Command: // told by key
		return
	case v.pick != nil && !v.picks(ev):
		return
	case v.spec.mode == adapters.Merge && !v.spec.unfiltered:
		if !v.pace.Allow(s.now) {
			s.stats.conflated[adapters.Merge].Add(1)
			s.wheel.arm(&v.timer, v.pace.Due())
			return
		}
	case v.spec.mode == adapters.Merge:
		s.scratch = appendRow(s.scratch[:0], &v.item.row, v.slots, 0)
		v.log.Append(v.item.seq, eventUpdate, s.scratch)
	default:
		s.scratch = appendEvent(s.scratch[:0], ev, v.slots)
		if v.backlog != nil {
			v.queue()
			return
		}
		v.log.Append(v.item.seq, eventUpdate, s.scratch)
	}
	v.emit()
}

// queue lets the event in the shard's scratch buffer wait for the pace.
func (v *view) queue() {
	s := v.item.shard
	before := v.backlog.Len()
	v.backlog.Append(v.item.seq, eventUpdate, s.scratch)
	if v.backlog.Len() <= before {
		s.stats.conflated[adapters.Distinct].Add(1)
	}
	v.release()
}

// release passes on what waited, as far as the pace allows.
func (v *view) release() {
	s := v.item.shard
	for v.backlog.Len() > 0 {
		if !v.pace.Allow(s.now) {
			s.wheel.arm(&v.timer, v.pace.Due())
			break
		}
		e := v.backlog.At(0)
		v.log.Append(e.Seq, e.Kind, e.Body)
		v.backlog.Shift()
	}
	v.emit()
}

// Expire is called when the view's pace allows again.
func (v *view) Expire(_ *Timer, now int64) {
	switch {
	case v.keys != nil:
		v.releaseKeys(now)
	case v.backlog != nil:
		v.release()
	case v.pace.Allow(now):
		v.emit()
	default:
		v.item.shard.wheel.arm(&v.timer, v.pace.Due())
	}
}

// clear takes the item's becoming empty: a line of its own where the mode has one.
func (v *view) clear() {
	switch v.spec.mode {
	case adapters.Command:
		v.clearKeys()
	case adapters.Distinct:
		if v.backlog != nil {
			for v.backlog.Len() > 0 {
				v.backlog.Shift()
			}
		}
		v.log.Append(v.item.seq, eventClear, nil)
	case adapters.Raw:
		return
	case adapters.Merge:
		s := v.item.shard
		if v.pick != nil {
			if !v.pick.known {
				return
			}
			v.pick.take(&v.item.row, v.slots, v.item.seq)
		}
		if v.spec.unfiltered {
			s.scratch = appendRow(s.scratch[:0], &v.item.row, v.slots, 0)
			v.log.Append(v.item.seq, eventUpdate, s.scratch)
		} else if !v.pace.Allow(s.now) {
			s.wheel.arm(&v.timer, v.pace.Due())
			return
		}
	}
	v.emit()
}

// endSnapshot tells those who wait for it that the item's snapshot is complete.
func (v *view) endSnapshot() {
	if v.spec.mode != adapters.Distinct && v.spec.mode != adapters.Command {
		return
	}
	for l := range v.ends {
		if v.ends[l].count > 0 {
			v.ends[l].end = true
			v.emitTo(l)
		}
	}
}
