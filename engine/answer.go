package engine

import (
	"encoding/binary"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/conflation"
)

// answerSize is the size past which an answer is cut; the subscriber asks for the
// next piece when its client has taken this one.
const answerSize = 16 << 10

// An answer's body is lines, each
//
//	kind u8 | number u64 | length u32 | body
//
// of kind entryUpdate, entryClear, or lineLost with the number of lost events,
// u64, as body. The number is the one that its receiver then has; 0 is the one that
// it had.
const (
	lineLost entryKind = 100
	lineHead           = 1 + 8 + 4
)

func beginLine(dst []byte, kind entryKind) []byte {
	return append(dst, byte(kind), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
}

func endLine(dst []byte, at int, number uint64) []byte {
	binary.LittleEndian.PutUint64(dst[at+1:], number)
	binary.LittleEndian.PutUint32(dst[at+1+8:], uint32(len(dst)-at-lineHead))
	return dst
}

// nextLine splits the first line off an answer.
func nextLine(lines []byte) (kind entryKind, number uint64, body, rest []byte) {
	number = binary.LittleEndian.Uint64(lines[1:])
	n := binary.LittleEndian.Uint32(lines[1+8:])
	return entryKind(lines[0]), number, lines[lineHead : lineHead+n], lines[lineHead+n:]
}

// obey carries out one command. There is room for the answer, and memory.
func (s *shard) obey(sub *subscriber, cmd command) {
	if cmd.leave {
		s.leave(sub)
		return
	}
	v, again := s.attach(sub, &cmd)
	a := answer{view: v, cmd: cmd, dst: s.mem.open(answerSize)}
	a.token, a.sub, a.kind = cmd.token, sub, entryAnswer
	a.again = again
	a.make()
	a.entry.view, a.text = v, a.dst
	s.mem.close(a.dst)
	s.put(int(cmd.loop), &a.entry)
}

// attach brings a subscriber to the view it wants, on the loop where it is now.
// again says that it could not be done at once, and has to be asked again.
func (s *shard) attach(sub *subscriber, cmd *command) (v *view, again bool) {
	at := &sub.sharded
	if at.view == nil {
		*at = sharded{view: s.join(sub, cmd), loop: cmd.loop}
		at.view.takes(sub, 1)
		return at.view, false
	}
	if at.loop != cmd.loop {
		at.view.part(at.loop)
		at.view.receive(cmd.loop)
		at.loop = cmd.loop
	}
	if at.view.spec.interval != cmd.interval {
		again = cmd.snapshot != nil || !s.change(at, sub, cmd)
	}
	return at.view, again
}

// sharded is what a shard knows of a subscriber.
type sharded struct {
	view *view
	loop int32
}

// join finds or makes the view of a new subscriber.
func (s *shard) join(sub *subscriber, cmd *command) *view {
	it := s.item(sub.subscription.source, sub.name)
	v := it.view(sub.subscription.spec(cmd.interval))
	v.receive(cmd.loop)
	return v
}

// change moves a subscriber to the view of another pace. A COMMAND view's numbers
// are its own: the subscriber leaves it only when it has all there is, and then
// has all there is of the other. It reports whether that could be done.
func (s *shard) change(at *sharded, sub *subscriber, cmd *command) bool {
	from, to := at.view, at.view.item.view(sub.subscription.spec(cmd.interval))
	if to == from {
		return true
	}
	to.receive(cmd.loop)
	if from.keys != nil && cmd.view == from {
		from.releaseAll()
		if cmd.have < from.newest() {
			to.part(cmd.loop)
			s.drop(to)
			return false // the next sync, from its new number, tries again
		}
		if from.pick != nil {
			to.learnKeys(from)
		}
		cmd.have, cmd.view = to.newest(), to
	}
	if from.pick != nil {
		to.pick.learn(from.pick)
	}
	at.view = to
	from.takes(sub, -1)
	to.takes(sub, 1)
	from.part(cmd.loop)
	s.drop(from)
	return true
}

// receive counts a subscriber in on a loop.
func (v *view) receive(l int32) {
	end := &v.ends[l]
	if end.count == 0 {
		end.sent, end.fresh, end.end = v.newest(), 0, false
	}
	end.count++
}

// part counts a subscriber out.
func (v *view) part(l int32) { v.ends[l].count-- }

// leave takes a subscriber out.
func (s *shard) leave(sub *subscriber) {
	v := sub.sharded.view
	if v == nil {
		return
	}
	v.takes(sub, -1)
	v.part(sub.sharded.loop)
	sub.sharded = sharded{}
	s.drop(v)
}

// drop forgets a view that nobody has any more, and then perhaps its item.
func (s *shard) drop(v *view) {
	for l := range v.ends {
		if v.ends[l].count > 0 {
			return
		}
	}
	v.item.remove(v)
}

// answer is one answer in the making: what its view has for a subscriber that
// holds cmd.have.
type answer struct {
	entry
	view *view
	cmd  command
	dst  []byte
}

func (a *answer) make() {
	v, cmd := a.view, &a.cmd
	a.seq = cmd.have
	switch {
	case v.log == nil:
		a.row()
	case cmd.join && (!cmd.owed || v.spec.mode == adapters.Raw):
		a.seq = v.newest()
	case v.keys != nil:
		a.keys()
	default:
		a.events()
	}
	if a.cmd.end && !a.more && v.item.complete {
		a.done = true
	}
}

// row answers for MERGE: the newest values of the fields that the subscriber
// lacks, in one line.
func (a *answer) row() {
	v := a.view
	if a.cmd.owed || a.cmd.have > 0 {
		if c := v.from(a.cmd.have); v.known() {
			at := len(a.dst)
			a.dst = beginLine(a.dst, entryUpdate)
			if ln, ok := c.next(a.dst); ok {
				a.dst = endLine(ln.body, at, ln.seq)
				a.seq = ln.seq
			} else {
				a.dst = a.dst[:at]
				a.seq = max(v.seq(), a.cmd.have) // it lacks nothing
			}
		}
	}
	if a.seq == 0 {
		v.ends[a.cmd.loop].fresh++
	}
}

// events answers for the logged modes but COMMAND.
func (a *answer) events() {
	v, have := a.view, a.cmd.have
	merge := v.spec.mode == adapters.Merge
	switch {
	case a.cmd.join && merge:
		a.newestRow()
		return
	case a.cmd.join:
		have = v.snapshotStart(a.view.item.shard, a.sub.subscription.snapshotLength)
	case have < v.floor():
		lost := v.floor() - have
		if merge { // the newest row is all it gets of them
			lost = v.newest() - have - 1
		}
		if v.spec.unfiltered || v.spec.mode == adapters.Raw {
			a.lost(lost)
		}
		if merge {
			a.newestRow()
			return
		}
		have = v.floor()
	}
	if buffer := a.sub.subscription.bufferSize; v.spec.mode == adapters.Distinct && !v.spec.unfiltered && !a.cmd.join && buffer > 0 {
		if first := v.log.Len() - buffer; first > 0 {
			have = max(have, v.log.At(first-1).Seq)
		}
	}
	if !a.cmd.join && v.skipsClear(a.cmd.have, have) {
		a.cleared()
	}
	a.lines(have, nil)
}

// skipsClear reports whether who goes on from have instead of had may miss a clear.
func (v *view) skipsClear(had, have uint64) bool {
	if had >= have || v.item.cleared <= had {
		return false
	}
	if had < v.floor() { // a clear may be among what has left the log
		return true
	}
	for i := v.log.After(had); i < v.log.After(have); i++ {
		if v.log.At(i).Kind == eventClear {
			return true
		}
	}
	return false
}

// newestRow answers with the newest complete row of an unfiltered MERGE view.
func (a *answer) newestRow() {
	v := a.view
	a.seq = v.newest()
	if !v.item.known {
		return
	}
	at := len(a.dst)
	a.dst = beginLine(a.dst, entryUpdate)
	a.dst = endLine(appendRow(a.dst, &v.item.row, v.slots, 0), at, a.seq)
}

// snapshotStart returns the number before the events that a DISTINCT snapshot of
// at most n events has; n 0 is as many as there are.
func (v *view) snapshotStart(s *shard, n int) uint64 {
	first := 0
	if n = cmpOr(n, s.engine.cfg.History); v.log.Len() > n {
		first = v.log.Len() - n
	}
	for i := v.log.Len() - 1; i >= first; i-- {
		if v.log.At(i).Kind == eventClear {
			return v.log.At(i).Seq
		}
	}
	if first > 0 {
		return v.log.At(first - 1).Seq
	}
	return v.floor()
}

// lines adds the view's lines after have, as far as the answer's size goes, but for
// those of keys that a snapshot has not come to. It reports whether these were all.
func (a *answer) lines(have uint64, place *snapshotPlace) (all bool) {
	a.seq = have
	for c := a.view.from(have); ; {
		if len(a.dst) >= int(a.cmd.size) {
			a.more = a.seq < a.view.newest()
			return !a.more
		}
		at := len(a.dst)
		ln, ok := c.next(beginLine(a.dst, entryUpdate))
		if !ok {
			return true
		}
		a.seq = ln.seq
		if place.ahead(ln.ordinal) {
			continue
		}
		a.dst = endLine(ln.body, at, ln.seq)
		a.dst[at] = byte(ln.kind)
	}
}

func (a *answer) lost(n uint64) {
	if broken == brokenOverrunMute {
		return
	}
	at := len(a.dst)
	a.dst = endLine(binary.LittleEndian.AppendUint64(beginLine(a.dst, lineLost), n), at, a.cmd.have+n)
}

// keys answers for COMMAND: what came after have, and the next piece of a snapshot.
// Of keys that the snapshot has not come to yet, only their rows are told, in their
// turn.
func (a *answer) keys() {
	v, have, place := a.view, a.cmd.have, a.cmd.snapshot
	begin := func() {
		place, have = &snapshotPlace{until: v.item.table.Last()}, v.newest()
	}
	switch {
	case place == nil && a.cmd.join:
		begin()
	case a.cmd.view != v:
		// Its number is of another view, since an answer was lost on a change of
		// pace: from the beginning.
		a.cleared()
		begin()
	case have < v.floor() && broken != brokenOverrunMute:
		if v.spec.unfiltered && place == nil {
			a.lost(v.floor() - have)
		}
		a.cleared()
		begin()
	}
	if all := a.lines(have, place); place == nil {
		return
	} else if all {
		place = a.table(*place)
	}
	if place != nil {
		a.more, a.snapshot = true, place
	}
}

func (a *answer) cleared() {
	at := len(a.dst)
	a.dst = endLine(beginLine(a.dst, entryClear), at, 0)
}

// table adds the rows of a snapshot from a place on and returns the place of the
// next piece, or nil after the last.
func (a *answer) table(place snapshotPlace) *snapshotPlace {
	v, all := a.view, true
	v.item.table.After(place.cursor, func(k *conflation.Keyed) bool {
		if k.Ordinal > place.until {
			return false
		}
		if len(a.dst) >= int(a.cmd.size) {
			all = false
			return false
		}
		place.cursor = k.Ordinal
		if state := v.keys.states[k]; state != nil {
			at := len(a.dst)
			a.dst = endLine(appendKeyed(beginLine(a.dst, entryUpdate), state.Row, v, addToken), at, 0)
		}
		return true
	})
	if all {
		return nil
	}
	return &place
}
