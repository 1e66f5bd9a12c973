//go:build linux

package fleet

import (
	"fmt"

	"github.com/halley-stream/halley/adapters/load"
)

// Tally is what a fleet has counted since the last call of Reset.
type Tally struct {
	// Delivered are the updates of sessions that are not slow.
	Delivered uint64
	// Said are the messages of the sessions.
	Said uint64
	// Lost are numbers that were skipped, Duplicates and Reordered updates whose
	// number had come before: the last one, or an earlier one. Of all sessions,
	// but slow ones may skip.
	Lost, Duplicates, Reordered uint64
	// Conflated are numbers that were skipped and may be.
	Conflated uint64
	// SlowDelivered are the updates of slow sessions, SlowBytes what they read.
	SlowDelivered, SlowBytes uint64
	// Frames are WebSocket messages, or chunks and bodies of HTTP responses: one
	// for each write of the server. Bytes are all that was read.
	Frames, Bytes uint64
	// Ended are sessions that ended though they should not.
	Ended uint64
	// Empty are updates without values, which the load never says.
	Empty uint64
	// Refused are recoveries that the server did not do.
	Refused uint64
	// Latency is from the stamp of an update to the read that it came with.
	Latency load.Histogram
	// Sizes are the sizes of some of the frames, all equally likely.
	Sizes []int

	faults []string
}

// faultsMax is how many faults are kept as text.
const faultsMax = 10

// sizesMax is how many sizes of frames are kept.
const sizesMax = 1024

func (t *Tally) fault(format string, args ...any) {
	if len(t.faults) < faultsMax {
		t.faults = append(t.faults, fmt.Sprintf(format, args...))
	}
}

// Faults returns the first things that went wrong.
func (t *Tally) Faults() []string { return t.faults }

// frame counts a frame of a size.
func (t *Tally) frame(size int, random uint64) {
	t.Frames++
	if len(t.Sizes) < sizesMax {
		t.Sizes = append(t.Sizes, size)
	} else if i := random % t.Frames; i < sizesMax { // reservoir sampling
		t.Sizes[i] = size
	}
}
