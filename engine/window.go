package engine

// window is how long a loop lets updates of a session gather before it writes
// them: a write costs the same whatever its size, so the number of writes decides
// the throughput. It is none while there is little to do, and follows from how busy
// the server is: the busier, the wider, and the wider, the less busy, so that it
// comes to rest where the two meet.
type window struct {
	now      int64 // nanoseconds
	min, max int64
	share    float64 // of its time that the loop was busy, lately
	process  float64 // of its CPUs that the process used, lately

	since  int64 // begin of the interval
	worked int64 // nanoseconds of work in it
	spent  int64 // CPU time of the process at its begin
}

const (
	windowInterval = int64(50e6)
	windowStep     = int64(1e6) // the least width above none
	// windowInertia and loadInertia are how many intervals it takes the window to get
	// where it wants to be, and the load to be believed: fewer, and they swing.
	windowInertia = 24
	loadInertia   = 2

	// The share of its CPUs that the process uses where the window begins to open,
	// and where it is at its widest. Half of a machine is not much, but the rest is
	// not idle: the kernel's work for the connections, adapters in processes of
	// their own.
	processLow, processHigh = 0.40, 0.68
	// The same for the loop's own time: one that hardly ever waits is too busy, even
	// if others are not. It counts the time that the machine gives to others.
	loopLow, loopHigh = 0.95, 1.0
)

func newWindow(shortest, longest int64) window {
	return window{now: shortest, min: shortest, max: max(longest, shortest)}
}

// observe takes note of a step that ended at now and took work nanoseconds, and
// reports whether an interval is over.
func (w *window) observe(now, work int64) bool {
	w.worked += work
	return now-w.since >= windowInterval
}

// adjust looks at the interval that ends now. spent is the CPU time that the
// process has used so far, of cpus processors.
func (w *window) adjust(now, spent int64, cpus int) {
	length := float64(now - w.since)
	w.share += (float64(w.worked)/length - w.share) / loadInertia
	w.process += (float64(spent-w.spent)/length/float64(cpus) - w.process) / loadInertia
	w.since, w.worked, w.spent = now, 0, spent

	need := max(between(w.process, processLow, processHigh), between(w.share, loopLow, loopHigh))
	target := w.min + int64(need*float64(w.max-w.min))
	w.now += (target - w.now) / windowInertia
	if target == w.min && w.now < w.min+windowStep {
		w.now = w.min
	} else if target > w.min {
		w.now = max(w.now, min(w.min+windowStep, w.max))
	}
}

// between is where x is from low, 0, to high, 1.
func between(x, low, high float64) float64 {
	return min(max((x-low)/(high-low), 0), 1)
}

// rest is how far apart the loop's steps begin at least: while updates gather
// anyway, many small steps only cost. It is none while there is no window, else a
// small part of it, but never so short that the steps themselves make the server
// busy and so keep the window open.
func (w *window) rest() int64 {
	if w.now == 0 {
		return 0
	}
	return min(max(w.now/windowRests, restMin), restMax)
}

const (
	windowRests = 16
	restMin     = int64(1e6)
	restMax     = int64(4e6)
)
