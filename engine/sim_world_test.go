package engine

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/protocol"
)

// world is an engine under simulation: no goroutine, no socket, no clock. It calls
// the steps itself, in an order drawn from a seed, with small queues, slow
// sockets, sessions that move, feeds that restart and time that jumps.
type world struct {
	*rand.Rand
	seed    uint64
	engine  *Engine
	now     int64
	feeds   []*simFeed
	shards  [simShards]due
	loops   [simLoops]due
	clients []*simClient
	events  int // actions taken
	// recovered counts the clients that went on where they were.
	recovered int
	handled   map[string]int64 // the last message by session and sequence
	witness   *simWitness
	resting   bool
	lived     int64
	trace     []string
}

const (
	simShards  = 2
	simLoops   = 3
	simClients = 5
)

func newWorld(seed uint64) *world {
	w := &world{Rand: rand.New(rand.NewPCG(seed, 0x4a11e7)), seed: seed, handled: make(map[string]int64)}
	stable, flaky := newSimFeed(w, "A", false), newSimFeed(w, "B", true)
	cfg := Config{
		Loops: simLoops, Shards: simShards, Inbox: 4 << w.IntN(3), Arenas: 2 + w.IntN(3), Recent: 1 << (10 + w.IntN(4)), RequestQueue: 1 + w.IntN(4),
		Output: 4096, LogEntries: 4 + w.IntN(12), LogBytes: 2048, History: 4, Past: 2 + w.IntN(60), WindowMax: 50 * time.Millisecond,
		// A PROBE flushes what somebody forgot: in some worlds there is none.
		KeepaliveDefault: []time.Duration{5 * time.Second, time.Hour}[w.IntN(2)], KeepaliveMax: time.Hour,
		ContentLengthMin: 200, SessionTimeout: time.Hour, SlowTimeout: time.Hour, Limits: Limits{SessionsPerAddress: -1},
	}
	w.witness = &simWitness{simMetadata{w}, make(map[string]map[int]bool)}
	e, err := New(cfg, map[string]AdapterSet{"SIM": {
		Metadata: w.witness, Data: map[string]adapters.DataAdapter{"A": stable, "B": flaky},
		Diffs: map[string]protocol.DiffFormat{"c": protocol.TLCPDiff},
	}})
	if err != nil {
		panic(err)
	}
	w.engine = e
	for i := range e.witnesses.queues { // so that none is full
		e.witnesses.queues[i] = make(chan notice, 1<<10)
	}
	e.clock = func() int64 { return w.now }
	busy := []float64{0, 0.5, 2}[w.IntN(3)] // no window, one, the widest
	e.cpuTime, e.cpus = func() int64 { return int64(busy * float64(w.now)) }, 1
	for i, l := range e.loops {
		l.SetWaker(func() { w.loops[i].woken = true })
	}
	ids := 0
	e.newID = func() string { ids++; return fmt.Sprintf("S%dx%d", ids, seed) }
	w.feeds = []*simFeed{stable, flaky}
	for i, f := range w.feeds {
		f.source = e.sources[i]
		f.begin()
	}
	for i := range simClients {
		w.clients = append(w.clients, &simClient{world: w, number: i})
	}
	return w
}

func (w *world) note(format string, args ...any) {
	if w.trace != nil {
		w.trace = append(w.trace, fmt.Sprintf(format, args...))
	}
}

// act does one thing drawn at random.
func (w *world) act() {
	w.events++
	switch x := w.IntN(100); {
	case x < 22:
		w.feeds[w.IntN(2)].tick()
	case x < 45:
		w.stepShard(w.IntN(simShards))
	case x < 62:
		w.stepLoop(w.IntN(simLoops))
	case x < 66:
		f := w.feeds[w.IntN(2)]
		f.source.open.step(context.Background(), f.source)
	case x < 70:
		w.decide()
	case x < 90:
		w.clients[w.IntN(simClients)].act()
	case x < 99:
		w.pass(int64(w.IntN(4e6)))
	default:
		w.pass(int64(w.IntN(3e8)))
	}
}

