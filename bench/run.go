//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/halley-stream/halley/adapters/load"
	"github.com/halley-stream/halley/bench/fleet"
	"github.com/halley-stream/halley/bench/floor"
)

const (
	// pilotTime is how long the server is measured before the floor, which needs
	// to know how many writes to make.
	pilotTime = 8 * time.Second
	// floorTime is how long the floor is measured, before and after.
	floorTime = 15 * time.Second
	// floorTolerance is how much the two may differ.
	floorTolerance = 0.10
)

// loopCount stands for how many loops the server has.
const loopCount = "loops"

// bench runs a scenario. It belongs to one goroutine.
type bench struct {
	overrides
	program string
	folder  string
	stderr  io.Writer
}

func (b *bench) talk(format string, args ...any) {
	fmt.Fprintf(b.stderr, "bench: "+format+"\n", args...)
}

// run runs a scenario: the floor, the server and the floor again, or the server
// without and with slow clients, or the server only.
func run(ctx context.Context, o overrides, stderr io.Writer) (*result, error) {
	folder, err := os.MkdirTemp("", "halley-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }() // in the system's folder for such things
	b := &bench{overrides: o, program: o.server, folder: folder, stderr: stderr}
	b.load = defaultsOf(b.load)
	if b.program == "" {
		b.talk("building the server")
		if b.program, err = buildServer(ctx, folder); err != nil {
			return nil, err
		}
	}
	switch {
	case b.floor:
		return b.withFloor(ctx)
	case b.compare && b.slow > 0:
		without := *b
		without.slow = 0
		without.bars = bars{p99: b.bars.p99}
		baseline, err := without.measure(ctx, "without slow clients", b.duration)
		if err != nil {
			return nil, err
		}
		r, err := b.measure(ctx, "with slow clients", b.duration)
		if err != nil {
			return nil, err
		}
		r.WithoutSlow = baseline
		for _, text := range baseline.Faults {
			r.fault("without slow clients: %s", text)
		}
		r.judge(&b.scenario)
		return r, nil
	}
	r, err := b.measure(ctx, "measuring", b.duration)
	if err != nil {
		return nil, err
	}
	r.judge(&b.scenario)
	return r, nil
}

// defaultsOf fills in what a scenario leaves to the load's defaults.
func defaultsOf(c load.Config) load.Config {
	d := load.Defaults()
	if c.Fields == 0 {
		c.Fields = d.Fields
	}
	if c.Bytes == 0 {
		c.Bytes = d.Bytes
	}
	if c.Phases == "" {
		c.Phases = d.Phases
	}
	return c
}

// withFloor measures the floor, the server and the floor again.
func (b *bench) withFloor(ctx context.Context) (*result, error) {
	pilot := *b
	pilot.settle = min(b.settle, 5*time.Second)
	seen, sizes, err := pilot.measureSizes(ctx, "a pilot, to know the floor's writes", max(pilotTime, min(b.keepalive, b.duration)))
	if err != nil {
		return nil, err
	}
	if seen.WritesSeen == 0 {
		return nil, fmt.Errorf("the server wrote nothing")
	}
	c := floor.Config{
		Connections: b.clients,
		PerSecond:   float64(seen.WritesSeen) / seen.Duration,
		Sizes:       sizes,
		Fields:      b.load.Fields,
	}
	b.talk("the floor: %.0f writes/s", c.PerSecond)
	before, err := measureFloor(ctx, c, floorTime, b.stderr)
	if err != nil {
		return nil, err
	}
	r, err := b.measure(ctx, "measuring", b.duration)
	if err != nil {
		return nil, err
	}
	b.talk("the floor again")
	after, err := measureFloor(ctx, c, floorTime, b.stderr)
	if err != nil {
		return nil, err
	}
	r.compare(before, after)
	r.judge(&b.scenario)
	return r, nil
}

// compare relates a result to the floors before and after it. What a floor costs is
// taken per write, so that it need not have made exactly as many.
func (r *result) compare(before, after floorCount) {
	r.Floors = []floorCount{before, after}
	r.FloorWrites = before.Writes + after.Writes
	r.FloorCPU = before.CPU + after.CPU
	perWrite := (before.perWrite() + after.perWrite()) / 2
	if perWrite > 0 {
		r.FloorUpdatesPerCPU = r.UpdatesPerWrite / perWrite
		r.FloorShare = perWrite * float64(r.WritesSeen) / (r.ServerUser + r.ServerSystem)
	}
	if difference := math.Abs(before.perWrite()-after.perWrite()) / max(perWrite, 1e-12); difference > floorTolerance {
		r.fault("not valid: the two floors differ by %.0f %%", 100*difference)
	}
	// The floor follows a pilot: where the server then writes in another rhythm, the
	// two do not compare.
	perSecond := float64(r.FloorWrites) / (before.Seconds + after.Seconds)
	own := float64(r.WritesSeen) / r.Duration
	switch difference := math.Abs(perSecond-own) / max(own, 1); {
	case difference > 2.5*floorTolerance:
		r.fault("not valid: the floor made %.0f writes/s, the server %.0f", perSecond, own)
	case difference > floorTolerance:
		r.note("the floor made %.0f writes/s, the server %.0f", perSecond, own)
	}
}

// measure starts a server and measures it for a time.
func (b *bench) measure(ctx context.Context, what string, d time.Duration) (*result, error) {
	r, _, err := b.measureSizes(ctx, what, d)
	return r, err
}

// measureSizes also returns the sizes of some of the writes.
func (b *bench) measureSizes(ctx context.Context, what string, d time.Duration) (*result, []int, error) {
	srv, err := startServer(ctx, b.program, b.folder, b.load, b.stderr)
	if err != nil {
		return nil, nil, err
	}
	defer srv.stop()
	f, err := fleet.New(fleet.Config{
		Address: srv.address, Transport: b.transport, Sessions: b.clients, Items: b.draw(&b.scenario), Fields: b.load.Fields,
		AdapterSet: adapterSet, Adapter: loadAdapter, Frequency: b.frequency, Keepalive: b.keepalive, Conflated: b.conflated(),
		Slow: b.slow, SlowRate: b.slowRate,
	})
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	b.talk("%s: connecting %d clients to process %d", what, b.clients, srv.pid)
	err = f.Connect(ctx, func() { b.talk("%d of %d clients have their snapshot", f.Ready(), b.clients) })
	if err != nil {
		return nil, nil, err
	}
	b.talk("connected; settling for %v", b.settle)
	if err := f.Run(ctx, b.settle, nil); err != nil {
		return nil, nil, err
	}
	r := &result{Scenario: b.name, Transport: string(b.transport), Clients: b.clients, SlowClients: b.slow, ServerRSSEmpty: srv.empty}
	if err := b.watch(ctx, srv, f, d, r); err != nil {
		return nil, nil, err
	}
	sizes := f.Tally().Sizes
	if b.load.Rate > 0 {
		err = b.rest(ctx, f, r)
	}
	return r, sizes, err
}

// gauge is what can be read of the server and the machine at an instant.
type gauge struct {
	at      time.Time
	server  cpuTime
	own     time.Duration
	machine time.Duration
	rss     int64
	calls   int64
	metrics map[string]float64
}

func readGauge(ctx context.Context, srv *server) (g gauge, err error) {
	if g.metrics, err = srv.metrics(ctx); err != nil {
		return g, err
	}
	if g.rss, err = readRSS(srv.pid); err != nil {
		return g, err
	}
	if g.calls, err = readWriteCalls(srv.pid); err != nil {
		return g, err
	}
	if g.machine, err = readMachine(); err != nil {
		return g, err
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return g, err
	}
	g.own = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	g.server, err = readCPU(srv.pid)
	g.at = time.Now()
	return g, err
}

// watch lets the fleet read for a time and fills in what happened.
func (b *bench) watch(ctx context.Context, srv *server, f *fleet.Fleet, d time.Duration, r *result) error {
	if b.load.Rate > 0 {
		f.WatchLag()
	}
	before, err := readGauge(ctx, srv)
	if err != nil {
		return err
	}
	if t := f.Tally(); t.Lost+t.Duplicates+t.Reordered+t.Ended > 0 {
		r.note("while connecting: %d lost, %d twice, %d out of order, %d sessions ended (%s)",
			t.Lost, t.Duplicates, t.Reordered, t.Ended, strings.Join(t.Faults(), "; "))
	}
	f.Reset()
	last, lastCPU, delivered := before.at, before.server, uint64(0)
	progress := func() {
		now, t := time.Now(), f.Tally()
		cpu, err := readCPU(srv.pid)
		if err != nil {
			return // the fleet will notice that the server is gone
		}
		seconds := now.Sub(last).Seconds()
		b.talk("%3.0f s: %.3f million updates/s, p99 %v, lost %d, server %.2f cores", now.Sub(before.at).Seconds(),
			float64(t.Delivered-delivered)/seconds/1e6, t.Latency.Quantile(0.99).Round(10*time.Microsecond), t.Lost,
			cpu.minus(lastCPU).total().Seconds()/seconds)
		last, lastCPU, delivered = now, cpu, t.Delivered
	}
	if err := b.weather(ctx, f, d, r, progress); err != nil {
		return err
	}
	t := *f.Tally()
	after, err := readGauge(ctx, srv)
	if err != nil {
		return err
	}
	r.fill(b, &t, before, after)
	r.FeedLagP99 = millis(f.Lag("p99"))
	for _, text := range t.Faults() {
		r.note("%s", text)
	}
	return nil
}

// stormPatience is how long the clients may take to come back.
const stormPatience = time.Minute

// weather lets the fleet read for a time, with two storms in it if the scenario has
// them: a third of the time before, between and after them.
func (b *bench) weather(ctx context.Context, f *fleet.Fleet, d time.Duration, r *result, progress func()) error {
	if b.storm == 0 {
		return f.Run(ctx, d, progress)
	}
	r.StormClients = b.storm
	for _, storm := range []struct {
		recover bool
		seconds *float64
	}{{true, &r.StormRecovery}, {false, &r.StormNew}} {
		if err := f.Run(ctx, d/3, progress); err != nil {
			return err
		}
		took, err := f.Storm(ctx, b.storm, storm.recover, stormPatience)
		if err != nil {
			return err
		}
		*storm.seconds = took.Seconds()
		b.talk("%d clients are back after %v", b.storm, took.Round(10*time.Millisecond))
	}
	return f.Run(ctx, d/3, progress)
}

// fill takes over what was counted.
func (r *result) fill(b *bench, t *fleet.Tally, before, after gauge) {
	seconds := after.at.Sub(before.at).Seconds()
	cpu := after.server.minus(before.server)
	served := float64(max(b.clients-b.slow-b.storm, 1))
	delta := func(name string) uint64 { return uint64(after.metrics[name] - before.metrics[name]) }

	r.Duration = seconds
	r.Delivered, r.SlowDelivered, r.StormRefused, r.Empty = t.Delivered, t.SlowDelivered, t.Refused, t.Empty
	if b.storm == 0 { // else those that are cut are among the others for a while
		r.UpdatesPerClientS = float64(t.Delivered) / served / seconds
	}
	if !b.conflated() && b.storm == 0 {
		r.Expected = uint64(b.updatesPerClient() * served * seconds)
	}
	r.Lost, r.Duplicates, r.Reordered, r.Conflated, r.Disconnected = t.Lost, t.Duplicates, t.Reordered, t.Conflated, t.Ended
	r.P50, r.P90 = millis(t.Latency.Quantile(0.5)), millis(t.Latency.Quantile(0.9))
	r.P99, r.P999, r.Max = millis(t.Latency.Quantile(0.99)), millis(t.Latency.Quantile(0.999)), millis(t.Latency.Max())
	r.ServerUser, r.ServerSystem = cpu.user.Seconds(), cpu.system.Seconds()
	r.ServerCores = cpu.total().Seconds() / seconds
	r.FleetCores = (after.own - before.own).Seconds() / seconds
	r.OtherCores = max((after.machine-before.machine).Seconds()/seconds-r.ServerCores-r.FleetCores, 0)
	r.Writes, r.WritesSeen, r.WriteCalls = delta("halley_writes_total"), t.Frames, uint64(after.calls-before.calls)
	r.Bytes = t.Bytes
	r.ServerHeld, r.ServerLagged = delta("halley_shard_held_total"), delta("halley_lagged_total")
	r.ServerWindow = after.metrics["halley_loop_window_seconds"] / max(after.metrics[loopCount], 1)
	r.ServerRSS, r.ServerRSSStart = after.rss, before.rss
	r.MemoryPerSession = float64(after.rss-r.ServerRSSEmpty) / float64(max(b.clients, 1))
	if cpu.total() > 0 {
		r.UpdatesPerCPU = float64(t.Delivered) / cpu.total().Seconds()
	}
	if t.Delivered > 0 {
		r.UserPerUpdate = float64(cpu.user) / float64(t.Delivered)
	}
	r.UpdatesPerWrite = float64(t.Delivered) / float64(max(t.Frames, 1))
}

// rest lets the feed rest and checks that then all clients have what the feed said
// last, so that nothing is missing at the end either.
func (b *bench) rest(ctx context.Context, f *fleet.Fleet, r *result) error {
	lost, ended := f.Tally().Lost, f.Tally().Ended
	ticks, err := f.Rest(ctx)
	if err != nil {
		return err
	}
	settled, err := f.Settle(ctx, 1500*time.Millisecond, 30*time.Second)
	if err != nil {
		return err
	}
	if !settled {
		r.fault("the feed rests, but updates still come")
	}
	standing := f.Standing()
	r.Behind = standing.Behind
	r.Lost += f.Tally().Lost - lost
	r.Disconnected += f.Tally().Ended - ended
	if standing.Ticks != ticks {
		r.fault("at rest, the clients have seen %d of %d ticks", standing.Ticks, ticks)
	}
	return nil
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
