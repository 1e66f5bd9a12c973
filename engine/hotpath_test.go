package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/protocol"
)

// bench is an engine with one shard and one loop, called step by step, and a feed
// of items with five short fields.
type bench struct {
	engine *Engine
	source *source
	feed   *feed
	now    int64
	items  []adapters.Item
	fields []adapters.Field
	values [][]byte
	sinks  []*sink
	n      uint64
}

type benchAdapter struct {
	items map[string]adapters.Item
	kind  adapters.SnapshotKind
}

func (*benchAdapter) Run(context.Context, adapters.Feed) error { return nil }
func (a *benchAdapter) Subscribe(_ context.Context, item adapters.Item) (adapters.SnapshotKind, error) {
	a.items[item.Name()] = item
	return a.kind, nil
}
func (*benchAdapter) Unsubscribe(adapters.Item) {}

// sink is a connection that takes everything, at a cost in virtual time.
type sink struct {
	bytes, writes int
	cost          int64  // nanoseconds of a write
	kernel        []byte // what a write touches besides
	waiting       int    // bytes that the kernel has not taken
	clock         *int64
}

func (s *sink) Send(buf []byte, _ bool) error {
	s.bytes += len(buf) - Headroom
	s.writes++
	for i := 0; i < len(s.kernel); i += 64 {
		s.kernel[i]++
	}
	*s.clock += s.cost
	return nil
}
func (*sink) Header() map[string][]string { return nil }
func (s *sink) Buffered() int             { return s.waiting }
func (*sink) Resume()                     {}
func (*sink) Close()                      {}

// newBench makes items and sessions; subscribe says which items each has.
func newBench(tb testing.TB, items, sessions int, subscribe func(session int) []int) *bench {
	return newBenchOf(tb, Config{}, items, sessions, subscribe)
}

