package load

import (
	"sync"
	"time"
)

// Lag says how late an adapter has called, measured against its schedule.
type Lag struct {
	Count               uint64
	P50, P99, P999, Max time.Duration
}

// lag is what Lag is read from: Run's goroutine records, between begin and end,
// any may read.
type lag struct {
	mu sync.Mutex
	h  Histogram
}

// begin and end stand around some calls of record, so that the lock is taken once
// per batch.
func (l *lag) begin()                 { l.mu.Lock() }
func (l *lag) record(d time.Duration) { l.h.Record(d) }
func (l *lag) end()                   { l.mu.Unlock() }

func (l *lag) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.h = Histogram{}
}

func (l *lag) read() Lag {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Lag{
		Count: l.h.Count(),
		P50:   l.h.Quantile(0.5),
		P99:   l.h.Quantile(0.99),
		P999:  l.h.Quantile(0.999),
		Max:   l.h.Max(),
	}
}
