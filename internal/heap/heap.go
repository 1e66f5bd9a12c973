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
const gcPercent = 25

// Tune sets how often garbage is collected. It is called once, at the start.
func Tune() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

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
