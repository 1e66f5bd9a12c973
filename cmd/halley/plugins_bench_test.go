package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/literal"
	"github.com/halley-stream/halley/adapters/plugin/host"
	"github.com/halley-stream/halley/engine"
)

// buildPlugin builds one of the plugins in the repository.
func buildPlugin(tb testing.TB, folder string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "plugin")
	if out, err := exec.Command("go", "build", "-o", path, "../../adapters/plugin/"+folder).CombinedOutput(); err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	return path
}

// BenchmarkPlugin takes updates of five short fields, of 10,000 items at random, from
// a plugin that says them as fast as it can, into the last-value cache. An operation is
// one update; cpu-ns/op is what it costs this process on all of its threads.
func BenchmarkPlugin(b *testing.B) {
	c := host.DefaultConfig()
	c.Command, c.Env = buildPlugin(b, "host/testplugin"), []string{"FLOOD=10000"}
	p, err := host.New(c)
	if err != nil {
		b.Fatal(err)
	}
	e, err := engine.New(engine.Config{}, map[string]engine.AdapterSet{"SET": {
		Metadata: must(literal.New(literal.Config{})), Data: map[string]adapters.DataAdapter{"FLOOD": p.Data()},
	}})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { p.Run(ctx) })
	running.Go(func() { e.Run(ctx) })
	updates := func() uint64 { return e.Stats().Sources[0].Updates }
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for updates() < 1_000_000 { // warm
		<-tick.C
	}
	b.ReportAllocs()
	b.ResetTimer()
	began, first := cpuTime(b), updates()
	for updates()-first < uint64(b.N) {
		<-tick.C
	}
	spent, done := cpuTime(b)-began, updates()-first
	b.StopTimer()
	b.ReportMetric(float64(spent)/float64(done), "cpu-ns/op")
	cancel()
	running.Wait()
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// cpuTime returns the CPU time of this process.
func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
