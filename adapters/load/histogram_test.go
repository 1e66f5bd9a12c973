package load

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestQuantilesAreCloseToTheTruth(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var h Histogram
	var all []time.Duration
	for range 100_000 {
		d := time.Duration(math.Exp(r.Float64() * 30))
		h.Record(d)
		all = append(all, d)
	}
	slices.Sort(all)
	for _, q := range []float64{0, 0.5, 0.9, 0.99, 0.999, 1} {
		want := all[min(int(q*float64(len(all))), len(all)-1)]
		got := h.Quantile(q)
		if got < want || float64(got) > float64(want)*1.017+1 {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if h.Max() != all[len(all)-1] || h.Count() != uint64(len(all)) {
		t.Errorf("max %v, count %d", h.Max(), h.Count())
	}
}

func TestBucketsHaveNoGaps(t *testing.T) {
	for bucket := range 10 * subBuckets {
		end := endOf(bucket)
		if bucketOf(end) != bucket || bucketOf(end+1) != bucket+1 {
			t.Fatalf("bucket %d ends at %d, which is in %d; the next is in %d", bucket, end, bucketOf(end), bucketOf(end+1))
		}
	}
	if got, n := bucketOf(math.MaxInt64), len((&Histogram{}).counts); got >= n {
		t.Errorf("the longest duration is in bucket %d of %d", got, n)
	}
}

func TestEmptyAndAdded(t *testing.T) {
	var h, other Histogram
	if h.Quantile(0.5) != 0 || h.Mean() != 0 {
		t.Error("an empty histogram has a median or a mean")
	}
	h.Record(-time.Second)
	other.Record(10)
	other.Record(20)
	h.Add(&other)
	if h.Count() != 3 || h.Max() != 20 || h.Mean() != 10 || h.Quantile(0) != 0 || h.Quantile(0.5) != 10 {
		t.Errorf("count %d, max %d, mean %d, median %d", h.Count(), h.Max(), h.Mean(), h.Quantile(0.5))
	}
}

func BenchmarkRecord(b *testing.B) {
	var h Histogram
	d := time.Duration(1)
	for b.Loop() {
		h.Record(d)
		d = d*7 + 3
		d &= 1<<32 - 1
	}
}
