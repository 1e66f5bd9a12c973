//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/halley-stream/halley/adapters/load"
	"github.com/halley-stream/halley/bench/fleet"
)

// loopCount stands for how many loops the server has.
const loopCount = "loops"

// bench runs a scenario. It belongs to one goroutine.
type bench struct {
	overrides
	program string
	machine machine
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
	b.machine = describe(b.program)
	switch {
	case len(b.feeds) > 0:
		return b.feedIn(ctx)
	case b.highest > 0:
		return b.atHighest(ctx)
	case b.floor:
		return b.withFloor(ctx)
	case b.compare && b.slow > 0:
		without := *b
		without.slow = 0
		without.bars = bars{}
		baseline, err := without.measure(ctx, "without slow clients", b.duration)
		if err != nil {
			return nil, err
		}
		r, err := b.measure(ctx, "with slow clients", b.duration)
		if err != nil {
			return nil, err
		}
		baseline.judge(&without.scenario)
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

func (b *bench) newResult() *result {
	return &result{
		Scenario: b.name, About: b.about, Transport: string(b.transport), Began: time.Now(), Machine: b.machine,
		Faults: []string{}, Missed: []string{}, Notes: []string{},
	}
}

// measure starts a server and measures it for a time.
func (b *bench) measure(ctx context.Context, what string, d time.Duration) (*result, error) {
	r, _, err := b.measureSizes(ctx, what, d)
	return r, err
}

// measureSizes also returns the sizes of some of the writes.
func (b *bench) measureSizes(ctx context.Context, what string, d time.Duration) (*result, []int, error) {
	settings, err := b.settings(ctx)
	if err != nil {
		return nil, nil, err
	}
	srv, err := startServer(ctx, b.program, b.folder, settings, b.stderr)
	if err != nil {
		return nil, nil, err
	}
	defer srv.stop()
	f, err := fleet.New(fleet.Config{
		Address: srv.address, Transport: b.transport, Sessions: b.clients, Items: b.draw(&b.scenario), Fields: b.load.Fields,
		AdapterSet: adapterSet, Adapter: loadAdapter, Frequency: b.frequency, Keepalive: b.keepalive, Conflated: b.conflated(),
		Slow: b.slow, SlowRate: b.slowRate, Say: b.say,
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
	f.Speak(true)
	if err := f.Run(ctx, b.settle, nil); err != nil {
		return nil, nil, err
	}
	r := b.newResult()
	r.Clients, r.SlowClients, r.ServerRSSEmpty = b.clients, b.slow, srv.empty
	if err := b.watch(ctx, srv, f, d, r); err != nil {
		return nil, nil, err
	}
	sizes := f.Tally().Sizes
	f.Speak(false)
	if b.ticks() {
		err = b.rest(ctx, f, r)
	}
	return r, sizes, err
}

// settings are those of the adapters.
func (b *bench) settings(ctx context.Context) (string, error) {
	switch {
	case b.plugin:
		return b.pluginSettings(ctx)
	case b.say.Rate > 0:
		return roomSettings(b.load), nil
	}
	return loadSettings(b.load), nil
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
	switch {
	case standing.Unwatched > 0:
		r.note("only slow clients have %d of the items: at rest, the number of ticks was not compared", standing.Unwatched)
	case standing.Ticks != ticks:
		r.fault("at rest, the clients have seen %d of %d ticks", standing.Ticks, ticks)
	}
	return nil
}
