package adaptertest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/halley-stream/halley/adapters"
)

// Kind is what an Event is about.
type Kind int

// The kinds of events, named after the calls that make them.
const (
	Update Kind = iota
	Snapshot
	EndOfSnapshot
	Clear
	Fail
	Up
	Down
	kinds
)

// String returns the name of k.
func (k Kind) String() string {
	return [kinds]string{"Update", "Snapshot", "EndOfSnapshot", "Clear", "Fail", "Up", "Down"}[k]
}

// Value is a field's value.
type Value struct {
	Text string
	Null bool
}

// Event is one thing that an adapter said.
type Event struct {
	Kind   Kind
	Item   adapters.Item    // none for Up and Down
	Values map[string]Value // of Update and Snapshot, by field name; read only
	Err    error            // of Fail and Down
}

// String returns the event in one line: Update(IBM, ask=180.4 bid=180.36).
func (e Event) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%v(%s", e.Kind, e.Item.Name())
	sep := ", "
	for _, name := range slices.Sorted(maps.Keys(e.Values)) {
		v := e.Values[name]
		if v.Null {
			v.Text = "null"
		}
		fmt.Fprintf(&s, "%s%s=%s", sep, name, v.Text)
		sep = " "
	}
	if e.Err != nil {
		fmt.Fprintf(&s, ": %v", e.Err)
	}
	return s.String() + ")"
}

// record adds e to the events. f.mu is held.
func (f *Feed) record(e Event) {
	f.count[e.Kind]++
	if len(f.events) < f.limits.Events {
		f.events = append(f.events, e)
		return
	}
	f.events[f.oldest] = e
	f.oldest = (f.oldest + 1) % len(f.events)
}

// Events returns what was said, oldest first: all of it, or as much as the limit
// keeps. Calls of one batch stay together, late ones are left out.
func (f *Feed) Events() []Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Concat(f.events[f.oldest:], f.events[:f.oldest])
}

// EventsOf returns the events of one item.
func (f *Feed) EventsOf(item string) []Event {
	return slices.DeleteFunc(f.Events(), func(e Event) bool { return e.Item.Name() != item })
}

// Count returns how many events of a kind there were ever, forgotten ones included.
func (f *Feed) Count(k Kind) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count[k]
}
