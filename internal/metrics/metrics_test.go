package metrics

import (
	"fmt"
	"math"
	"net/http/httptest"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"

	"github.com/halley-stream/halley/internal/metrics/metricstest"
)

func TestText(t *testing.T) {
	w := NewWriter()
	w.Counter("halley_updates_in_total", "Updates from adapters.").Add(3, "adapter", "QUOTES")
	w.Gauge("halley_sessions", "Open sessions,\nby \\ way.").AddInt(2, "transport", `ws "x"`, "tls", "a\\b\nc")
	w.Counter("halley_updates_in_total", "Updates from adapters.").Add(1.5, "adapter", "bad \xff byte")
	w.Histogram("halley_latency_seconds", "Latency.").Buckets([]float64{0.001, 0.5}, []uint64{2, 0, 1}, 1.25, "loop", "0")
	w.Gauge("halley_up", "Up.").AddBool(true)
	w.Gauge("halley_empty", "Nothing.")
	want := `# HELP halley_updates_in_total Updates from adapters.
# TYPE halley_updates_in_total counter
halley_updates_in_total{adapter="QUOTES"} 3
halley_updates_in_total{adapter="bad ` + "\uFFFD" + ` byte"} 1.5
# HELP halley_sessions Open sessions,\nby \\ way.
# TYPE halley_sessions gauge
halley_sessions{transport="ws \"x\"",tls="a\\b\nc"} 2
# HELP halley_latency_seconds Latency.
# TYPE halley_latency_seconds histogram
halley_latency_seconds_bucket{loop="0",le="0.001"} 2
halley_latency_seconds_bucket{loop="0",le="0.5"} 2
halley_latency_seconds_bucket{loop="0",le="+Inf"} 3
halley_latency_seconds_sum{loop="0"} 1.25
halley_latency_seconds_count{loop="0"} 3
# HELP halley_up Up.
# TYPE halley_up gauge
halley_up 1
# HELP halley_metrics_dropped_series Samples left out of this scrape because a family had too many.
# TYPE halley_metrics_dropped_series gauge
halley_metrics_dropped_series 0
`
	if got := string(w.AppendText(nil)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNumbers(t *testing.T) {
	for value, want := range map[float64]string{
		0: "0", 1e6: "1000000", 0.25: "0.25", -3: "-3", 1e300: "1e+300",
		math.Inf(1): "+Inf", math.Inf(-1): "-Inf",
	} {
		if got := formatFloat(value); got != want {
			t.Errorf("%v is written %s, want %s", value, got, want)
		}
	}
	if got := formatFloat(math.NaN()); got != "NaN" {
		t.Errorf("no number is written %s", got)
	}
}

func TestSeriesAreBounded(t *testing.T) {
	w := NewWriter()
	f := w.Gauge("x", "X.")
	for i := range maxSeries + 5 {
		f.Add(1, "i", strconv.Itoa(i))
	}
	text := string(w.AppendText(nil))
	if n := strings.Count(text, "x{"); n != maxSeries {
		t.Errorf("%d samples, want %d", n, maxSeries)
	}
	if !strings.Contains(text, "halley_metrics_dropped_series 5\n") {
		t.Error("the samples left out are not counted")
	}
}

func TestMisuseIsFoundAtOnce(t *testing.T) {
	for name, misuse := range map[string]func(w *Writer){
		"one name for two kinds":   func(w *Writer) { w.Gauge("x", ""); w.Counter("x", "") },
		"a label without a value":  func(w *Writer) { w.Gauge("x", "").Add(1, "a") },
		"buckets in a gauge":       func(w *Writer) { w.Gauge("x", "").Buckets(nil, []uint64{1}, 0) },
		"counts that do not match": func(w *Writer) { w.Histogram("x", "").Buckets([]float64{1}, []uint64{1}, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			misuse(NewWriter())
		})
	}
}

// TestScrapeIsWellFormed reads a whole scrape as strictly as its readers do.
func TestScrapeIsWellFormed(t *testing.T) {
	rec := httptest.NewRecorder()
	Handler(Runtime, Process).ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	if got, want := rec.Header().Get("Content-Type"), "text/plain; version=0.0.4; charset=utf-8"; got != want {
		t.Errorf("the content type is %q, want %q", got, want)
	}
	families, err := metricstest.Parse(rec.Body.String())
	if err != nil {
		t.Fatalf("%v in\n%s", err, rec.Body)
	}
	for _, name := range []string{
		"go_goroutines", "go_gc_pauses_seconds", "go_memstats_heap_alloc_bytes", "go_gc_cycles_total",
		"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds",
	} {
		if families[name] == 0 {
			t.Errorf("%s has no samples", name)
		}
	}
}

func TestCoarserKeepsAllValues(t *testing.T) {
	h := &metrics.Float64Histogram{
		Counts:  []uint64{1, 2, 3, 4},
		Buckets: []float64{math.Inf(-1), 1e-5, 2e-4, 0.5, math.Inf(1)},
	}
	counts, sum := coarser(h)
	want := []uint64{1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 3, 4}
	if fmt.Sprint(counts) != fmt.Sprint(want) {
		t.Errorf("counts are %v, want %v", counts, want)
	}
	if wantSum := 1e-5 + 2*(1e-5+2e-4)/2 + 3*(2e-4+0.5)/2 + 4*0.5; math.Abs(sum-wantSum) > 1e-9 {
		t.Errorf("the sum is %v, want %v", sum, wantSum)
	}
}

func TestStatWithAnOddName(t *testing.T) {
	w := NewWriter()
	writeStat(w, []byte("7 (a ) (b) S 1 7 7 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 9 0 500 1024 3 18446744073709551615"), 1000)
	text := string(w.AppendText(nil))
	for _, want := range []string{"process_threads 9\n", "process_start_time_seconds 1005\n", "process_virtual_memory_bytes 1024\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	writeStat(w, []byte("nonsense"), 0)
	writeStat(w, []byte("1 (x) S"), 0)
}
