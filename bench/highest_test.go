//go:build linux

package main

import (
	"errors"
	"testing"
	"time"
)

func TestSearch(t *testing.T) {
	for _, limit := range []float64{1, 1.6, 30, 99, 100, 101, 5000} {
		tries := 0
		got, err := search(100, func(rate float64) (bool, error) {
			tries++
			return rate <= limit, nil
		})
		if err != nil || got > limit || got < limit/near || tries > 12 {
			t.Errorf("the highest rate is %v, found is %v after %d tries, %v", limit, got, tries, err)
		}
	}
	if got, err := search(100, func(float64) (bool, error) { return false, nil }); got <= 0 || got > lowest || err != nil {
		t.Errorf("nothing goes well: %v, %v; want less than %v", got, err, lowest)
	}
	stop := errors.New("stop")
	if _, err := search(100, func(float64) (bool, error) { return false, stop }); !errors.Is(err, stop) {
		t.Errorf("%v, want the error of the trial", err)
	}
}

func TestALateP99IsAFaultOfATrial(t *testing.T) {
	r := &result{P99: 151}
	if r.tooLate(150 * time.Millisecond); len(r.Faults) != 1 {
		t.Errorf("151 ms: %q", r.Faults)
	}
	r = &result{P99: 149}
	if r.tooLate(150 * time.Millisecond); len(r.Faults) != 0 {
		t.Errorf("149 ms: %q", r.Faults)
	}
}