func newBenchOf(tb testing.TB, cfg Config, items, sessions int, subscribe func(session int) []int) *bench {
	cfg.Loops, cfg.Shards, cfg.Limits.SessionsPerAddress = 1, 1, -1
	a := &benchAdapter{items: make(map[string]adapters.Item)}
	e, err := New(cfg, map[string]AdapterSet{
		"DEFAULT": {Metadata: simMetadata{}, Data: map[string]adapters.DataAdapter{"DEFAULT": a}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	b := &bench{engine: e, source: e.sources[0]}
	e.clock = func() int64 { return b.now }
	e.cpuTime, e.cpus = e.loops[0].stats.busy.Load, 1
	b.feed = newFeed(context.Background(), b.source)
	for _, name := range []string{"last", "bid", "ask", "size", "time"} {
		f, err := b.feed.Field(name)
		if err != nil {
			tb.Fatal(err)
		}
		b.fields = append(b.fields, f)
		b.values = append(b.values, nil)
	}
	for i := range sessions {
		b.sinks = append(b.sinks, &sink{clock: &b.now})
		k := e.loops[0].NewLink(b.sinks[i], true, "127.0.0.1")
		k.SetVersion(protocol.V25)
		k.Message([]byte("create_session\r\nLS_cid=x&LS_send_sync=false"))
		b.settle()
		for n, item := range subscribe(i) {
			k.Message(fmt.Appendf(nil, "control\r\nLS_reqId=%d&LS_op=add&LS_subId=%d&LS_mode=MERGE&LS_group=i%d&LS_schema=last%%20bid%%20ask%%20size%%20time&LS_snapshot=true&LS_ack=false", n+1, n+1, item))
		}
		b.settle()
	}
	for i := range items {
		name := "i" + strconv.Itoa(i)
		item, ok := a.items[name]
		if !ok {
			if item, err = b.feed.Publish(name, adapters.Merge, adapters.NoSnapshot); err != nil {
				tb.Fatal(err)
			}
		}
		b.items = append(b.items, item)
	}
	b.settle()
	return b
}

// settle makes steps until nothing is left to do.
func (b *bench) settle() {
	for range 4 {
		for _, stage := range []*requestStage{b.engine.requests, b.engine.messages} {
			for len(stage.queue) > 0 {
				stage.step(context.Background(), <-stage.queue)
			}
		}
		for b.source.open.step(context.Background(), b.source) {
		}
		b.step()
	}
}

// step lets the shard and the loop do what there is.
func (b *bench) step() {
	for more := true; more; {
		more, _ = b.engine.shards[0].step(b.now)
		for again := true; again; {
			again, _ = b.engine.loops[0].Step()
		}
	}
}

// tick sends one batch that changes all fields of the items given.
func (b *bench) tick(items ...int) {
	batch := <-b.feed.free
	for _, i := range items {
		b.n++
		for f := range b.values {
			b.values[f] = strconv.AppendUint(b.values[f][:0], 100000+b.n%900000, 10)
		}
		batch.Update(b.items[i], b.fields, b.values)
	}
	batch.Send()
	b.now += 1e6
	b.step()
}

func (b *bench) delivered() uint64 { return b.engine.loops[0].stats.updates.Load() }

func TestTheWayOfAnUpdateDoesNotAllocate(t *testing.T) {
	for _, c := range []struct {
		name            string
		items, sessions int
		subscribe       func(int) []int
		ticks           []int
		updates         int
	}{
		{"one item for all", 1, 100, func(int) []int { return []int{0} }, []int{0}, 100},
		{"an item of its own for each", 50, 50, func(i int) []int { return []int{i} }, []int{0, 7, 13, 49}, 4},
		{"nobody subscribed", 10, 0, nil, []int{0, 3, 9}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, c.items, c.sessions, c.subscribe)
			for range 3000 { // until all memory that is kept has been made
				b.tick(c.ticks...)
			}
			before := b.delivered()
			if n := testing.AllocsPerRun(1000, func() { b.tick(c.ticks...) }); n != 0 {
				t.Errorf("a tick allocates %v times", n)
			}
			if got, want := b.delivered()-before, uint64(1001*c.updates); got != want {
				t.Errorf("%d updates delivered, want %d", got, want)
			}
		})
	}
}

func BenchmarkFanOut(b *testing.B) {
	for _, sessions := range []int{1, 100, 10_000} {
		b.Run(strconv.Itoa(sessions), func(b *testing.B) {
			x := newBench(b, 1, sessions, func(int) []int { return []int{0} })
			for range 100 {
				x.tick(0)
			}
			before := x.delivered()
			b.ReportAllocs()
			for b.Loop() {
				x.tick(0)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(x.delivered()-before), "ns/update")
		})
	}
}

// BenchmarkStandardLoad is one of the two loops of a server under the load that the
// project measures itself by: 2,000 items that tick 5 times a second, of which each
// of 5,000 sessions has 20 drawn at random. An iteration is a millisecond.
func BenchmarkStandardLoad(b *testing.B) {
	const items, sessions, each = 2000, 5000, 20
	draw := rand.New(rand.NewPCG(1, 2))
	x := newBenchOf(b, Config{WindowMin: 115 * time.Millisecond}, items, sessions, func(int) []int { return draw.Perm(items)[:each] })
	for _, s := range x.sinks { // about what the kernel has for a socket and a packet
		s.kernel = make([]byte, 6<<10)
	}
	order := draw.Perm(items)
	round := 0
	tick := func() {
		at := round * 10 % items
		x.tick(order[at : at+10]...)
		round++
	}
	for range 300 {
		tick()
	}
	before := x.delivered()
	b.ReportAllocs()
	for b.Loop() {
		tick()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(x.delivered()-before), "ns/update")
}

func BenchmarkPrivateItems(b *testing.B) {
	const n = 2000
	x := newBench(b, n, n, func(i int) []int { return []int{i} })
	items := make([]int, n/10)
	round := 0
	tick := func() {
		for i := range items {
			items[i] = (round*len(items) + i*7) % n
		}
		round++
		x.tick(items...)
	}
	for range 100 {
		tick()
	}
	before := x.delivered()
	b.ReportAllocs()
	for b.Loop() {
		tick()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(x.delivered()-before), "ns/update")
}

func BenchmarkIntoTheCache(b *testing.B) {
	const n = 10_000
	x := newBench(b, n, 0, nil)
	items := make([]int, 500)
	seed := uint64(1)
	b.ReportAllocs()
	for b.Loop() {
		for i := range items {
			seed = seed*6364136223846793005 + 1442695040888963407
			items[i] = int(seed>>33) % n
		}
		x.tick(items...)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(items)), "ns/update")
}
