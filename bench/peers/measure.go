//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/halley-stream/halley/bench/fleet"
	"github.com/halley-stream/halley/bench/peers/clients"
)

// The standard load: how many items there are, how many of them each client has, and
// the seed of all that is drawn.
const (
	items     = 2000
	perClient = 20
	seed      = 1986
)

// drawn draws the items of a client.
func drawn() func(client int) []int { return fleet.AtRandom(perClient, items, seed) }

// What a peer has to hold, for a rate to count.
const (
	// lagMost is how late the feed may be at p99: later, and the peer did not take the
	// load.
	lagMost = 50 * time.Millisecond
	// latencyMost is how old updates may be at p99.
	latencyMost = time.Second
	// shareLeast is how much of the load must have been there.
	shareLeast = 0.97
	// restPatience is how long the last updates may take when the feed has stopped.
	restPatience = 10 * time.Second
	// hopeless is when a run is not worth waiting for its end.
	hopelessAge    = 3 * time.Second
	hopelessMemory = 6 << 30
)

// trial is one run of a peer at one rate. It holds the counters that every ratio can
// be computed from again.
type trial struct {
	Clients   int     `json:"clients"`
	Rate      float64 `json:"updates_per_client_s"` // as asked for
	Duration  float64 `json:"duration_s"`
	Delivered uint64  `json:"delivered"`
	Expected  uint64  `json:"expected"`
	Lost      uint64  `json:"lost"`
	Twice     uint64  `json:"duplicates"`
	Reordered uint64  `json:"reordered"`
	Strange   uint64  `json:"strange"`
	Ended     uint64  `json:"disconnected"`
	Behind    int     `json:"behind"` // items of clients not at their last number, at rest

	P50        float64 `json:"p50_ms"`
	P99        float64 `json:"p99_ms"`
	P999       float64 `json:"p999_ms"`
	Max        float64 `json:"max_ms"`
	FeedLagP99 float64 `json:"feed_lag_p99_ms"`

	User   float64 `json:"server_user_s"`
	System float64 `json:"server_sys_s"`
	Reads  uint64  `json:"reads"` // of the clients: about as many as writes of the peer
	Bytes  uint64  `json:"bytes"`

	MemoryEmpty     int64 `json:"server_rss_empty_bytes"`     // before there were clients
	MemoryConnected int64 `json:"server_rss_connected_bytes"` // with them, before the first update
	MemoryFull      int64 `json:"server_rss_bytes"`           // at the end

	BenchCores float64 `json:"bench_cores"` // the clients and the feed
	OtherCores float64 `json:"other_cores"` // of the machine, used by neither

	// Faults are why the rate does not count. Notes are remarks.
	Faults []string `json:"faults"`
	Notes  []string `json:"notes"`
}

func (t *trial) fault(format string, args ...any) {
	t.Faults = append(t.Faults, fmt.Sprintf(format, args...))
}

// cpu returns the CPU seconds of the peer.
func (t *trial) cpu() float64 { return t.User + t.System }

// perCPU returns deliveries per CPU second.
func (t *trial) perCPU() float64 { return float64(t.Delivered) / max(t.cpu(), 1e-9) }

// perConnection returns the memory of a connection, in bytes.
func (t *trial) perConnection() float64 {
	return float64(t.MemoryFull-t.MemoryEmpty) / float64(max(t.Clients, 1))
}

// holds reports whether the peer held the rate.
func (t *trial) holds() bool { return len(t.Faults) == 0 }

// gauge is what can be read at an instant.
type gauge struct {
	at           time.Time
	peer         usage
	own, machine time.Duration
}

func readGauge(pid int) (g gauge, err error) {
	var err1, err2, err3 error
	g.machine, err1 = readMachine()
	g.own, err2 = readOwn()
	g.peer, err3 = readUsage(pid)
	g.at = time.Now()
	return g, errors.Join(err1, err2, err3)
}

