package engine

import (
	"time"

	"github.com/halley-stream/halley/adapters"
)

// maxPaces is how many paces the views of an item may have before further ones
// are rounded down to one of these.
const maxPaces = 16

// view finds or makes the view of a spec.
func (it *item) view(spec viewSpec) *view {
	if spec.interval > 0 {
		spec.interval = it.round(spec)
	}
	for _, v := range it.views {
		if v.spec.equal(spec) {
			return v
		}
	}
	if len(it.views) == 0 && !it.resident {
		it.want()
	}
	it.keep(spec.mode)
	v := newView(it, spec)
	it.views = append(it.views, v)
	it.shard.stats.views.Add(1)
	return v
}

// round returns the interval that a view of this spec gets: the one asked for, or
// past maxPaces the next longer one that the item has.
func (it *item) round(spec viewSpec) int64 {
	paces, longer := 0, int64(0)
	seen := int64(-1)
	for _, v := range it.views {
		i := v.spec.interval
		if i == spec.interval {
			return i
		}
		if i > 0 && i != seen {
			paces++
			seen = i
		}
		if i > spec.interval && (longer == 0 || i < longer) {
			longer = i
		}
	}
	if paces >= maxPaces && longer > 0 {
		return longer
	}
	return spec.interval
}

// remove forgets a view.
func (it *item) remove(v *view) {
	for i, w := range it.views {
		if w == v {
			last := len(it.views) - 1
			it.views[i] = it.views[last]
			it.views[last] = nil
			it.views = it.views[:last]
			break
		}
	}
	s := it.shard
	s.wheel.disarm(&v.timer)
	if s.memo.view == v {
		s.memo = encoded{}
	}
	s.stats.views.Add(^uint64(0))
	if len(it.views) == 0 && !it.resident {
		it.unwant()
	}
}

// want begins a life of the item: the adapter is asked for it.
func (it *item) want() {
	it.life++
	it.complete, it.renewed = false, it.seq > 0
	it.source.open.desire(&it.opening, true, it.life)
}

// unwant ends the item's life.
func (it *item) unwant() {
	it.life++
	if it.retry != nil {
		it.shard.wheel.disarm(&it.retry.timer)
	}
	it.forget()
	it.source.open.desire(&it.opening, false, it.life)
}

// retry is an item's wait before the adapter is asked again.
type retry struct {
	item  *item
	timer Timer
	wait  time.Duration
}

// Expire asks again.
func (r *retry) Expire(_ *Timer, _ int64) {
	if len(r.item.views) > 0 {
		r.item.want()
	}
}

// again lets the item wait before the adapter is asked again.
func (it *item) again() {
	const shortest, longest = 100 * time.Millisecond, 30 * time.Second
	if it.retry == nil {
		it.retry = &retry{item: it, wait: shortest}
		it.retry.timer.Owner = it.retry
	}
	it.shard.wheel.arm(&it.retry.timer, it.shard.now+int64(it.retry.wait))
	it.retry.wait = min(2*it.retry.wait, longest)
}

// opened says how a Subscribe ended. To a shard.
type opened struct {
	item *item
	life uint32
	kind adapters.SnapshotKind
	err  error
}

func (m opened) arrive(*shard) {
	it := m.item
	if it.life != m.life {
		return
	}
	switch {
	case m.err != nil:
		it.again()
	default:
		it.retry = nil
		if m.kind == adapters.NoSnapshot {
			it.finish()
		}
	}
}

// closed says that the adapter has let go of an item that was not wanted. To a
// shard.
type closed struct {
	item *item
	life uint32
}

func (m closed) arrive(s *shard) {
	if m.item.life == m.life && len(m.item.views) == 0 {
		s.remove(m.item)
	}
}

// published says that a source has a resident item. To a shard.
type published struct {
	source *source
	name   string
	index  uint32
	mode   adapters.Mode
	kind   adapters.SnapshotKind
}

func (m published) arrive(s *shard) {
	it := s.item(m.source, m.name)
	it.resident = true
	it.keep(m.mode)
	for int(m.index) >= len(s.residents) {
		s.residents = append(s.residents, nil)
	}
	s.residents[m.index] = it
	if m.kind == adapters.NoSnapshot {
		it.finish()
	}
}

// restarted says that a source runs again: all that was open there is not. To a
// shard.
type restarted struct{ source *source }

func (m restarted) arrive(s *shard) {
	for _, it := range s.dynamic {
		if it != nil && it.source == m.source && !it.resident && len(it.views) > 0 {
			it.want()
		}
	}
}
