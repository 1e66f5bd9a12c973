package load

import (
	"math/bits"
	"time"
)

// subBuckets is how many buckets there are between a power of two and the next;
// so a bucket is at most 1/64 wide of its value.
const (
	subBits    = 6
	subBuckets = 1 << subBits
)

// Histogram counts durations in buckets that are narrow for short ones and wide
// for long ones, at most 1.6 % of the value: precise enough for percentiles, and
// recording is a few instructions. The zero value is empty. It belongs to one
// goroutine.
//
//	0 … 127        a bucket each
//	128 … 255      64 buckets of 2
//	256 … 511      64 buckets of 4, and so on up to 2^63
type Histogram struct {
	counts [(64 - subBits) * subBuckets]uint64
	count  uint64
	sum    uint64
	max    time.Duration
}

// Record counts a duration. One below zero, as clocks may give, counts as zero.
func (h *Histogram) Record(d time.Duration) {
	d = max(d, 0)
	h.counts[bucketOf(uint64(d))]++
	h.count++
	h.sum += uint64(d)
	if d > h.max {
		h.max = d
	}
}

// Count returns how many durations there are.
func (h *Histogram) Count() uint64 { return h.count }

// Max returns the longest.
func (h *Histogram) Max() time.Duration { return h.max }

// Mean returns the mean, or 0 of none.
func (h *Histogram) Mean() time.Duration {
	if h.count == 0 {
		return 0
	}
	return time.Duration(h.sum / h.count)
}

// Quantile returns the duration that a share q of all are not longer than, from 0
// to 1, or 0 of none. It is too long by at most a bucket's width.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.count == 0 {
		return 0
	}
	rank := min(uint64(q*float64(h.count)), h.count-1)
	var seen uint64
	for i, n := range h.counts {
		if seen += n; seen > rank {
			return min(time.Duration(endOf(i)), h.max)
		}
	}
	return h.max
}

// Add adds what other has counted.
func (h *Histogram) Add(other *Histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.count += other.count
	h.sum += other.sum
	h.max = max(h.max, other.max)
}

// bucketOf returns the bucket of v: the power of two and the subBits bits behind
// the highest.
func bucketOf(v uint64) int {
	shift := bits.Len64(v|subBuckets) - subBits - 1
	return shift<<subBits + int(v>>shift)
}

// endOf returns the greatest value of a bucket.
func endOf(bucket int) uint64 {
	shift := max(bucket>>subBits-1, 0)
	return uint64(bucket-shift<<subBits+1)<<shift - 1
}