// due is what a stage said when it made its last step.
type due struct {
	woken bool // loops: asked to make a step
	more  bool
	next  int64
}

// stepShard lets a shard make a step, if it was woken or its time has come: what a
// goroutine would do, no more.
func (w *world) stepShard(i int) {
	s, d := w.engine.shards[i], &w.shards[i]
	if s.woken.Load() || d.more || d.next <= w.now {
		d.more, d.next = s.step(w.now)
	}
}

// stepLoop is the same for a loop.
func (w *world) stepLoop(i int) {
	l, d := w.engine.loops[i], &w.loops[i]
	if d.woken || d.more || d.next <= w.now {
		d.woken = false
		d.more, d.next = l.Step()
	}
}

func (w *world) pass(d int64) {
	w.now += d
	for _, c := range w.clients {
		if c.session != "" {
			w.lived += d
		}
	}
}

func (w *world) decide() {
	w.notices()
	for _, stage := range []*requestStage{w.engine.requests, w.engine.messages} {
		select {
		case d := <-stage.queue:
			stage.step(context.Background(), d)
		default:
		}
	}
}

// rest lets everything come to an end: no more ticks, all clients read.
func (w *world) rest() {
	w.resting = true
	for round := range 400 {
		for _, f := range w.feeds {
			f.flush()
			for f.source.open.step(context.Background(), f.source) {
			}
		}
		for range 4 {
			for i := range simShards {
				w.stepShard(i)
			}
			for i := range simLoops {
				w.stepLoop(i)
			}
			w.decide()
		}
		for _, c := range w.clients {
			c.settle()
		}
		w.pass(5e6)
		if round%10 == 9 { // so that adapters are asked again
			w.pass(1e9)
		}
	}
}

// simMetadata takes names separated by blanks, and messages.
type simMetadata struct{ world *world }

func (simMetadata) Authenticate(_ context.Context, l adapters.Login) (adapters.Permit, error) {
	return adapters.Permit{User: l.User}, nil
}

func (simMetadata) Resolve(_ context.Context, i adapters.Interest) (adapters.Resolution, error) {
	return adapters.Resolution{Items: fields(i.Group), Fields: fields(i.Schema), Selector: true}, nil
}

// Message holds that the messages of a sequence come in order, and refuses some.
func (m simMetadata) Message(_ context.Context, msg adapters.Message) (string, error) {
	w := m.world
	if msg.Sequence != "" {
		key := msg.Session + msg.Sequence
		if before := w.handled[key]; msg.Number <= before {
			violate("message %d of sequence %s is handled after %d", msg.Number, msg.Sequence, before)
		}
		w.handled[key] = msg.Number
	}
	if w.IntN(4) == 0 {
		return "", &adapters.Refusal{Code: 0, Text: "no, not now"}
	}
	return "answer to " + msg.Text, nil
}

func fields(s string) []string {
	var f []string
	for len(s) > 0 {
		i := 0
		for i < len(s) && s[i] != ' ' {
			i++
		}
		f = append(f, s[:i])
		s = s[min(i+1, len(s)):]
	}
	return f
}

// simFeed is a Data Adapter with the truth about its items. Item names begin with
// the mode's letter: M, D, C.
type simFeed struct {
	world  *world
	name   string
	flaky  bool // it restarts, and speaks through handles of lives that are over
	source *source
	feed   *feed
	cancel context.CancelFunc
	items  map[string]*simItem
	names  []string
	batch  adapters.Batch
	n      int
}

// simItem is the truth about one item.
type simItem struct {
	handle adapters.Item // zero: not subscribed
	old    adapters.Item // an earlier life
	image  bool          // the snapshot is still to be sent
	row    map[string]string
	table  map[string]map[string]string
	events []string // of DISTINCT, since the last clear
	told   []int    // n of each record that was sent
	// What a selector lets through, see simSelector: the row after the last tick that it
	// selected, and for COMMAND the same by key.
	picked      map[string]string
	pickedTable map[string]map[string]string
}