// run is one run of a peer. It belongs to one goroutine.
type run struct {
	peer    peer
	process *process
	fleet   *clients.Fleet
	feed    *feed
	result  *trial
}

// measurer runs a peer under a load, as measure does.
type measurer func(ctx context.Context, w *workshop, p peer, count int, rate float64, d time.Duration) (*trial, string, error)

// measure runs a peer under a load, and returns its version as well. An error says that there is no result at all, not
// that the peer did not hold the rate.
func measure(ctx context.Context, w *workshop, p peer, count int, rate float64, d time.Duration) (*trial, string, error) {
	process, err := p.start(ctx, w, count)
	if err != nil {
		return nil, "", err
	}
	defer process.stop()
	f, err := clients.New(clients.Config{
		Address: process.address, Clients: count, Dialogue: p.dialogue, Items: drawn(),
	})
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	r := &run{peer: p, process: process, fleet: f, result: &trial{Clients: count, Rate: rate}}
	if err := r.connect(ctx); err != nil {
		return nil, "", err
	}
	if err := r.warmGently(ctx); err != nil {
		return nil, "", err
	}
	if r.feed, err = startFeed(process.publisher, items, rate/perClient); err != nil {
		return nil, "", err
	}
	hopeless, err := r.watch(ctx, d)
	if err == nil && !hopeless {
		return r.result, process.version, r.rest(ctx)
	}
	// A peer that does not keep up may not even read the feed any more.
	process.stop()
	_ = r.feed.stop() // it cannot write to a peer that has ended
	return r.result, process.version, err
}

// connect lets the clients subscribe, and measures the memory before and after.
func (r *run) connect(ctx context.Context) error {
	empty, err := readUsage(r.process.pid)
	if err != nil {
		return err
	}
	if err := r.fleet.Connect(ctx); err != nil {
		return err
	}
	if err := r.fleet.Run(ctx, time.Second, nil); err != nil {
		return err
	}
	connected, err := readUsage(r.process.pid)
	r.result.MemoryEmpty, r.result.MemoryConnected = empty.memory, connected.memory
	return err
}

// gentleShare is how much of the load a peer gets while it is warmed gently.
const gentleShare = 0.2

// warmGently runs the peer at a fraction of the load, if it wants that, and makes the
// clients forget it.
func (r *run) warmGently(ctx context.Context) error {
	if r.peer.gentle == 0 {
		return nil
	}
	f, err := startFeed(r.process.publisher, items, gentleShare*r.result.Rate/perClient)
	if err != nil {
		return err
	}
	err = r.fleet.Run(ctx, r.peer.gentle, nil)
	if err != nil {
		r.process.stop() // so that the feed does not wait for it
	}
	if err := errors.Join(err, f.stop()); err != nil {
		return err
	}
	_, err = r.fleet.Settle(ctx, 500*time.Millisecond, restPatience)
	r.fleet.Forget()
	return err
}

// watch lets the clients read for a time, after the warm-up, and fills in what
// happened. It ends early if the run is hopeless.
func (r *run) watch(ctx context.Context, d time.Duration) (hopeless bool, err error) {
	before, err := readGauge(r.process.pid)
	if err != nil {
		return false, err
	}
	most := time.Duration(1<<63 - 1) // what is old while warming up may still become young
	stop := func() bool {
		hopeless = hopeless || r.hopeless(most)
		return hopeless
	}
	if err := r.fleet.Run(ctx, r.peer.warmup, stop); err != nil {
		return false, err
	}
	most = hopelessAge
	if !stop() {
		r.fleet.Reset()
		if err := r.feed.resetLag(ctx); err != nil {
			return false, err
		}
		if before, err = readGauge(r.process.pid); err != nil {
			return false, err
		}
		if err := r.fleet.Run(ctx, d, stop); err != nil {
			return false, err
		}
	}
	after, err := readGauge(r.process.pid)
	if err != nil {
		r.result.fault("the peer has ended: %v", err)
		return true, nil
	}
	r.fill(before, after)
	if hopeless {
		r.result.fault("given up after %.1f s: updates are %v old, the peer has %d MB",
			r.result.Duration, r.fleet.Age().Round(time.Millisecond), after.peer.memory/1e6)
	}
	return hopeless, nil
}

