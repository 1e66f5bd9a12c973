// Package metrics writes numbers in the text format that Prometheus reads.
//
// It keeps no numbers: collectors are called at each scrape and say what they
// count, so that the hot path can keep its counters where they are cheap. Labels
// must come from small sets, never from clients or items.
package metrics

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Collector says what it counts. It is called at each scrape, from any goroutine.
type Collector func(w *Writer)

// maxSeries bounds the samples of a family, should a label not come from a small
// set after all. What is beyond is left out and counted.
const maxSeries = 1000

// Writer collects families of samples. Several collectors may add to one family.
// It belongs to one goroutine.
type Writer struct {
	families []*Family
	byName   map[string]*Family
}

// Family is all samples with one name.
type Family struct {
	name, help, kind string

	text    []byte
	series  int
	dropped int
}

// NewWriter returns an empty Writer.
func NewWriter() *Writer { return &Writer{byName: make(map[string]*Family)} }

// Counter returns the family of a number that only grows. Its name ends in
// _total.
func (w *Writer) Counter(name, help string) *Family { return w.family(name, help, "counter") }

// Gauge returns the family of a number that goes up and down.
func (w *Writer) Gauge(name, help string) *Family { return w.family(name, help, "gauge") }

// Histogram returns the family of a distribution, whose samples Buckets adds.
func (w *Writer) Histogram(name, help string) *Family { return w.family(name, help, "histogram") }

func (w *Writer) family(name, help, kind string) *Family {
	f := w.byName[name]
	if f == nil {
		f = &Family{name: name, help: help, kind: kind}
		w.byName[name] = f
		w.families = append(w.families, f)
	}
	if f.kind != kind {
		panic("metrics: " + name + " is a " + f.kind + " and a " + kind)
	}
	return f
}

// Add adds a sample with labels, given as names and values in turn.
func (f *Family) Add(value float64, labels ...string) {
	if f.full() {
		return
	}
	f.sample("", value, labels)
}

// AddInt adds a sample that is a whole number.
func (f *Family) AddInt(value int64, labels ...string) { f.Add(float64(value), labels...) }

// AddBool adds a sample that is 1 or 0.
func (f *Family) AddBool(value bool, labels ...string) {
	n := 0.0
	if value {
		n = 1
	}
	f.Add(n, labels...)
}

// Buckets adds the sample of a histogram: counts[i] is how many values were at
// most bounds[i] and more than the bound before; the last count, beyond the
// bounds, is that of the values above all of them. sum is the sum of all values.
func (f *Family) Buckets(bounds []float64, counts []uint64, sum float64, labels ...string) {
	if f.kind != "histogram" {
		panic("metrics: buckets in the " + f.kind + " " + f.name)
	}
	if len(counts) != len(bounds)+1 {
		panic("metrics: " + f.name + " must have one count more than bounds")
	}
	if f.full() {
		return
	}
	var total uint64
	withBound := append(slices.Clone(labels), "le", "")
	for i, n := range counts {
		total += n
		bound := math.Inf(1)
		if i < len(bounds) {
			bound = bounds[i]
		}
		withBound[len(withBound)-1] = formatFloat(bound)
		f.sample("_bucket", float64(total), withBound)
	}
	f.sample("_sum", sum, labels)
	f.sample("_count", float64(total), labels)
}

// full counts a series and reports whether it has to be left out.
func (f *Family) full() bool {
	if f.series >= maxSeries {
		f.dropped++
		return true
	}
	f.series++
	return false
}

func (f *Family) sample(suffix string, value float64, labels []string) {
	if len(labels)%2 != 0 {
		panic("metrics: " + f.name + " has a label without a value")
	}
	f.text = append(f.text, f.name...)
	f.text = append(f.text, suffix...)
	for i := 0; i < len(labels); i += 2 {
		separator := byte(',')
		if i == 0 {
			separator = '{'
		}
		f.text = append(f.text, separator)
		f.text = append(f.text, labels[i]...)
		f.text = append(f.text, '=', '"')
		f.text = appendEscaped(f.text, labels[i+1], true)
		f.text = append(f.text, '"')
	}
	if len(labels) > 0 {
		f.text = append(f.text, '}')
	}
	f.text = append(f.text, ' ')
	f.text = append(f.text, formatFloat(value)...)
	f.text = append(f.text, '\n')
}

// AppendText appends all samples in the text format, version 0.0.4.
func (w *Writer) AppendText(dst []byte) []byte {
	dropped := 0
	for _, f := range w.families {
		dst = f.appendText(dst)
		dropped += f.dropped
	}
	own := &Family{name: "halley_metrics_dropped_series", help: "Samples left out of this scrape because a family had too many.", kind: "gauge"}
	own.AddInt(int64(dropped))
	return own.appendText(dst)
}

func (f *Family) appendText(dst []byte) []byte {
	if len(f.text) == 0 {
		return dst
	}
	dst = append(dst, "# HELP "...)
	dst = append(dst, f.name...)
	dst = append(dst, ' ')
	dst = appendEscaped(dst, f.help, false)
	dst = append(dst, "\n# TYPE "...)
	dst = append(dst, f.name...)
	dst = append(dst, ' ')
	dst = append(dst, f.kind...)
	dst = append(dst, '\n')
	return append(dst, f.text...)
}

// appendEscaped appends s with its backslashes and ends of lines escaped, and in
// the values of labels its quotes.
func appendEscaped(dst []byte, s string, quotes bool) []byte {
	s = strings.ToValidUTF8(s, "\uFFFD")
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\\':
			dst = append(dst, `\\`...)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '"' && quotes:
			dst = append(dst, `\"`...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func formatFloat(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "+Inf"
	case math.IsInf(v, -1):
		return "-Inf"
	case math.IsNaN(v):
		return "NaN"
	case v == math.Trunc(v) && math.Abs(v) < 1<<53:
		return strconv.FormatInt(int64(v), 10)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
