//go:build linux

package main

import (
	"context"
	"math"
	"time"
)

const (
	// trialTime is how long a rate is tried, after trialSettle.
	trialTime   = 4 * time.Second
	trialSettle = 2 * time.Second
	// near is how near to each other the highest rate that went well and the
	// lowest that did not have to be.
	near = 1.2
	// lowest is where the search gives up.
	lowest = 0.5
	// attempts is how often the run itself is tried, at a rate that is lower by
	// stepDown each time: what goes well for some seconds need not for long.
	attempts = 3
	stepDown = 0.85
)

// trial is a short run on the way to the highest rate.
type trial struct {
	Rate        float64  `json:"updates_per_item_s"`
	Lost        uint64   `json:"lost"`
	P99         float64  `json:"p99_ms"`
	ServerCores float64  `json:"server_cores"`
	Faults      []string `json:"faults"` // none if all went well
}

// atHighest looks for the highest rate at which nothing is lost and p99 is low
// enough, and measures the server at it.
func (b *bench) atHighest(ctx context.Context) (*result, error) {
	var trials []trial
	rate, err := search(b.load.Rate, func(rate float64) (bool, error) {
		t, err := b.try(ctx, rate)
		trials = append(trials, t)
		return len(t.Faults) == 0, err
	})
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		b.load.Rate = rate
		b.talk("the run, at %.3g updates/s per item", rate)
		r, err := b.measure(ctx, "measuring", b.duration)
		if err != nil {
			return nil, err
		}
		r.judge(&b.scenario)
		r.tooLate(b.highest)
		r.Trials = trials
		if len(r.Faults) == 0 || attempt == attempts {
			return r, nil
		}
		trials = append(trials, trialOf(rate, r))
		rate *= stepDown
	}
}

// try measures the server at a rate for a short time.
func (b *bench) try(ctx context.Context, rate float64) (trial, error) {
	short := *b
	short.load.Rate = rate
	short.settle = min(b.settle, trialSettle)
	r, err := short.measure(ctx, "trying", min(trialTime, b.duration))
	switch {
	case ctx.Err() != nil:
		return trial{}, ctx.Err()
	case err != nil: // under too much load clients may not even get their snapshot
		r = &result{}
		r.fault("%v", err)
	default:
		r.judge(&short.scenario)
		r.tooLate(b.highest)
	}
	t := trialOf(rate, r)
	b.talk("%.3g updates/s per item: p99 %.1f ms, %d lost; faults: %d", rate, t.P99, t.Lost, len(t.Faults))
	return t, nil
}

// tooLate makes a late p99 a fault: the rate is too high.
func (r *result) tooLate(limit time.Duration) {
	if allowed := limit.Seconds() * 1000; r.P99 > allowed {
		r.fault("p99 is %.1f ms, more than %.0f", r.P99, allowed)
	}
}

func trialOf(rate float64, r *result) trial {
	return trial{Rate: rate, Lost: r.Lost, P99: r.P99, ServerCores: r.ServerCores, Faults: r.Faults}
}

// search returns the highest rate that goes well, or nearly: it doubles or halves
// the rate from start on, then bisects. A rate that nothing goes well below is
// returned as it is.
func search(start float64, try func(rate float64) (bool, error)) (float64, error) {
	good, bad := 0.0, math.Inf(1)
	for rate := start; good == 0 && rate > lowest || good > 0 && bad/good > near; {
		ok, err := try(rate)
		if err != nil {
			return 0, err
		}
		if ok {
			good = rate
		} else {
			bad = rate
		}
		switch {
		case good == 0:
			rate = bad / 2
		case math.IsInf(bad, 1):
			rate = good * 2
		default:
			rate = math.Sqrt(good * bad)
		}
	}
	if good == 0 {
		good = bad / 2
	}
	return good, nil
}
