package e2e

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/engine"
	"github.com/halley-stream/halley/engine/transport"
	"github.com/halley-stream/halley/protocol"
)

// world is what a scenario has to itself: a server in this process, feeds that do
// what the scenario says, and the network between it and its client.
type world struct {
	network *network
	config  engine.Config
	served  transport.Config
	feeds   map[string]*puppet
	door    *doorkeeper
	log     *text // the server's

	mu     sync.Mutex
	engine *engine.Engine
	server *transport.Server
	stop   func() error
}

// setting is how a scenario wants its world.
type setting struct {
	Origins        []string
	Cookie         string
	Past           int
	LogEntries     int
	Recent         int
	SessionTimeout int  // milliseconds
	ControlLink    bool // clients are told to go around the network
}

func newWorld(s setting) (*world, error) {
	w := &world{
		feeds: map[string]*puppet{"DEFAULT": new(puppet), "SECOND": new(puppet)},
		door:  newDoorkeeper(),
		log:   new(text),
	}
	w.config = engine.Config{
		Name: "The World", Loops: 2, Shards: 2, Arenas: 16, Drain: 20 * time.Millisecond,
		Past: s.Past, LogEntries: s.LogEntries, Recent: s.Recent, SessionTimeout: time.Duration(s.SessionTimeout) * time.Millisecond,
		Limits: engine.Limits{SessionsPerAddress: -1},
		Log:    slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	w.served = transport.Config{Listen: "127.0.0.1:0", Origins: s.Origins, Cookie: s.Cookie}
	if s.ControlLink {
		address, err := unusedAddress()
		if err != nil {
			return nil, err
		}
		w.config.ControlLink, w.served.Listen = address, address
	}
	var err error
	if w.network, err = openNetwork(""); err != nil {
		return nil, err
	}
	if err := w.start(); err != nil {
		w.network.close()
		return nil, err
	}
	return w, nil
}

// start starts the server, also once more after stop.
func (w *world) start() error {
	e, err := engine.New(w.config, map[string]engine.AdapterSet{"TEST": {
		Metadata: w.door,
		Data:     map[string]adapters.DataAdapter{"DEFAULT": w.feeds["DEFAULT"], "SECOND": w.feeds["SECOND"]},
		Diffs:    map[string]protocol.DiffFormat{"doc": protocol.JSONPatch, "story": protocol.TLCPDiff},
	}})
	if err != nil {
		return err
	}
	server, err := transport.New(w.served, e)
	if err != nil {
		return err
	}
	for _, f := range w.feeds {
		f.reset()
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	failed := make(chan error, 1)
	running.Go(func() { e.Run(ctx) })
	running.Go(func() { failed <- server.Run(ctx) })
	stop := func() error {
		cancel()
		running.Wait()
		return <-failed
	}
	select {
	case <-server.Booted():
	case err := <-failed:
		failed <- err
		return errors.Join(err, stop())
	}
	for _, f := range w.feeds {
		<-f.runs()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.engine, w.server, w.stop = e, server, stop
	w.network.leadTo(server.Address().String())
	return nil
}

// now returns the server that is up.
func (w *world) now() (*engine.Engine, *transport.Server, func() error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.engine, w.server, w.stop
}

func (w *world) close() error {
	w.network.close()
	w.door.release()
	_, _, stop := w.now()
	return stop()
}

// order is something that a scenario wants of its world.
type order struct {
	Do      string
	Feed    string
	Events  []tick
	Weather weather
	Drain   bool
}

// carryOut does what a scenario wants and returns what it is to know.
func (w *world) carryOut(o *order) (any, error) {
	switch o.Do {
	case "feed":
		return nil, w.feeds[o.Feed].play(o.Events)
	case "cut":
		w.network.cut()
	case "weather":
		w.network.become(o.Weather)
	case "restart":
		return nil, w.restart(o.Drain)
	case "address":
		_, server, _ := w.now()
		return "http://" + server.Address().String(), nil
	case "logins":
		return w.door.logins(), nil
	case "release":
		w.door.release()
	case "heard":
		return w.door.messages(), nil
	case "log":
		return w.log.String(), nil
	case "figures":
		return w.figures(), nil
	default:
		return nil, fmt.Errorf("nobody knows how to %q", o.Do)
	}
	return nil, nil
}

// restart replaces the server by a new one that knows nothing of the old one's
// sessions. The clients are asked to leave, or thrown out, and cannot come back until
// the network is up again.
func (w *world) restart(drain bool) error {
	e, server, stop := w.now()
	if drain {
		server.Refuse()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := e.Drain(ctx); err != nil {
			return err
		}
	}
	w.network.become(down)
	return errors.Join(stop(), w.start())
}

// figures are what the server counts.
type figures struct {
	Sessions  int64             `json:"sessions"`
	Passed    int64             `json:"passed"` // bytes, through the network
	Bound     map[string]int64  `json:"bound"`  // by transport
	Recovered uint64            `json:"recovered"`
	Forgotten uint64            `json:"forgotten"`
	Requests  uint64            `json:"requests"`
	Updates   uint64            `json:"updates"`
	Views     uint64            `json:"views"`
	Forbidden uint64            `json:"forbidden"` // requests from origins that are not allowed
	Ends      map[string]uint64 `json:"ends"`
}

func (w *world) figures() figures {
	e, server, _ := w.now()
	s := e.Stats()
	f := figures{Sessions: s.Sessions, Passed: w.network.passed.Load(), Bound: make(map[string]int64), Requests: server.Stats().Requests.Load(), Ends: s.Ends}
	for t, n := range s.Transports {
		f.Bound[t.String()] = n
	}
	for _, l := range s.Loops {
		f.Updates += l.Updates
		f.Recovered += l.Recovered
		f.Forgotten += l.Forgotten
	}
	for _, sh := range s.Shards {
		f.Views += sh.Views
	}
	for status, n := range server.Stats().Faults.All() {
		if status == http.StatusForbidden {
			f.Forbidden = n
		}
	}
	return f
}

// puppet is a Data Adapter that plays what it is told to. The mode of an item is
// in the first letter of its name: m, d or c. All are published as soon as they are
// spoken of.
type puppet struct {
	mu      sync.Mutex
	running chan struct{} // closed when it runs
	feed    adapters.Feed
	items   map[string]adapters.Item
}

// reset makes it forget the server that it ran in.
func (p *puppet) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running, p.feed, p.items = make(chan struct{}), nil, make(map[string]adapters.Item)
}

func (p *puppet) runs() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running
}

// Run makes the feed ready.
func (p *puppet) Run(ctx context.Context, feed adapters.Feed) error {
	p.mu.Lock()
	p.feed = feed
	close(p.running)
	p.mu.Unlock()
	<-ctx.Done()
	return nil
}

var puppetModes = map[byte]adapters.Mode{'m': adapters.Merge, 'd': adapters.Distinct, 'c': adapters.Command}

// Describe knows the names that begin with a mode.
func (p *puppet) Describe(name string) (adapters.Traits, error) {
	if mode, ok := puppetModes[name[0]]; ok {
		return adapters.Traits{Modes: adapters.Modes(mode)}, nil
	}
	return adapters.Traits{}, adapters.ErrUnknownItem
}

// Subscribe publishes an item that nobody has spoken of yet.
func (p *puppet) Subscribe(ctx context.Context, item adapters.Item) (adapters.SnapshotKind, error) {
	select {
	case <-p.runs():
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := p.item(ctx, item.Name())
	return adapters.WithSnapshot, err
}

// Unsubscribe does nothing: what is published stays.
func (p *puppet) Unsubscribe(adapters.Item) {}

// item returns a published item, whose snapshot has ended. The caller holds the lock.
func (p *puppet) item(ctx context.Context, name string) (adapters.Item, error) {
	if item, ok := p.items[name]; ok {
		return item, nil
	}
	item, err := p.feed.Publish(name, puppetModes[name[0]], adapters.WithSnapshot)
	if err != nil {
		return item, err
	}
	p.items[name] = item
	b, err := p.feed.Batch(ctx)
	if err != nil {
		return item, err
	}
	b.EndOfSnapshot(item)
	b.Send()
	return item, nil
}

// tick is an event of an item: its values by field, or that it is cleared.
type tick struct {
	Item   string
	Values map[string]*string
	Clear  bool
}

// play tells events, one after the other.
func (p *puppet) play(events []tick) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range events {
		item, err := p.item(ctx, e.Item)
		if err != nil {
			return err
		}
		var fields []adapters.Field
		var values [][]byte
		for _, name := range sortedKeys(e.Values) {
			field, err := p.feed.Field(name)
			if err != nil {
				return err
			}
			var value []byte
			if v := e.Values[name]; v != nil {
				value = append([]byte{}, *v...)
			}
			fields, values = append(fields, field), append(values, value)
		}
		b, err := p.feed.Batch(ctx)
		if err != nil {
			return err
		}
		if e.Clear {
			b.Clear(item)
		} else {
			b.Update(item, fields, values)
		}
		b.Send()
	}
	return nil
}