// simSelector is about n; selectedBySim is the same in Go.
const simSelector = `not (n endsWith "3" or n endsWith "7")`

func selectedBySim(n string) bool {
	return n != "" && !strings.HasSuffix(n, "3") && !strings.HasSuffix(n, "7")
}

var simFields = []string{"n", "a", "b", "c", "key", "command"}

func newSimFeed(w *world, name string, flaky bool) *simFeed {
	f := &simFeed{world: w, name: name, flaky: flaky, items: make(map[string]*simItem)}
	for _, item := range []string{"M0", "M1", "M2", "D0", "D1", "C0", "C1"} {
		f.names = append(f.names, item)
		f.items[item] = &simItem{row: make(map[string]string), table: make(map[string]map[string]string), pickedTable: make(map[string]map[string]string)}
	}
	return f
}

func (f *simFeed) Run(context.Context, adapters.Feed) error { return nil }

func (f *simFeed) begin() {
	ctx, cancel := context.WithCancel(context.Background())
	f.feed, f.cancel = newFeed(ctx, f.source), cancel
	for _, name := range simFields {
		if _, err := f.feed.Field(name); err != nil {
			panic(err)
		}
	}
}

func (f *simFeed) Subscribe(_ context.Context, item adapters.Item) (adapters.SnapshotKind, error) {
	if f.flaky && !f.world.resting && f.world.IntN(4) == 0 {
		return 0, fmt.Errorf("not now")
	}
	it := f.items[item.Name()]
	it.handle, it.image = item, true
	it.unpick()
	return adapters.WithSnapshot, nil
}

func (f *simFeed) Unsubscribe(item adapters.Item) {
	it := f.items[item.Name()]
	if it.handle != item {
		panic("unsubscribed twice, or out of order")
	}
	it.old, it.handle, it.image = item, adapters.Item{}, false
	it.unpick()
}

// tick changes the truth of one item, and tells it if anybody wants to know.
func (f *simFeed) tick() {
	w := f.world
	name := f.names[w.IntN(len(f.names))]
	it := f.items[name]
	if f.flaky && w.IntN(60) == 0 {
		f.restart()
		return
	}
	if f.flaky && it.old != (adapters.Item{}) && w.IntN(4) == 0 {
		f.say(it.old, false, map[string]string{"n": "999999", "a": "late", "key": "late", "command": "ADD"})
		return
	}
	if it.image {
		f.snapshot(it)
		return
	}
	if w.IntN(40) == 0 && name != "M0" {
		f.clear(name, it)
		return
	}
	f.n++
	values := map[string]string{"n": strconv.Itoa(f.n)}
	for _, field := range []string{"a", "b", "c"} {
		if w.IntN(3) == 0 || field == "c" && w.IntN(2) == 0 {
			values[field] = strconv.Itoa(w.IntN(30))
			if w.IntN(30) == 0 {
				values[field] += string(make([]byte, w.IntN(600)))
			}
			if field == "c" && w.IntN(4) > 0 { // worth a diff
				values[field] = strings.Repeat("long ", 4) + values[field] + strings.Repeat(" long", 4)
			}
		}
	}
	switch name[0] {
	case 'M':
		for k, v := range values {
			it.row[k] = v
		}
	case 'D':
		it.events = append(it.events, values["n"])
	case 'C':
		f.command(it, values)
	}
	f.tell(it, false, values)
}

func (f *simFeed) command(it *simItem, values map[string]string) {
	key := "k" + strconv.Itoa(f.world.IntN(8))
	values["key"] = key
	switch row := it.table[key]; {
	case row == nil:
		values["command"] = adapters.CommandAdd
		it.table[key] = map[string]string{"n": "#", "a": "#", "b": "#", "c": "#"}
	case f.world.IntN(4) == 0:
		values["command"] = adapters.CommandDelete
		delete(it.table, key)
		return
	default:
		values["command"] = adapters.CommandUpdate
	}
	for k, v := range values {
		if k != "key" && k != "command" {
			it.table[key][k] = v
		}
	}
}

