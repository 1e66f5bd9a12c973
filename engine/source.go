package engine

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/protocol"
)

// source is a Data Adapter as the engine runs it: its dictionary of field names,
// its published items, and the calls that open and close items, which may block
// and so have goroutines of their own.
type source struct {
	engine  *Engine
	name    string // set and adapter, "DEMO/QUOTES"
	number  uint32 // distinguishes equal item names of several sources
	adapter adapters.DataAdapter
	catalog adapters.Catalog // or nil
	log     *slog.Logger

	diffs  map[string]protocol.DiffFormat // by field: those that may be told by how they differ
	fields dictionary
	stats  sourceStats
	open   openings

	stale atomic.Bool // it is away

	mu        sync.Mutex
	residents map[string]adapters.Item // by name; bounded by Config.ResidentItems
	perShard  []uint32                 // residents of each shard
}

// sourceStats are the figures of a source.
type sourceStats struct {
	up         atomic.Bool
	reason     atomic.Pointer[string] // why it is not up
	restarts   atomic.Uint64
	updates    atomic.Uint64 // records taken by the shards
	badUTF8    atomic.Uint64 // sequences replaced by U+FFFD
	tooLong    atomic.Uint64 // values cut off
	late       atomic.Uint64 // records of a life that is over
	unknown    atomic.Uint64 // records of COMMAND items without key or command
	openFailed atomic.Uint64
}

// openWorkers is how many Subscribe and Unsubscribe calls of one source may run at
// a time.
const openWorkers = 4

// subscribeTimeout is how long one Subscribe may take.
const subscribeTimeout = 2 * time.Second

func newSource(e *Engine, name string, number uint32, a adapters.DataAdapter) *source {
	s := &source{
		engine: e, name: name, number: number, adapter: a,
		log:       e.log.With("adapter", name),
		residents: make(map[string]adapters.Item),
		perShard:  make([]uint32, e.cfg.Shards),
	}
	s.catalog, _ = a.(adapters.Catalog)
	s.fields.limit = e.cfg.Limits.FieldsPerItem
	s.open.init()
	return s
}

// describe returns what the adapter knows of an item, or ErrUnknownItem. An
// adapter without a catalogue may have any item.
func (s *source) describe(item string) (adapters.Traits, error) {
	if s.catalog == nil {
		return adapters.Traits{}, nil
	}
	return s.catalog.Describe(item)
}

// run keeps the adapter running until ctx is done: after an error it is started
// again, with backoff, and the wanted items are opened anew.
func (s *source) run(ctx context.Context) {
	const shortest, longest = 100 * time.Millisecond, 30 * time.Second
	wait := shortest
	for {
		began := time.Now()
		err := s.runOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, adapters.ErrAgain) {
			if !s.stats.up.Load() {
				s.log.Info("source is up")
			}
			s.again()
			continue
		}
		if err == nil {
			err = errors.New("it ended by itself")
		}
		text := err.Error()
		s.stats.reason.Store(&text)
		s.stats.up.Store(false)
		s.setStale(true, false)
		if time.Since(began) > time.Minute {
			wait = shortest
		}
		s.log.Error("data adapter stopped; it is started again", "error", err, "in", wait)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = min(2*wait, longest)
		s.again()
	}
}

// setStale tells the shards that the source is away, or back: items told again since
// then are not stale in any case. Any goroutine.
func (s *source) setStale(stale, rerun bool) {
	if s.stale.Swap(stale) == stale {
		return
	}
	for _, sh := range s.engine.shards {
		sh.control(wentStale{source: s, stale: stale, rerun: rerun})
	}
}

// again opens the wanted items anew, in the run that follows.
func (s *source) again() {
	s.stats.restarts.Add(1)
	for _, sh := range s.engine.shards {
		sh.control(restarted{source: s})
	}
}

// runOnce runs the adapter for one life.
func (s *source) runOnce(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	f := newFeed(ctx, s)
	s.stats.up.Store(true)
	s.setStale(false, true)
	var calls sync.WaitGroup
	for range openWorkers {
		calls.Go(func() { s.open.work(ctx, s) })
	}
	err := s.adapter.Run(ctx, f)
	cancel()
	calls.Wait()
	s.open.reset()
	return err
}

