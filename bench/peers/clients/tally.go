//go:build linux

package clients

import (
	"fmt"

	"github.com/halley-stream/halley/adapters/load"
)

// Tally is what was counted since the last Reset.
type Tally struct {
	// Delivered are all updates, also late ones.
	Delivered uint64
	// Lost are numbers that were skipped; Twice and Reordered are updates whose number
	// had come before: the last one, or an earlier one.
	Lost, Twice, Reordered uint64
	// Strange are updates of items that were not subscribed, and markers without an
	// update.
	Strange uint64
	// Ended are connections that ended though they should not.
	Ended uint64
	// Reads are the reads that brought something, Bytes what they brought.
	Reads, Bytes uint64
	// Latency is from the stamp of an update to the read that it came with.
	Latency load.Histogram

	faults []string
}

// faultsMax is how many faults are kept as text.
const faultsMax = 5

func (t *Tally) fault(format string, args ...any) {
	if len(t.faults) < faultsMax {
		t.faults = append(t.faults, fmt.Sprintf(format, args...))
	}
}

// Faults returns the first things that went wrong.
func (t *Tally) Faults() []string { return t.faults }

// Clean reports whether nothing went wrong.
func (t *Tally) Clean() bool {
	return t.Lost+t.Twice+t.Reordered+t.Strange+t.Ended == 0
}
