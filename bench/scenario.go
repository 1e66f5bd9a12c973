//go:build linux

package main

import (
	"time"

	"github.com/halley-stream/halley/adapters/load"
	"github.com/halley-stream/halley/bench/fleet"
)

// scenario is a load, and what is expected of the server under it.
type scenario struct {
	name, about string
	transport   fleet.Transport
	clients     int
	load        load.Config
	draw        func(s *scenario) func(session int) []int
	perClient   int // items of each client
	frequency   string
	keepalive   time.Duration
	settle      time.Duration // between the last snapshot and the measuring
	duration    time.Duration // of the measuring
	brief       time.Duration // the same, as one of all scenarios; a multiple of keepalive
	plugin      bool          // the feed is a plugin, which ticks what nobody wants as well
	say         fleet.Say     // what the clients say
	slow        int           // clients that read slowly
	slowRate    int
	compare     bool // run it without slow clients first
	storm       int  // clients that are cut and come back, twice
	floor       bool
	// highest lets the run look for the highest rate at which nothing is lost and
	// p99 is not above this, from load.Rate on.
	highest time.Duration
	feeds   []feedIn // measured without clients, in place of all else
	bars    bars
}

// bars are what the server has to meet; 0 is none.
type bars struct {
	p99            time.Duration
	cores          float64
	userPerUpdate  float64 // nanoseconds
	floorShare     float64 // of the floor's updates per CPU second, at least
	floorFactor    float64 // of the floor's CPU time, at most
	p99Factor      float64 // of the run without slow clients
	bytesPerClient float64 // of memory
	comeBack       time.Duration
	memoryFactor   float64 // of the memory when the measuring began
}

// conflated reports whether clients may miss updates. Between two polls they may:
// there are only the newest values.
func (s *scenario) conflated() bool {
	return s.frequency != "" && s.frequency != unfiltered || s.transport == fleet.Poll
}

const unfiltered = "unfiltered"

// ticks reports whether there are updates, from the feed or from what clients say.
func (s *scenario) ticks() bool { return s.load.Rate > 0 || s.say.Rate > 0 }

// updatesPerClient is how many updates a client is to get per second.
func (s *scenario) updatesPerClient() float64 {
	return s.load.Rate * float64(s.perClient)
}

// The seed of all that is drawn, so that runs can be compared.
const seed = 1986

// Ways to draw items.
var (
	atRandom = func(s *scenario) func(int) []int { return fleet.AtRandom(s.perClient, s.load.Items, seed) }
	private  = func(s *scenario) func(int) []int { return fleet.Private(s.perClient) }
	shared   = func(s *scenario) func(int) []int { return fleet.Shared(s.perClient) }
)