// hopeless reports whether the run is not worth waiting for its end; most is how old
// updates may be.
func (r *run) hopeless(most time.Duration) bool {
	if !r.fleet.Tally().Clean() || r.fleet.Age() > most || !r.process.alive() {
		return true
	}
	used, err := readField(fmt.Sprintf("/proc/%d/status", r.process.pid), "VmRSS:")
	return err == nil && used<<10 > hopelessMemory
}

// fill takes over what was counted, and judges it.
func (r *run) fill(before, after gauge) {
	t, counted := r.result, r.fleet.Tally()
	lag := r.feed.adapter.Lag()
	t.Duration = after.at.Sub(before.at).Seconds()
	t.Delivered, t.Lost, t.Twice, t.Reordered = counted.Delivered, counted.Lost, counted.Twice, counted.Reordered
	t.Strange, t.Ended = counted.Strange, counted.Ended
	t.Expected = uint64(t.Rate * float64(t.Clients) * t.Duration)
	t.P50, t.P99 = millis(counted.Latency.Quantile(0.5)), millis(counted.Latency.Quantile(0.99))
	t.P999, t.Max = millis(counted.Latency.Quantile(0.999)), millis(counted.Latency.Max())
	t.FeedLagP99 = millis(lag.P99)
	t.User = (after.peer.user - before.peer.user).Seconds()
	t.System = (after.peer.system - before.peer.system).Seconds()
	t.MemoryFull = after.peer.memory
	t.Reads, t.Bytes = counted.Reads, counted.Bytes
	t.BenchCores = (after.own - before.own).Seconds() / t.Duration
	t.OtherCores = max((after.machine-before.machine).Seconds()/t.Duration-t.BenchCores-t.cpu()/t.Duration, 0)

	if !counted.Clean() {
		t.fault("%d lost, %d twice, %d out of order, %d strange, %d connections ended: %v",
			t.Lost, t.Twice, t.Reordered, t.Strange, t.Ended, counted.Faults())
	}
	if limit := millis(lagMost); t.FeedLagP99 > limit {
		t.fault("the feed was late by %.0f ms at p99, more than %.0f", t.FeedLagP99, limit)
	}
	if limit := millis(latencyMost); t.P99 > limit {
		t.fault("p99 is %.0f ms, more than %.0f", t.P99, limit)
	}
	if float64(t.Delivered) < shareLeast*float64(t.Expected) {
		t.fault("%d of %d updates delivered", t.Delivered, t.Expected)
	}
	if t.OtherCores > othersMost {
		t.Notes = append(t.Notes, fmt.Sprintf("other programs used %.2f cores", t.OtherCores))
	}
}

// othersMost is how many cores other programs may use without being told.
const othersMost = 0.2

// rest stops the feed and checks that then all clients get what it said last.
func (r *run) rest(ctx context.Context) error {
	// A peer that does not read any more is ended, so that the feed does not wait for it.
	stuck := time.AfterFunc(restPatience, r.process.stop)
	if err := r.feed.stop(); err != nil {
		r.result.fault("the feed: %v", err)
		return nil
	}
	stuck.Stop()
	if _, err := r.fleet.Settle(ctx, 500*time.Millisecond, restPatience); err != nil {
		return err
	}
	if r.result.Behind = r.fleet.Behind(r.feed.last); r.result.Behind > 0 {
		r.result.fault("at rest, %d items of clients are not at their last update", r.result.Behind)
	}
	if t := r.fleet.Tally(); t.Lost > r.result.Lost || t.Ended > r.result.Ended {
		r.result.fault("at the end: %v", t.Faults())
	}
	return nil
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
