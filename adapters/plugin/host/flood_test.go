package host

import (
	"context"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/adaptertest"
)

// gate is a feed that gives no batch while it is shut.
type gate struct {
	*adaptertest.Discard
	opened chan struct{}
}

func (g *gate) Batch(ctx context.Context) (adapters.Batch, error) {
	select {
	case <-g.opened:
		return g.Discard.Batch(ctx)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// flood starts a plugin that says updates of 10,000 items as fast as it can.
func flood(tb testing.TB, feed adapters.Feed, change func(*Config)) *Plugin {
	tb.Helper()
	c := DefaultConfig()
	c.Command, c.Env = program, []string{"FLOOD=10000"}
	if change != nil {
		change(&c)
	}
	p, err := New(c)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { p.Run(ctx) })
	data := p.Data()
	running.Go(func() {
		if err := data.Run(ctx, feed); err != nil {
			tb.Errorf("Run returned %v", err)
		}
	})
	tb.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return p
}

// TestASlowServerSlowsThePluginDown shuts the feed: what the plugin has said stays
// bounded, and the plugin still answers. Then it goes on.
func TestASlowServerSlowsThePluginDown(t *testing.T) {
	feed := &gate{adaptertest.NewDiscard(), make(chan struct{})}
	p := flood(t, feed, func(c *Config) {
		// So many misses in a row are no busy machine, but a plugin that is stuck.
		c.HealthInterval, c.HealthMisses = 20*time.Millisecond, 250
	})
	handler := p.Metadata().(adapters.MessageHandler)
	produced := func() int {
		answer, err := handler.Message(t.Context(), adapters.Message{Text: "produced"})
		if err != nil {
			t.Fatal(err)
		}
		n, _ := strconv.Atoi(answer)
		return n
	}
	tick := time.NewTicker(100 * time.Millisecond) // several times asked whether it lives
	defer tick.Stop()
	waiting := func() bool {
		before := produced()
		<-tick.C
		return before > 0 && produced() == before
	}
	for deadline := time.Now().Add(20 * time.Second); !waiting(); {
		if time.Now().After(deadline) {
			t.Fatalf("the plugin still says updates: %d", produced())
		}
	}
	said := produced()
	if said > 100_000 {
		t.Errorf("it said %d updates that nobody took", said)
	}
	close(feed.opened)
	for deadline := time.Now().Add(20 * time.Second); feed.Updates() < uint64(2*said); {
		if <-tick.C; time.Now().After(deadline) {
			t.Fatalf("it has not gone on: %d of %d", feed.Updates(), said)
		}
	}
}

// BenchmarkStream takes updates of five short fields from a plugin and forgets them:
// what gRPC and the decoder cost this process, as cpu-ns/op. The plugin's batches are
// full, or hold one update each.
func BenchmarkStream(b *testing.B) {
	for name, change := range map[string]func(*Config){
		"plain":   nil,
		"singles": func(c *Config) { c.Env = append(c.Env, "SINGLE=1") },
		"tls":     func(c *Config) { c.TLS = true },
	} {
		b.Run(name, func(b *testing.B) {
			feed := adaptertest.NewDiscard()
			flood(b, feed, change)
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for feed.Updates() < 1_000_000 { // warm
				<-tick.C
			}
			b.ReportAllocs()
			b.ResetTimer()
			began, first := cpuTime(b), feed.Updates()
			for feed.Updates()-first < uint64(b.N) {
				<-tick.C
			}
			spent, done := cpuTime(b)-began, feed.Updates()-first
			b.StopTimer()
			b.ReportMetric(float64(spent)/float64(done), "cpu-ns/op")
		})
	}
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
