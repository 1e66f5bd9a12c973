package adaptertest

import (
	"maps"
	"slices"

	"github.com/halley-stream/halley/adapters"
)

// Last returns the present value of a field in the newest life of an item: what
// MERGE would show. It is "" for null and for what was never said; Value tells
// these apart.
func (f *Feed) Last(item, field string) string {
	v, _ := f.Value(item, field)
	return v.Text
}

// Value is as Last, and says whether the field was ever said.
func (f *Feed) Value(item, field string) (v Value, said bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if l := f.latest[item]; l != nil {
		v, said = l.row[field]
	}
	return v, said
}

// Keys returns the keys of a COMMAND item's rows, sorted.
func (f *Feed) Keys(item string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.latest[item]
	if l == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(l.keys))
}

// Row returns the values of one row of a COMMAND item; nulls and fields never
// said are not in it. It is nil when there is no such row.
func (f *Feed) Row(item, key string) map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.latest[item]
	if l == nil || l.keys[key] == nil {
		return nil
	}
	row := make(map[string]string)
	for name, v := range l.keys[key] {
		if !v.Null {
			row[name] = v.Text
		}
	}
	return row
}

// Complete reports whether the snapshot of an item's newest life has ended.
func (f *Feed) Complete(item string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.latest[item]
	return l != nil && l.complete
}

// apply is what one call on a batch does to the picture. f.mu is held.
func (f *Feed) apply(e Event) {
	l, ok := f.lives[e.Item.Ref()]
	switch {
	case !ok && e.Item.Ref() != 0 && e.Item.Ref() <= f.nextRef:
		f.late++
		return
	case !ok || l.item != e.Item:
		f.t.Errorf("adaptertest: %v through a handle that the feed did not give out", e)
		return
	}
	switch e.Kind {
	case Update:
		f.update(l, e)
	case Snapshot:
		clear(l.row)
		f.update(l, e)
	case Clear:
		clear(l.row)
		clear(l.keys)
	case EndOfSnapshot:
		if l.complete {
			f.t.Errorf("adaptertest: a second end of snapshot for %q", e.Item.Name())
		}
		l.complete = true
	}
	f.record(e)
}

func (f *Feed) update(l *life, e Event) {
	if l.mode != adapters.Merge {
		clear(l.row) // fields not named are null in the other modes
	}
	maps.Copy(l.row, e.Values)
	if l.mode != adapters.Command {
		return
	}
	key, command := e.Values[adapters.KeyField], e.Values[adapters.CommandField]
	if key.Null || key.Text == "" {
		f.t.Errorf("adaptertest: %v has no key", e)
		return
	}
	switch command.Text {
	case adapters.CommandAdd, adapters.CommandUpdate:
		l.keys[key.Text] = maps.Clone(e.Values)
	case adapters.CommandDelete:
		delete(l.keys, key.Text)
	default:
		f.t.Errorf("adaptertest: %v has the command %q", e, command.Text)
	}
}