// scenarios returns all there are. The standard load is: 2,000 items, of which each
// client has 20 drawn at random; the items tick at phases of their own; 5 short
// fields that all change.
func scenarios() []scenario {
	standard := func(rate float64) load.Config { return load.Config{Items: 2000, Rate: rate, Seed: seed} }
	liberator := scenario{
		name: "liberator", about: "10,000 clients x 100 updates/s, each item 5/s",
		clients: 10_000, load: standard(5), draw: atRandom, perClient: 20,
		settle: 5 * time.Second, duration: time.Minute, brief: 30 * time.Second, floor: true,
		bars: bars{p99: 150 * time.Millisecond, cores: 1.0, floorShare: 0.8, userPerUpdate: 150},
	}
	firehose := liberator
	firehose.name, firehose.about = "firehose", "10,000 clients x 300 updates/s, each item 15/s"
	firehose.load.Rate = 15
	firehose.brief = 20 * time.Second
	firehose.bars = bars{p99: 400 * time.Millisecond}

	variant := func(of scenario, suffix, about string, items int, rate float64, draw func(*scenario) func(int) []int) scenario {
		of.name, of.about = of.name+suffix, about
		of.load.Items, of.load.Rate, of.perClient, of.draw = items, rate, 1, draw
		of.bars, of.floor, of.brief = bars{}, false, 15*time.Second
		return of
	}
	inCommon := func(of scenario, about string, rate float64) scenario {
		return variant(of, "-shared", about, 1, rate, shared)
	}
	ofTheirOwn := func(of scenario, about string, rate float64) scenario {
		v := variant(of, "-private", about, of.clients, rate, private)
		v.highest = of.bars.p99
		return v
	}
	slow := liberator
	slow.name, slow.about = "slow-clients", "liberator, 10 % of the clients read 1 kB/s"
	slow.slow, slow.compare, slow.floor = 1000, true, false
	slow.duration, slow.brief = 30*time.Second, 15*time.Second
	slow.bars = bars{p99Factor: 1.3, memoryFactor: 1.1}

	return []scenario{
		{
			name: "first", about: "1,000 clients x 100 updates/s, without and with a client that reads 1 kB/s",
			clients: 1000, load: standard(5), draw: atRandom, perClient: 20,
			settle: 3 * time.Second, duration: 30 * time.Second, slow: 1, compare: true,
		},
		liberator,
		inCommon(liberator, "10,000 clients x 100 updates/s, one item for all", 100),
		ofTheirOwn(liberator, "10,000 clients, an item for each, at the highest rate without loss and with liberator's p99", 100),
		firehose,
		inCommon(firehose, "10,000 clients x 300 updates/s, one item for all", 300),
		ofTheirOwn(firehose, "10,000 clients, an item for each, at the highest rate without loss and with firehose's p99", 100),
		{
			name: "lightstreamer", about: "10,000 clients x 4 updates/s, the phases spread",
			clients: 10_000, load: standard(0.2), draw: atRandom, perClient: 20,
			settle: 5 * time.Second, duration: time.Minute, brief: 15 * time.Second, floor: true,
			bars: bars{p99: 25 * time.Millisecond, floorFactor: 1.3},
		},
		{
			name: "quiet-latency", about: "1,000 clients x 1 update/s, an item for each",
			clients: 1000, load: load.Config{Items: 1000, Rate: 1, Phases: load.PhaseEven}, draw: private, perClient: 1,
			settle: 3 * time.Second, duration: 30 * time.Second, brief: 15 * time.Second,
			bars: bars{p99: 2 * time.Millisecond},
		},
		{
			name: "plugin-latency", about: "one client, an item of a plugin that ticks 20 times a second",
			clients: 1, load: load.Config{Items: 1, Rate: 20}, draw: shared, perClient: 1, plugin: true,
			settle: 3 * time.Second, duration: 30 * time.Second, brief: 15 * time.Second,
			bars: bars{p99: time.Millisecond},
		},
		{
			name: "idle", about: "18,000 clients with 10 items each that are silent",
			clients: 18_000, load: standard(0), draw: atRandom, perClient: 10, keepalive: 20 * time.Second,
			settle: 60 * time.Second, duration: time.Minute, brief: 20 * time.Second, floor: true,
			bars: bars{bytesPerClient: 6 << 10, floorFactor: 1.5},
		},
		{
			name: "idle-one", about: "18,000 clients with one item each that is silent",
			clients: 18_000, load: standard(0), draw: atRandom, perClient: 1, keepalive: 20 * time.Second,
			settle: 60 * time.Second, duration: time.Minute, brief: 20 * time.Second,
			bars: bars{bytesPerClient: 3 << 10},
		},
		slow,
		{
			name: "storm", about: "11,000 clients x 100 updates/s; 10,000 are cut and come back, by recovery and with new sessions",
			clients: 11_000, load: standard(5), draw: atRandom, perClient: 20,
			settle: 5 * time.Second, duration: 30 * time.Second, brief: 15 * time.Second, storm: 10_000,
			bars: bars{p99: time.Second, comeBack: 10 * time.Second},
		},
		{
			name: "conflation", about: "200,000 updates/s come in, 2,000 clients x 50 items take 2/s of each",
			clients: 2000, load: load.Config{Items: 1000, Rate: 200, Seed: seed}, draw: atRandom, perClient: 50, frequency: "2",
			settle: 5 * time.Second, duration: 30 * time.Second, brief: 15 * time.Second,
			bars: bars{p99: 600 * time.Millisecond, cores: 1.0},
		},
		{
			name: "rooms", about: "5,000 clients in rooms of 200, each in 10, say 3,000 messages/s of 50 bytes in bursts of 10",
			clients: 5000, load: load.Config{Items: 250, Fields: 3, Bytes: 50, Seed: seed}, draw: atRandom, perClient: 10, frequency: unfiltered,
			say:    fleet.Say{Rate: 3000, Burst: 10, Bytes: 50},
			settle: 3 * time.Second, duration: 30 * time.Second, brief: 15 * time.Second,
			bars: bars{p99: 50 * time.Millisecond},
		},
		{
			name: "ingest", about: "feeds into the last-value cache of 10,000 items, without subscribers",
			duration: 30 * time.Second, brief: 30 * time.Second,
			feeds: []feedIn{loadFeed, pluginFeed, kafkaFeed},
		},
	}
}

func scenarioNamed(name string) (scenario, bool) {
	for _, s := range scenarios() {
		if s.name == name {
			return s, true
		}
	}
	return scenario{}, false
}
