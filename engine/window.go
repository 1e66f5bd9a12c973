package engine

// window is how long a loop lets updates of a session gather before it writes
// them: a write costs the same whatever its size, so the number of writes decides
// the throughput. It widens by itself while the loop is busy, and shrinks back.
type window struct {
	now      int64 // nanoseconds
	min, max int64
	share    float64 // busy share of the last interval

	since  int64 // begin of the interval
	worked int64 // nanoseconds of work in it
}

const (
	windowInterval = int64(50e6)
	windowStep     = int64(2e6) // the first width above none
	busyHigh       = 0.70       // above it the window widens
	busyLow        = 0.50       // below it the window shrinks
)

func newWindow(shortest, longest int64) window {
	return window{now: shortest, min: shortest, max: max(longest, shortest)}
}

// observe takes note of a step that ended at now and took work nanoseconds, and
// reports whether an interval is over and the window looked at anew.
func (w *window) observe(now, work int64) bool {
	w.worked += work
	length := now - w.since
	if length < windowInterval {
		return false
	}
	w.share = float64(w.worked) / float64(length)
	w.since, w.worked = now, 0
	switch {
	case w.share > busyHigh:
		w.now = min(max(w.now+w.now/4, windowStep), w.max)
	case w.share < busyLow:
		if w.now -= w.now / 8; w.now < windowStep {
			w.now = 0
		}
		w.now = max(w.now, w.min)
	}
	return true
}
