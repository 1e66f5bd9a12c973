package engine

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
