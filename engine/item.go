package engine

import (
	"bytes"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/conflation"
)

// item is one live object of a source: its last values and the views onto them.
// All fields belong to its shard, but those of opening.
type item struct {
	// What a tick touches comes first, in two cache lines.
	source *source
	row    conflation.Row
	// seq numbers the ticks; it never starts again while the item lives.
	seq uint64
	// life numbers the item's subscriptions to its adapter; what comes through an
	// older handle is dropped.
	life uint32
	// mode is what the item is, where that is known; it decides which of table
	// and history is kept besides the row.
	mode adapters.Mode
	// known says that the item has been told something since it was last forgotten:
	// until then there is no row to show.
	known bool
	// complete says that the snapshot of this life is there.
	complete bool
	// renewed says that what the item holds is of an earlier life, and this one has
	// not begun to tell its own.
	renewed bool
	// stale says that what the item holds may be out of date.
	stale   bool
	virtual *virtual // nil while nobody has asked for a virtual field
	count   uint64   // updates taken
	taken   int64    // when the last one was, engine clock
	table   *conflation.Table
	history *conflation.History
	views   []*view

	shard    *shard
	name     string
	index    uint32
	resident bool
	// cleared is the number of the last clear: who has less, and skips it, must be
	// told.
	cleared uint64
	opening opening
	retry   *retry
}

// nullToken is a null value in wire form.
var nullToken = []byte("#")

// keep makes the item keep what its mode needs.
func (it *item) keep(mode adapters.Mode) {
	if it.mode == 0 && mode != adapters.Raw {
		it.mode = mode
	}
	switch mode {
	case adapters.Command:
		if it.table == nil {
			it.table = new(conflation.Table)
		}
	case adapters.Distinct:
		if it.history == nil {
			it.history = conflation.NewHistory(it.shard.engine.cfg.History)
		}
	}
}

// update takes one tick: the values that ev holds, and with a full image null for
// the others.
func (it *item) update(ev *event, image bool) {
	if image {
		it.renew()
	}
	it.seq++
	it.count++
	it.taken = it.shard.now
	it.known, it.stale = true, false
	if it.virtual != nil {
		it.eachVirtual(func(slot int32, token []byte) { ev.set(int(slot), token) })
	}
	n := it.source.fields.names()
	for _, slot := range ev.slots {
		it.row.Set(int(slot), ev.cells[slot].token, it.seq)
	}
	if image && it.mode != adapters.Command {
		for slot := range it.row.Len() {
			if ev.at(int32(slot)) == nil {
				if _, version := it.row.At(slot); version > 0 {
					it.row.Set(slot, nullToken, it.seq)
				}
			}
		}
	}
	if it.history != nil {
		past := it.history.Add(it.seq)
		for _, slot := range ev.slots {
			past.Set(int(slot), ev.cells[slot].token, it.seq)
		}
	}
	if it.table != nil {
		it.command(ev, n, image)
	}
	for _, v := range it.views {
		v.resolve(n)
		v.tick(ev)
	}
}

// command takes a tick of a COMMAND item into the table and tells the views what
// became of the key.
func (it *item) command(ev *event, n *names, image bool) {
	key, command := ev.at(n.key), ev.at(n.command)
	if key == nil || command == nil && !image {
		it.source.stats.unknown.Add(1)
		return
	}
	k := it.table.Get(key)
	if bytes.Equal(command, deleteToken) {
		if k != nil {
			it.deleteKey(k)
		}
		return
	}
	added := k == nil
	if added {
		k = it.table.Add(key)
	}
	k.Life = it.life
	changed := added
	for _, slot := range ev.slots {
		if slot != n.key && slot != n.command {
			changed = k.Set(int(slot), ev.cells[slot].token, it.seq) || changed
		}
	}
	if image {
		for slot := range k.Len() {
			if _, version := k.At(slot); version > 0 && ev.at(int32(slot)) == nil {
				changed = k.Set(slot, nullToken, it.seq) || changed
			}
		}
	}
	for _, v := range it.views {
		if v.keys != nil {
			v.resolve(n)
			v.keyChanged(k, added, changed)
		}
	}
}

func (it *item) deleteKey(k *conflation.Keyed) {
	it.table.Remove(k)
	for _, v := range it.views {
		if v.keys != nil {
			v.keyDeleted(k)
		}
	}
}

// renew ends what an earlier life has left of a DISTINCT item: the new one tells
// its past anew.
func (it *item) renew() {
	if it.renewed && it.history != nil && it.history.Len() > 0 {
		it.clear()
	}
	it.renewed = false
}

// end takes the end of a snapshot. Keys that an earlier life left and this one
// did not repeat are deleted.
func (it *item) end() {
	it.renew()
	if it.table != nil {
		var gone []*conflation.Keyed
		it.table.After(0, func(k *conflation.Keyed) bool {
			if k.Life != it.life {
				gone = append(gone, k)
			}
			return true
		})
		for _, k := range gone {
			it.seq++
			it.deleteKey(k)
		}
	}
	it.finish()
}

// finish tells those who wait for it that the snapshot is complete.
func (it *item) finish() {
	if it.complete {
		return
	}
	it.complete = true
	it.setStale(it.source.stale.Load())
	for _, v := range it.views {
		v.endSnapshot()
	}
}

// clear empties the item.
func (it *item) clear() {
	it.seq++
	it.known, it.cleared = true, it.seq
	for slot := range it.row.Len() {
		if _, version := it.row.At(slot); version > 0 {
			it.row.Set(slot, nullToken, it.seq)
		}
	}
	if it.history != nil {
		it.history.Clear()
	}
	if it.table != nil {
		it.table.Clear()
	}
	for _, v := range it.views {
		v.clear()
	}
}

// forget drops what the item holds, when nobody wants it any more. Its numbers go
// on.
func (it *item) forget() {
	it.row = conflation.Row{}
	it.complete, it.renewed, it.known = false, false, false
	if it.history != nil {
		it.history.Clear()
	}
	if it.table != nil {
		it.table.Clear()
	}
}
