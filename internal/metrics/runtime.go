package metrics

import (
	"math"
	"runtime/metrics"
)

// runtimeNumbers are the numbers of the Go runtime, under the names that others
// use for them.
var runtimeNumbers = []struct {
	from, name, help string
	counter          bool
}{
	{"/sched/goroutines:goroutines", "go_goroutines", "Goroutines.", false},
	{"/sched/gomaxprocs:threads", "go_sched_gomaxprocs_threads", "Threads that may run Go code at the same time.", false},
	{"/memory/classes/heap/objects:bytes", "go_memstats_heap_alloc_bytes", "Bytes of objects in the heap, in use or not yet swept.", false},
	{"/memory/classes/heap/free:bytes", "go_memstats_heap_idle_bytes", "Bytes of the heap that are free and could go back to the system.", false},
	{"/memory/classes/heap/released:bytes", "go_memstats_heap_released_bytes", "Bytes of the heap that went back to the system.", false},
	{"/memory/classes/heap/stacks:bytes", "go_memstats_stack_inuse_bytes", "Bytes of stacks.", false},
	{"/memory/classes/total:bytes", "go_memstats_sys_bytes", "Bytes that the Go runtime got from the system.", false},
	{"/gc/heap/goal:bytes", "go_memstats_next_gc_bytes", "Size of the heap at which the next collection ends.", false},
	{"/gc/gomemlimit:bytes", "go_gc_gomemlimit_bytes", "The limit of memory that the Go runtime keeps to.", false},
	{"/gc/cycles/total:gc-cycles", "go_gc_cycles_total", "Garbage collections.", true},
	{"/gc/heap/allocs:bytes", "go_gc_heap_allocs_bytes_total", "Bytes allocated.", true},
	{"/gc/heap/allocs:objects", "go_gc_heap_allocs_objects_total", "Objects allocated.", true},
	{"/cpu/classes/gc/total:cpu-seconds", "go_cpu_gc_seconds_total", "Estimated CPU time of garbage collections.", true},
}

// runtimeHistograms are the distributions of the Go runtime.
var runtimeHistograms = []struct{ from, name, help string }{
	{"/sched/pauses/total/gc:seconds", "go_gc_pauses_seconds", "Pauses of all goroutines for garbage collections."},
	{"/sched/latencies:seconds", "go_sched_latencies_seconds", "Time that goroutines waited for a thread."},
}

// runtimeBounds are the bounds of these distributions, which the runtime itself
// keeps far finer.
var runtimeBounds = []float64{1e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 1}

// Runtime is the Collector of the Go runtime's numbers.
func Runtime(w *Writer) {
	samples := make([]metrics.Sample, 0, len(runtimeNumbers)+len(runtimeHistograms))
	for _, n := range runtimeNumbers {
		samples = append(samples, metrics.Sample{Name: n.from})
	}
	for _, h := range runtimeHistograms {
		samples = append(samples, metrics.Sample{Name: h.from})
	}
	metrics.Read(samples)

	for i, n := range runtimeNumbers {
		family := w.Gauge
		if n.counter {
			family = w.Counter
		}
		switch v := samples[i].Value; v.Kind() {
		case metrics.KindUint64:
			family(n.name, n.help).Add(float64(v.Uint64()))
		case metrics.KindFloat64:
			family(n.name, n.help).Add(v.Float64())
		}
	}
	for i, h := range runtimeHistograms {
		if v := samples[len(runtimeNumbers)+i].Value; v.Kind() == metrics.KindFloat64Histogram {
			counts, sum := coarser(v.Float64Histogram())
			w.Histogram(h.name, h.help).Buckets(runtimeBounds, counts, sum)
		}
	}
}

// coarser returns the counts of h within runtimeBounds, and the sum of all values
// as far as their buckets tell.
func coarser(h *metrics.Float64Histogram) (counts []uint64, sum float64) {
	counts = make([]uint64, len(runtimeBounds)+1)
	at := 0
	for i, n := range h.Counts {
		low, high := h.Buckets[i], h.Buckets[i+1]
		for at < len(runtimeBounds) && high > runtimeBounds[at] {
			at++
		}
		counts[at] += n
		switch {
		case n == 0:
		case math.IsInf(high, 1):
			sum += float64(n) * low
		case math.IsInf(low, -1):
			sum += float64(n) * high
		default:
			sum += float64(n) * (low + high) / 2
		}
	}
	return counts, sum
}
