package engine

import (
	"time"

	"github.com/halley-stream/halley/adapters"
)

// want begins a life of the item: the adapter is asked for it.
func (it *item) want() {
	it.life++
	it.complete, it.renewed = false, it.known
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
		it.setStale(true)
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
	if it := m.item; it.life == m.life && len(it.views) == 0 && !it.resident {
		s.remove(it)
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
