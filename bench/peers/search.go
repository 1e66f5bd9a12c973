//go:build linux

package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

const (
	// trialTime is how long a rate is tried.
	trialTime = 5 * time.Second
	// rateFirst and rateMost are the first and the greatest rate tried, in updates per
	// client and second.
	rateFirst = 25
	rateLeast = 1
	rateMost  = 6400
	// bisections is how often the gap between the highest rate that held and the lowest
	// that did not is halved.
	bisections = 3
	// stepDown is what the rate is multiplied by when it holds for a trial but not for
	// the whole run, and retries how often.
	stepDown = 0.9
	retries  = 5
)

// comparison is a peer, Halley on the same load, and all that was tried before.
type comparison struct {
	Peer      string `json:"peer"`
	Transport string `json:"transport"`
	Setting   string `json:"setting"`
	Version   string `json:"version"`
	// At is when it was made, with which Halley.
	At            time.Time `json:"at"`
	HalleyVersion string    `json:"halley_version,omitempty"`
	Result        *trial    `json:"result,omitempty"`
	// Halley is as shipped. Patient is Halley too, told to gather updates for as long as
	// the peer's p99 allows; it is left out where Halley as shipped is no faster.
	Halley  *halley `json:"halley,omitempty"`
	Patient *halley `json:"halley_patient,omitempty"`
	// The ratios are Halley's deliveries per CPU second over the peer's.
	Ratio        float64  `json:"ratio,omitempty"`
	PatientRatio float64  `json:"ratio_patient,omitempty"`
	Trials       []*trial `json:"trials"`
	// Failure says why there is no result.
	Failure string `json:"failure,omitempty"`
}

// comparer compares peers with Halley. It belongs to one goroutine.
type comparer struct {
	*workshop
	clients  int
	duration time.Duration
	rate     float64 // 0 finds the highest
	measure  measurer
	// runHalley is nil if Halley is not run; version is then empty.
	runHalley halleyRunner
	version   string
}

// compare finds the highest rate of a peer, or takes the one given, and runs Halley on
// it. Only an interrupt is an error.
func (c *comparer) compare(ctx context.Context, p peer) (*comparison, error) {
	r := &comparison{
		Peer: p.name, Transport: p.transport, Setting: p.setting,
		At: time.Now().UTC().Truncate(time.Second), HalleyVersion: c.version,
	}
	err := c.highest(ctx, p, r)
	if err == nil && c.runHalley != nil {
		err = c.besides(ctx, r)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		r.Failure = err.Error()
		c.talk("%s: %v", p.name, err)
	}
	return r, nil
}

// besides runs Halley on the load of a peer, as shipped and with the peer's patience.
func (c *comparer) besides(ctx context.Context, r *comparison) (err error) {
	if r.Halley, err = c.runHalley(ctx, r.Transport, c.clients, r.Result.Rate, c.duration, 0); err != nil {
		return err
	}
	r.Ratio = r.Halley.perCPU() / r.Result.perCPU()
	c.talk("%s: Halley delivers %.1f times as much per CPU second", r.Peer, r.Ratio)
	if r.Halley.P99 >= r.Result.P99 {
		return nil
	}
	if r.Patient, err = patient(ctx, c.runHalley, r.Result, r.Transport, c.clients, c.duration); err != nil || r.Patient == nil {
		return err
	}
	r.PatientRatio = r.Patient.perCPU() / r.Result.perCPU()
	c.talk("%s: with the peer's patience, Halley delivers %.1f times as much per CPU second", r.Peer, r.PatientRatio)
	return nil
}

// highest fills in the result at the highest rate that held.
func (c *comparer) highest(ctx context.Context, p peer, r *comparison) error {
	rate := c.rate
	if rate == 0 {
		var err error
		if rate, err = c.search(ctx, p, r); err != nil {
			return err
		}
	}
	for range retries {
		t, err := c.try(ctx, p, r, rate, c.duration)
		if err != nil {
			return err
		}
		if t.holds() || c.rate > 0 {
			r.Result, r.Trials = t, r.Trials[:len(r.Trials)-1]
			return nil
		}
		rate = tidy(rate * stepDown)
	}
	return fmt.Errorf("no rate held for %v", c.duration)
}

// search doubles the rate until it does not hold, and then halves the gap a few times.
func (c *comparer) search(ctx context.Context, p peer, r *comparison) (float64, error) {
	var held, broke float64
	for rate := float64(rateFirst); broke == 0 && rate <= rateMost; rate *= 2 {
		t, err := c.try(ctx, p, r, rate, trialTime)
		switch {
		case err != nil:
			return 0, err
		case t.holds():
			held = rate
		default:
			broke = rate
		}
	}
	for rate := broke / 2; held == 0 && rate >= rateLeast; rate /= 2 {
		t, err := c.try(ctx, p, r, rate, trialTime)
		switch {
		case err != nil:
			return 0, err
		case t.holds():
			held = rate
		default:
			broke = rate
		}
	}
	switch {
	case held == 0:
		return 0, fmt.Errorf("no rate holds, down to %d updates per client and second", rateLeast)
	case broke == 0:
		return held, nil
	}
	for range bisections {
		rate := tidy((held + broke) / 2)
		t, err := c.try(ctx, p, r, rate, trialTime)
		switch {
		case err != nil:
			return 0, err
		case t.holds():
			held = rate
		default:
			broke = rate
		}
	}
	return held, nil
}

// tidy rounds a rate to two digits that matter, so that it can be said.
func tidy(rate float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(rate))-1)
	return math.Round(rate/unit) * unit
}

// try runs a peer at a rate; once more if it does not hold while other programs used
// the machine.
func (c *comparer) try(ctx context.Context, p peer, r *comparison, rate float64, d time.Duration) (*trial, error) {
	t, err := c.once(ctx, p, r, rate, d)
	if err == nil && !t.holds() && t.OtherCores > othersMost {
		c.talk("%s: again, because other programs used %.2f cores", p.name, t.OtherCores)
		return c.once(ctx, p, r, rate, d)
	}
	return t, err
}

// once runs a peer at a rate and keeps what it found.
func (c *comparer) once(ctx context.Context, p peer, r *comparison, rate float64, d time.Duration) (*trial, error) {
	t, version, err := c.measure(ctx, c.workshop, p, c.clients, rate, d)
	if err != nil {
		return nil, err
	}
	r.Version = version
	r.Trials = append(r.Trials, t)
	verdict := strings.Join(slices.Concat(t.Faults, t.Notes), "; ")
	if t.holds() {
		verdict = "holds " + verdict
	}
	c.talk("%s: %g/s per client, %.0f s: %.0f updates/s, p99 %.1f ms, %.2f cores, %.0f updates per CPU second, %s", p.name, rate, t.Duration,
		float64(t.Delivered)/max(t.Duration, 1e-9), t.P99, t.cpu()/max(t.Duration, 1e-9), t.perCPU(), verdict)
	return t, nil
}
