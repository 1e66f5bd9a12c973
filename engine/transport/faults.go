package transport

import (
	"iter"
	"sync/atomic"
)

// faultCodes are the HTTP statuses and WebSocket close codes that clients are
// refused with.
var faultCodes = [...]int{400, 403, 404, 405, 408, 411, 413, 414, 417, 426, 431, 501, 505, 1002, 1003, 1007, 1008, 1009}

// Faults counts refusals by code. Anyone may read, any loop counts.
type Faults struct {
	counts [len(faultCodes)]atomic.Uint64
	others atomic.Uint64
}

func (f *Faults) count(code int) {
	for i, c := range faultCodes {
		if c == code {
			f.counts[i].Add(1)
			return
		}
	}
	f.others.Add(1)
}

// All goes through the codes and their counts; the code 0 stands for all others.
func (f *Faults) All() iter.Seq2[int, uint64] {
	return func(yield func(int, uint64) bool) {
		for i, c := range faultCodes {
			if !yield(c, f.counts[i].Load()) {
				return
			}
		}
		yield(0, f.others.Load())
	}
}
