package kafka

import (
	"maps"
	"sync"

	"github.com/halley-stream/halley/adapters"
)

// items publishes the items of a run, and remembers those whose snapshot has to be
// ended when the last values are rebuilt. Its methods may be called from any
// goroutine.
type items struct {
	feed adapters.Feed

	mu      sync.Mutex
	rebuilt bool
	// waiting are the items that were published with a snapshot; each is ended
	// once.
	waiting map[adapters.Item]struct{}
}

// publish returns the handle of an item. When end is true, the caller has to end
// its snapshot after the first update.
func (s *items) publish(name string, mode adapters.Mode) (item adapters.Item, end bool, err error) {
	kind := s.kind(mode)
	if item, err = s.feed.Publish(name, mode, kind); err != nil || kind == adapters.NoSnapshot {
		return item, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.waiting[item]; known {
		return item, false, nil
	}
	if s.waiting == nil {
		s.waiting = make(map[adapters.Item]struct{})
	}
	s.waiting[item] = struct{}{}
	return item, s.rebuilt, nil
}

// kind returns whether an item published now has a snapshot to wait for: a list of
// rows or of events, as long as it is being rebuilt.
func (s *items) kind(mode adapters.Mode) adapters.SnapshotKind {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rebuilt || mode != adapters.Command && mode != adapters.Distinct {
		return adapters.NoSnapshot
	}
	return adapters.WithSnapshot
}

// finish says that the last values are rebuilt, and returns the items whose
// snapshot has to be ended.
func (s *items) finish() map[adapters.Item]struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rebuilt {
		return nil // a topic was made again, the items were not
	}
	s.rebuilt = true
	return maps.Clone(s.waiting)
}