func (s *source) tooLong(n, limit int) {
	s.stats.tooLong.Add(1)
	s.log.Warn("value cut off", "bytes", n, "limit", limit)
}

// feed implements adapters.Feed for one run of an adapter.
type feed struct {
	source *source
	spoke  atomic.Bool // Up or Down has been called
	done   <-chan struct{}
	free   chan *batch
}

func newFeed(ctx context.Context, s *source) *feed {
	f := &feed{source: s, done: ctx.Done(), free: make(chan *batch, batchesPerFeed)}
	for range batchesPerFeed {
		b := &batch{feed: f, parts: make([]part, len(s.engine.shards))}
		for i := range b.parts {
			b.parts[i].batch = b
		}
		f.free <- b
	}
	return f
}

func (f *feed) Field(name string) (adapters.Field, error) { return f.source.fields.slot(name) }

func (f *feed) Batch(ctx context.Context) (adapters.Batch, error) {
	select {
	case b := <-f.free:
		return b, nil
	default:
	}
	select {
	case b := <-f.free:
		return b, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-f.done:
		return nil, adapters.ErrClosed
	}
}

func (f *feed) Up() {
	f.spoke.Store(true)
	if !f.source.stats.up.Swap(true) {
		f.source.log.Info("source is up")
	}
	f.source.setStale(false, false)
}

func (f *feed) Down(reason error) {
	text := reason.Error()
	f.source.stats.reason.Store(&text)
	level := slog.LevelWarn
	if !f.spoke.Swap(true) { // it has not been up yet
		level = slog.LevelInfo
	}
	f.source.setStale(true, false)
	if f.source.stats.up.Swap(false) {
		f.source.log.Log(context.Background(), level, "source is down; values are kept", "reason", reason)
	}
}

func (f *feed) Publish(name string, mode adapters.Mode, kind adapters.SnapshotKind) (adapters.Item, error) {
	s := f.source
	s.mu.Lock()
	defer s.mu.Unlock()
	if item, ok := s.residents[name]; ok {
		return item, nil
	}
	if len(s.residents) >= s.engine.cfg.ResidentItems {
		return adapters.Item{}, adapters.ErrTooManyItems
	}
	sh := s.engine.shardOf(s, name)
	index := sh.residentIndex.Add(1) - 1
	item := adapters.NewItem(name, makeRef(sh.index, true, 0, index))
	s.residents[name] = item
	sh.control(published{source: s, name: name, index: index, mode: mode, kind: kind})
	return item, nil
}

// dictionary numbers the field names of a source, in the order in which they come.
type dictionary struct {
	limit int
	mu    sync.Mutex
	now   atomic.Pointer[names] // replaced as a whole by each new name
}

// names is one state of a dictionary.
type names struct {
	slots map[string]int32
	// key and command are the slots that make a COMMAND item, or -1.
	key, command int32
}

var noNames = &names{key: -1, command: -1}

// names returns the present state. Any goroutine.
func (d *dictionary) names() *names {
	if n := d.now.Load(); n != nil {
		return n
	}
	return noNames
}

// slot returns the slot of a name, giving out a new one if need be.
func (d *dictionary) slot(name string) (adapters.Field, error) {
	if s, ok := d.names().slots[name]; ok {
		return adapters.Field(s), nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.names().slots[name]; !ok && len(d.names().slots) >= d.limit {
		return 0, adapters.ErrTooManyFields
	}
	return d.add(name), nil
}

// add gives a name a slot, if it has none. The caller holds mu.
func (d *dictionary) add(name string) adapters.Field {
	old := d.names()
	if s, ok := old.slots[name]; ok {
		return adapters.Field(s)
	}
	n := &names{slots: make(map[string]int32, len(old.slots)+1), key: -1, command: -1}
	for k, v := range old.slots {
		n.slots[k] = v
	}
	n.slots[name] = int32(len(old.slots))
	n.key, n.command = n.of(adapters.KeyField), n.of(adapters.CommandField)
	d.now.Store(n)
	return adapters.Field(len(old.slots))
}

// reserve returns the slot of a name of the engine's own, beyond the limit.
func (d *dictionary) reserve(name string) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return int32(d.add(name))
}

// of returns the slot of a name, or -1.
func (n *names) of(name string) int32 {
	if s, ok := n.slots[name]; ok {
		return s
	}
	return -1
}
