package engine

import (
	"math/bits"
	"slices"

	"github.com/halley-stream/halley/adapters"
)

// maxPaces is how many paces the views of an item may have before further ones
// are rounded down: to one of these, or to a power of two, of which there are few.
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
// past maxPaces the next longer one that the item has, or the next power of two.
func (it *item) round(spec viewSpec) int64 {
	if len(it.views) < maxPaces {
		return spec.interval
	}
	paces := make(map[int64]bool)
	rounded := int64(1) << bits.Len64(uint64(spec.interval))
	for _, v := range it.views {
		i := v.spec.interval
		if i == spec.interval {
			return i
		}
		if i > 0 {
			paces[i] = true
		}
		if i > spec.interval {
			rounded = min(rounded, i)
		}
	}
	if len(paces) >= maxPaces {
		return rounded
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
	if it.mode != adapters.Command && !slices.ContainsFunc(it.views, func(v *view) bool { return v.keys != nil }) {
		it.table = nil // it was for who took the item for what it is not
	}
	if len(it.views) == 0 && !it.resident {
		it.unwant()
	}
}
