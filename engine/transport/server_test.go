package transport_test

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/literal"
	"github.com/halley-stream/halley/engine"
	"github.com/halley-stream/halley/engine/transport"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// server is an engine with its transport on the loopback interface, fed by the
// test.
type server struct {
	t         testing.TB
	engine    *engine.Engine
	transport *transport.Server
	feed      *feed
	gate      *gate
	log       *logCounter
	address   string
	// stop ends the server and returns when all of it has ended.
	stop func()
}

type option func(*engine.Config, *transport.Config)

// start runs a server of two loops and two shards.
func start(t testing.TB, options ...option) *server {
	t.Helper()
	return startSet(t, func(*engine.AdapterSet) {}, options...)
}

// startSet also lets the caller change the adapter set.
func startSet(t testing.TB, change func(*engine.AdapterSet), options ...option) *server {
	t.Helper()
	s := &server{t: t, feed: newFeed(), gate: newGate(t), log: new(logCounter)}
	ec := engine.Config{
		Name: "test", Loops: 2, Shards: 2, Inbox: 256, Arenas: 8,
		LogEntries: 20_000, LogBytes: 4 << 20, Limits: engine.Limits{SessionsPerAddress: -1},
	}
	tc := transport.Config{Listen: "127.0.0.1:0", Logger: s.log}
	for _, o := range options {
		o(&ec, &tc)
	}
	var err error
	set := engine.AdapterSet{Metadata: s.gate, Data: map[string]adapters.DataAdapter{"DEFAULT": s.feed}}
	change(&set)
	s.engine, err = engine.New(ec, map[string]engine.AdapterSet{"TEST": set})
	if err != nil {
		t.Fatal(err)
	}
	if s.transport, err = transport.New(tc, s.engine); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	failed := make(chan error, 1)
	running.Go(func() { s.engine.Run(ctx) })
	running.Go(func() { failed <- s.transport.Run(ctx) })
	s.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		if err := <-failed; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(s.stop)
	select {
	case <-s.transport.Booted():
	case err := <-failed:
		failed <- err
		t.Fatalf("Run: %v", err)
	}
	<-s.feed.running
	s.address = s.transport.Address().String()
	return s
}

// dial opens a connection whose operations fail after the tests' patience. The
// server puts connections on its loops in turn.
func (s *server) dial() net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// eventually waits for a condition that comes true on its own.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("it never happens that %s", what)
		}
	}
}

// fault returns how many clients have been refused with a code.
func (s *server) fault(code int) uint64 {
	for c, n := range s.transport.Stats().Faults.All() {
		if c == code {
			return n
		}
	}
	s.t.Fatalf("no counter for %d", code)
	return 0
}

// faults returns how many clients have been refused in all.
func (s *server) faults() (sum uint64) {
	for _, n := range s.transport.Stats().Faults.All() {
		sum += n
	}
	return sum
}

// feed is a Data Adapter whose items are resident and change when a test says so.
// Names begin with the mode: m, d or c.
type feed struct {
	running chan struct{}
	out     adapters.Feed
	items   map[string]adapters.Item
}

func newFeed() *feed {
	return &feed{running: make(chan struct{}), items: make(map[string]adapters.Item)}
}

var itemModes = map[byte]adapters.Mode{'m': adapters.Merge, 'd': adapters.Distinct, 'c': adapters.Command}

func (f *feed) Describe(name string) (adapters.Traits, error) {
	if mode, ok := itemModes[name[0]]; ok {
		return adapters.Traits{Modes: adapters.Modes(mode)}, nil
	}
	return adapters.Traits{}, fmt.Errorf("%q: %w", name, adapters.ErrUnknownItem)
}

func (f *feed) Run(ctx context.Context, out adapters.Feed) error {
	f.out = out
	for _, letter := range []byte("mdc") {
		for i := range 40 {
			name := string(letter) + strconv.Itoa(i)
			item, err := out.Publish(name, itemModes[letter], adapters.WithSnapshot)
			if err != nil {
				return err
			}
			f.items[name] = item
			b, err := out.Batch(ctx)
			if err != nil {
				return err
			}
			b.EndOfSnapshot(item)
			b.Send()
		}
	}
	close(f.running)
	<-ctx.Done()
	return nil
}

func (f *feed) Subscribe(context.Context, adapters.Item) (adapters.SnapshotKind, error) {
	return adapters.WithSnapshot, nil
}

func (f *feed) Unsubscribe(adapters.Item) {}

// tick changes fields of an item: names and values in turn. It must not be called
// by two goroutines at once.
func (f *feed) tick(item string, pairs ...string) {
	var fields []adapters.Field
	var values [][]byte
	for i := 0; i < len(pairs); i += 2 {
		field, err := f.out.Field(pairs[i])
		if err != nil {
			panic(err)
		}
		fields, values = append(fields, field), append(values, []byte(pairs[i+1]))
	}
	b, err := f.out.Batch(context.Background())
	if err != nil {
		return // the server has been stopped
	}
	b.Update(f.items[item], fields, values)
	b.Send()
}

// gate is a Metadata Adapter that lets everybody in, at once or when a test says
// so.
type gate struct {
	*literal.Adapter
	closed atomic.Bool
	open   chan struct{}

	mu     sync.Mutex
	header map[string][]string // of the last client
}

func newGate(t testing.TB) *gate {
	a, err := literal.New(literal.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return &gate{Adapter: a, open: make(chan struct{})}
}

func (g *gate) Authenticate(ctx context.Context, login adapters.Login) (adapters.Permit, error) {
	g.mu.Lock()
	g.header = login.Header
	g.mu.Unlock()
	if g.closed.Load() {
		select {
		case <-g.open:
		case <-ctx.Done():
			return adapters.Permit{}, ctx.Err()
		}
	}
	return g.Adapter.Authenticate(ctx, login)
}

// logCounter counts what gnet logs.
type logCounter struct{ lines atomic.Int64 }

func (l *logCounter) Debugf(string, ...any) {}
func (l *logCounter) Infof(string, ...any)  {}
func (l *logCounter) Warnf(string, ...any)  { l.lines.Add(1) }
func (l *logCounter) Errorf(string, ...any) { l.lines.Add(1) }
func (l *logCounter) Fatalf(string, ...any) { l.lines.Add(1) }

// matches reports whether a line looks like a pattern, in which "…" stands for
// anything.
func matches(pattern, line string) bool {
	parts := strings.Split(pattern, "…")
	rest, ok := strings.CutPrefix(line, parts[0])
	if len(parts) == 1 {
		return ok && rest == ""
	}
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, p)
		if i < 0 {
			return false
		}
		rest = rest[i+len(p):]
	}
	return ok && strings.HasSuffix(rest, parts[len(parts)-1])
}
