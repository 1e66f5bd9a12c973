package kafka

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// Adapter is the Data Adapter. Its methods may be called from any goroutine.
type Adapter struct {
	cfg      Config
	names    []string // of the topics, each once
	mappings map[string][]*mapping

	counters counters
	current  atomic.Pointer[run] // the newest
}

var (
	_ adapters.DataAdapter = (*Adapter)(nil)
	_ adapters.Catalog     = (*Adapter)(nil)
)

// New returns an Adapter. It returns an error when c is not valid; nothing is
// dialled yet.
func New(c Config) (*Adapter, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	a := &Adapter{cfg: c.withDefaults(), mappings: make(map[string][]*mapping)}
	for i, t := range a.cfg.Topics {
		m, err := newMapping(t)
		if err != nil {
			return nil, fmt.Errorf("topics[%d].%w", i, err)
		}
		if a.mappings[t.Topic] == nil {
			a.names = append(a.names, t.Topic)
		}
		a.mappings[t.Topic] = append(a.mappings[t.Topic], m)
	}
	return a, nil
}

// Run implements adapters.DataAdapter.
func (a *Adapter) Run(ctx context.Context, feed adapters.Feed) error {
	r, err := newRun(a, feed)
	if err != nil {
		return err
	}
	a.current.Store(r)
	return r.run(ctx)
}

// Subscribe implements adapters.DataAdapter. The items are published anyway; one
// that no record has been of is empty.
func (a *Adapter) Subscribe(_ context.Context, item adapters.Item) (adapters.SnapshotKind, error) {
	_, err := a.Describe(item.Name())
	return adapters.NoSnapshot, err
}

// Unsubscribe implements adapters.DataAdapter.
func (a *Adapter) Unsubscribe(adapters.Item) {}

// Describe implements adapters.Catalog: it knows all names that the templates can
// make.
func (a *Adapter) Describe(name string) (adapters.Traits, error) {
	var modes []adapters.Mode
	for _, t := range a.names {
		for _, m := range a.mappings[t] {
			if len(name) <= maxItemName && m.item.Match(name) {
				modes = append(modes, m.mode)
			}
		}
	}
	if modes == nil {
		return adapters.Traits{}, adapters.ErrUnknownItem
	}
	return adapters.Traits{Modes: adapters.Modes(modes...)}, nil
}

// Stats returns the figures.
func (a *Adapter) Stats() Stats {
	s := Stats{
		Records:    a.counters.records.Load(),
		Bytes:      a.counters.bytes.Load(),
		Lost:       a.counters.lost.Load(),
		Reconnects: a.counters.reconnects.Load(),
		Bad:        a.counters.allBad(),
	}
	r := a.current.Load()
	if r == nil {
		for _, name := range a.names {
			s.Topics = append(s.Topics, TopicStats{Name: name})
		}
		return s
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s.Rebuilt, s.Partial = r.rebuilt, r.partial
	for _, t := range r.topics {
		s.Topics = append(s.Topics, t.stats())
	}
	return s
}

// stats returns the topic's figures. run.mu is held.
func (t *topic) stats() TopicStats {
	s := TopicStats{Name: t.name, Partitions: len(t.partitions), Records: t.records.Load(), Rebuilt: t.known}
	newest := int64(0)
	for _, p := range t.partitions {
		s.Lag += p.lag.Load()
		s.Rebuilt = s.Rebuilt && p.rebuilt.Load()
		newest = max(newest, p.time.Load())
	}
	if newest > 0 {
		s.LastRecord = time.UnixMilli(newest)
	}
	return s
}

// newTopics returns the topics of a run.
func (a *Adapter) newTopics() []*topic {
	topics := make([]*topic, len(a.names))
	for i, name := range a.names {
		topics[i] = &topic{name: name, mappings: a.mappings[name]}
		for j, t := range a.cfg.Topics {
			if t.Topic == name {
				topics[i].start, topics[i].setting = t.From, j
				break
			}
		}
	}
	return topics
}
