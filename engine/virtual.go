package engine

import (
	"strconv"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/conflation"
)

// The virtual fields, which any schema may name: what the server itself knows of an
// item. They take slots of the source's dictionary, and are set only for items of
// which somebody has asked for one.
const (
	// staleField is 1 while the values may be out of date: the item's source is away,
	// or has not told the item again since it came back; else 0.
	staleField = "$stale"
	// timeField is when the server took the last update, ISO 8601 with milliseconds.
	timeField = "$time"
	// seqField is how many updates of the item the server has taken.
	seqField = "$seq"
)

var (
	freshToken = []byte("0")
	staleToken = []byte("1")
)

// virtual are the slots of the virtual fields of an item that has some.
type virtual struct{ stale, time, seq int32 }

// reserve gives the virtual fields that a schema names their slots, and their values
// as they are.
func (it *item) reserve(fields *schema) {
	if !fields.virtual || it.virtual != nil {
		return
	}
	d := &it.source.fields
	it.virtual = &virtual{stale: d.reserve(staleField), time: d.reserve(timeField), seq: d.reserve(seqField)}
	set := func(row *conflation.Row) {
		it.eachVirtual(func(slot int32, token []byte) { row.Set(int(slot), token, it.seq) })
	}
	if it.known {
		set(&it.row)
	}
	if it.table != nil {
		it.table.After(0, func(k *conflation.Keyed) bool {
			set(&k.Row)
			return true
		})
	}
}

// eachVirtual calls f with each virtual field as it is.
func (it *item) eachVirtual(f func(slot int32, token []byte)) {
	stale := freshToken
	if it.stale {
		stale = staleToken
	}
	f(it.virtual.stale, stale)
	f(it.virtual.time, it.shard.stamp(it.taken))
	it.shard.number = strconv.AppendUint(it.shard.number[:0], it.count, 10)
	f(it.virtual.seq, it.shard.number)
}

// stamp returns a time of the engine's clock as text. It is valid until the next call.
func (s *shard) stamp(at int64) []byte {
	const millisecond = int64(time.Millisecond)
	if at /= millisecond; at != s.stampAt || s.stamped == nil {
		s.stampAt = at
		s.stamped = s.engine.began.Add(time.Duration(at)*time.Millisecond).UTC().AppendFormat(s.stamped[:0], "2006-01-02T15:04:05.000Z")
	}
	return s.stamped
}

// setStale says that the item's values may be out of date, or that they are not. Of a
// DISTINCT item it is told with the next event only.
func (it *item) setStale(stale bool) {
	if it.stale == stale {
		return
	}
	it.stale = stale
	if it.virtual == nil || !it.known {
		return
	}
	it.seq++
	token := freshToken
	if stale {
		token = staleToken
	}
	slot := int(it.virtual.stale)
	it.row.Set(slot, token, it.seq)
	if it.table != nil {
		it.table.After(0, func(k *conflation.Keyed) bool {
			k.Set(slot, token, it.seq)
			for _, v := range it.views {
				if v.keys != nil {
					v.keyChanged(k, false, true)
				}
			}
			return true
		})
	}
	it.shard.event.begin()
	for _, v := range it.views {
		if v.spec.mode == adapters.Merge {
			v.tick(&it.shard.event)
		}
	}
}

// wentStale says that a source is away, or back. To a shard.
type wentStale struct {
	source *source
	stale  bool
	// rerun says that it is back by running again: what it publishes unasked is stale
	// until it says so again.
	rerun bool
}

func (m wentStale) arrive(s *shard) {
	for _, items := range [][]*item{s.dynamic, s.residents} {
		for _, it := range items {
			// What has to be told again stays stale until that has happened.
			if it != nil && it.source == m.source && (m.stale || it.complete && !(it.resident && m.rerun)) {
				it.setStale(m.stale)
			}
		}
	}
}