func (f *simFeed) clear(name string, it *simItem) {
	it.row = map[string]string{}
	it.table = map[string]map[string]string{}
	it.events = nil
	if it.handle != (adapters.Item{}) && f.open() {
		f.batch.Clear(it.handle)
		if it.pickedTable = make(map[string]map[string]string); it.picked != nil {
			it.picked = map[string]string{}
		}
	}
}

// snapshot tells the whole truth about an item just subscribed.
func (f *simFeed) snapshot(it *simItem) {
	it.image = false
	switch it.handle.Name()[0] {
	case 'M':
		f.tell(it, true, it.row)
	case 'D':
		for _, n := range it.events[max(0, len(it.events)-3):] {
			f.tell(it, true, map[string]string{"n": n})
		}
	case 'C':
		for i := range 8 {
			key := "k" + strconv.Itoa(i)
			if row := it.table[key]; row != nil {
				values := map[string]string{"key": key, "command": adapters.CommandAdd}
				for k, v := range row {
					if v != "#" {
						values[k] = v
					}
				}
				f.tell(it, true, values)
			}
		}
	}
	if f.open() {
		f.batch.EndOfSnapshot(it.handle)
	}
}

func (f *simFeed) tell(it *simItem, image bool, values map[string]string) {
	if it.handle == (adapters.Item{}) || it.image {
		return
	}
	n, _ := strconv.Atoi(values["n"])
	f.world.note("feed %s, %s: %v", f.name, it.handle.Name(), values)
	it.told = append(it.told, n)
	it.pick(values)
	f.say(it.handle, image, values)
	if f.world.IntN(2) == 0 {
		f.flush()
	}
}

// pick notes what a selector makes of the truth.
func (it *simItem) pick(values map[string]string) {
	key, selected := values["key"], selectedBySim(values["n"])
	switch {
	case values["command"] == adapters.CommandDelete:
		delete(it.pickedTable, key)
	case selected && key != "":
		it.pickedTable[key] = maps.Clone(it.table[key])
	case selected:
		it.picked = maps.Clone(it.row)
	}
}

// unpick forgets that, between two lives: what was under way may come too late to be
// selected.
func (it *simItem) unpick() { it.picked, it.pickedTable = nil, make(map[string]map[string]string) }

func (f *simFeed) say(item adapters.Item, image bool, values map[string]string) {
	if !f.open() {
		panic("the simulation sends too much at once")
	}
	var slots []adapters.Field
	var tokens [][]byte
	for i, name := range simFields {
		if v, ok := values[name]; ok {
			slots = append(slots, adapters.Field(i))
			tokens = append(tokens, []byte(v))
		}
	}
	if image {
		f.batch.Snapshot(item, slots, tokens)
	} else {
		f.batch.Update(item, slots, tokens)
	}
}

// open makes sure that there is a batch: where all are under way, the shards make
// steps until one comes back, as a feed would wait.
func (f *simFeed) open() bool {
	if f.batch != nil {
		return true
	}
	for {
		select {
		case b := <-f.feed.free:
			f.batch = b
			return true
		default:
			for i := range simShards {
				f.world.stepShard(i)
			}
		}
	}
}

func (f *simFeed) flush() {
	if f.batch != nil {
		f.batch.Send()
		f.batch = nil
	}
	for _, name := range f.names {
		if it := f.items[name]; it.image && f.world.IntN(3) == 0 {
			f.snapshot(it)
		}
	}
	if f.batch != nil {
		f.batch.Send()
		f.batch = nil
	}
}

// restart ends the adapter's run and begins another: all that was open is not.
func (f *simFeed) restart() {
	f.flush()
	f.cancel()
	for _, name := range f.names {
		it := f.items[name]
		if it.handle != (adapters.Item{}) {
			it.old = it.handle
		}
		it.handle, it.image = adapters.Item{}, false
		it.unpick()
	}
	f.source.open.reset()
	f.begin()
	for _, s := range f.world.engine.shards {
		s.control(restarted{source: f.source})
	}
}
