//go:build linux

package main

import (
	"context"
	"io"
	"slices"
	"testing"
	"time"
)

func TestSearch(t *testing.T) {
	for _, c := range []struct{ holds, want float64 }{{330, 325}, {25, 25}, {30, 29}, {7, 6.8}, {2, 1.9}, {1e9, 6400}, {0.5, 0}} {
		fake := func(_ context.Context, _ *workshop, _ peer, _ int, rate float64, _ time.Duration) (*trial, string, error) {
			r := &trial{Rate: rate}
			if rate > c.holds {
				r.fault("too much")
			}
			return r, "1", nil
		}
		search := &comparer{workshop: &workshop{stderr: io.Discard}, clients: 1, duration: time.Second, measure: fake}
		got, err := search.compare(t.Context(), peer{name: "fake"})
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case c.want == 0 && (got.Result != nil || got.Failure == ""):
			t.Errorf("a peer that holds %g: %+v, want a failure", c.holds, got)
		case c.want > 0 && (got.Result == nil || got.Result.Rate > c.holds || got.Result.Rate < 0.85*c.want):
			t.Errorf("a peer that holds %g: %+v, want about %g", c.holds, got.Result, c.want)
		}
	}
}

// A rate that holds for a short trial only is lowered for the whole run; one that does
// not hold while others use the machine is tried again.
func TestSearchSecondLooks(t *testing.T) {
	disturbed := true
	var rates []float64
	fake := func(_ context.Context, _ *workshop, _ peer, _ int, rate float64, d time.Duration) (*trial, string, error) {
		r := &trial{Rate: rate}
		switch {
		case rate == 50 && disturbed:
			disturbed = false
			r.OtherCores = 1
			r.fault("disturbed")
		case rate > 100, d > trialTime && rate > 95:
			r.fault("too much")
		}
		rates = append(rates, rate)
		return r, "1", nil
	}
	search := &comparer{workshop: &workshop{stderr: io.Discard}, clients: 1, duration: time.Minute, measure: fake}
	got, err := search.compare(t.Context(), peer{name: "fake"})
	if want := []float64{25, 50, 50, 100, 200, 150, 130, 120, 100, 90}; err != nil || !slices.Equal(rates, want) || got.Result.Rate != 90 {
		t.Errorf("tried %v, error %v, result %+v; want %v", rates, err, got.Result, want)
	}
}
