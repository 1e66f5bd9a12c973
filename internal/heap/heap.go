// Package heap tunes the memory of a process that holds many long-lived objects and
// makes little garbage.
package heap

import (
	"context"
	"log/slog"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// gcPercent is how much garbage there may be for each byte in use, in percent: little,
// since a server that streams makes next to none, and what is not garbage is
// sessions, of which there may be many. GOGC overrides it.
const gcPercent = 20

// heapLeast is how large the heap may be in any case, in bytes, however little of it is
// in use: else a server with few sessions and a fast feed would collect all the time.
const heapLeast = 32 << 20

// Tune sets how often garbage is collected, and adapts it to what is in use, until ctx
// is done.
func Tune(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	tick := time.NewTicker(tuneEvery)
	defer tick.Stop()
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	for percent := 0; ; {
		metrics.Read(live)
		if wanted := percentFor(live[0].Value.Uint64()); wanted < percent*4/5 || wanted > percent*5/4 {
			percent = wanted
			debug.SetGCPercent(percent)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// tuneEvery is how often Tune looks.
const tuneEvery = time.Second

// percentFor is how much garbage there may be with so many bytes in use.
func percentFor(live uint64) int {
	return int(min(max(gcPercent, 100*heapLeast/max(int64(live), 1)-100), gcPercentMost))
}

// gcPercentMost is where little is in use.
const gcPercentMost = 400

// hugePagesEvery is how often it is looked whether the heap has grown.
const hugePagesEvery = time.Second

// KeepHuge keeps the heap on huge pages as it grows, until ctx is done.
func KeepHuge(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(hugePagesEvery)
	defer tick.Stop()
	mapped := []metrics.Sample{{Name: "/memory/classes/total:bytes"}}
	for advised := uint64(0); ; {
		if metrics.Read(mapped); mapped[0].Value.Uint64() > advised {
			advised = mapped[0].Value.Uint64()
			if err := adviseHugePages(); err != nil {
				log.Warn("no huge pages for the heap", "error", err)
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
