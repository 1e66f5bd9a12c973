package engine

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/protocol"
)

// Engine is the stages together. New makes it, Run runs the shards, the request
// stage and the adapters; the loops are run by the transport.
type Engine struct {
	cfg       Config
	schemas   schemas
	selectors selectors
	log       *slog.Logger
	shards    []*shard
	loops     []*Loop
	requests  *requestStage // logins and subscriptions
	messages  *requestStage
	witnesses *witnessStage // nil where nobody wants to be told
	// What Metadata Adapters have said, as long as it may be said again.
	permits     kept[adapters.Permit]
	resolutions kept[adapters.Resolution]
	salt        [16]byte // of their keys
	directory   *directory
	sets        map[string]*adapterSet
	setNames    []string
	sources     []*source // in the order of their names

	began   time.Time
	clock   func() int64 // nanoseconds since began
	cpuTime func() int64 // nanoseconds that the process has used
	cpus    int
	newID   func() string
}

// AdapterSet is a Metadata Adapter with the Data Adapters that it speaks for, by
// name.
type AdapterSet struct {
	Metadata adapters.MetadataAdapter
	Data     map[string]adapters.DataAdapter
	// Diffs are the fields whose values may be told by how they differ from the one
	// before, and in which format: long ones that change a little. To clients that
	// say that they take them.
	Diffs map[string]protocol.DiffFormat
}

// adapterSet is an AdapterSet as the engine runs it.
type adapterSet struct {
	engine   *Engine
	name     string
	metadata adapters.MetadataAdapter
	messages adapters.MessageHandler // or nil
	witness  adapters.Witness        // or nil
	data     map[string]*source
}

// New returns an engine for the adapter sets, by name. cfg is completed with its
// defaults.
func New(cfg Config, sets map[string]AdapterSet) (*Engine, error) {
	cfg.complete()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	began := time.Now()
	e := &Engine{
		cfg: cfg, log: cfg.Log, directory: newDirectory(cfg.Limits), requests: newRequestStage(&cfg), messages: newRequestStage(&cfg),
		schemas: schemas{byName: make(map[string]*schema)}, sets: make(map[string]*adapterSet), newID: newID, salt: newSalt(), began: began,
		clock:   func() int64 { return int64(time.Since(began)) },
		cpuTime: cpuTime, cpus: runtime.GOMAXPROCS(0),
	}
	for i := range cfg.Shards {
		e.shards = append(e.shards, newShard(e, i))
	}
	for i := range cfg.Loops {
		e.loops = append(e.loops, newLoop(e, i))
	}
	e.requests.loops, e.messages.loops = e.loops, e.loops
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		e.addSet(name, sets[name])
	}
	return e, nil
}

func (e *Engine) addSet(name string, a AdapterSet) {
	set := &adapterSet{engine: e, name: name, metadata: a.Metadata, data: make(map[string]*source)}
	set.messages, _ = a.Metadata.(adapters.MessageHandler)
	if set.witness, _ = a.Metadata.(adapters.Witness); set.witness != nil && e.witnesses == nil {
		e.witnesses = newWitnessStage(&e.cfg)
	}
	for _, data := range slices.Sorted(maps.Keys(a.Data)) {
		s := newSource(e, name+"/"+data, uint32(len(e.sources)), a.Data[data])
		s.diffs = a.Diffs
		set.data[data] = s
		e.sources = append(e.sources, s)
	}
	e.sets[name] = set
	e.setNames = append(e.setNames, name)
}

// Loop returns the i-th event loop, of Config.Loops.
func (e *Engine) Loop(i int) *Loop { return e.loops[i] }

// Loops is the number of event loops.
func (e *Engine) Loops() int { return len(e.loops) }

// Run runs the engine until ctx is done, and returns when all its goroutines have
// ended.
func (e *Engine) Run(ctx context.Context) {
	var stages sync.WaitGroup
	for _, s := range e.shards {
		stages.Go(func() { s.run(ctx) })
	}
	for range e.cfg.RequestWorkers {
		stages.Go(func() { e.requests.work(ctx) })
		stages.Go(func() { e.messages.work(ctx) })
	}
	if w := e.witnesses; w != nil {
		for _, queue := range w.queues {
			stages.Go(func() { w.work(ctx, queue) })
		}
	}
	for _, s := range e.sources {
		stages.Go(func() { s.run(ctx) })
	}
	stages.Wait()
}

// run makes steps until ctx is done.
func (s *shard) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for ctx.Err() == nil {
		began := s.engine.clock()
		more, next := s.step(began)
		s.stats.steps.Add(1)
		ended := s.engine.clock()
		s.stats.busy.Add(ended - began)
		if more {
			continue
		}
		timer.Reset(time.Duration(min(next-ended, int64(time.Hour))))
		select {
		case <-s.wakes:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// shardOf returns the shard of an item: FNV-1a over the name, begun with the
// source's number.
func (e *Engine) shardOf(s *source, item string) *shard {
	h := uint32(2166136261) ^ s.number
	for i := range len(item) {
		h = (h ^ uint32(item[i])) * 16777619
	}
	return e.shards[h%uint32(len(e.shards))]
}

// refuseLogin returns what a client is told when it is not let in.
func (a *adapterSet) refuseLogin(err error) (code int, text string) {
	var r *adapters.Refusal
	switch {
	case errors.As(err, &r):
		return min(r.Code, 0), r.Text
	case errors.Is(err, adapters.ErrCredentials):
		return protocol.ConnCredentials, "User or password rejected"
	}
	a.engine.log.Error("authenticate", "set", a.name, "error", err)
	return protocol.ConnAuthUnavailable, "Authentication is not available; try again"
}

// refuseSubscription returns what a client is told when it may not subscribe.
func (a *adapterSet) refuseSubscription(err error) (code int, text string) {
	var r *adapters.Refusal
	var p *protocol.Error
	switch {
	case errors.As(err, &r):
		return min(r.Code, 0), r.Text
	case errors.As(err, &p):
		return p.Code, p.Text
	}
	for reason, code := range refusals {
		if errors.Is(err, reason) {
			return code, err.Error()
		}
	}
	a.engine.log.Error("resolve", "set", a.name, "error", err)
	return protocol.ReqMetadata, "The metadata adapter failed"
}

// refuseMessage returns what a client is told whose message was not handled.
func (a *adapterSet) refuseMessage(err error) (code int, text string) {
	var r *adapters.Refusal
	if errors.As(err, &r) {
		return min(r.Code, 0), r.Text
	}
	a.engine.log.Error("message", "set", a.name, "error", err)
	return protocol.ReqMessageFailed, "The message could not be handled"
}

// refusals are the codes of a Metadata Adapter's reasons.
var refusals = map[error]int{
	adapters.ErrUnavailable:    protocol.ReqDataAdapter,
	adapters.ErrUnknownItem:    protocol.ReqGroup,
	adapters.ErrBadGroup:       protocol.ReqGroup,
	adapters.ErrBadSchema:      protocol.ReqSchema,
	adapters.ErrModeNotAllowed: protocol.ReqMode,
	adapters.ErrBadSelector:    protocol.ReqSelector,
}
