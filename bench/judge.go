//go:build linux

package main

import (
	"fmt"
	"math"
	"strings"
)

// check is something that was looked at, and the bar if there is one.
type check struct {
	What  string  `json:"what"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
	// Bar is in words, empty if there is none: then it is reported beside.
	Bar string `json:"bar"`
	Met bool   `json:"met"`
}

// judge says what is wrong with a result.
func (r *result) judge(s *scenario) {
	if r.Lost > 0 {
		r.fault("%d updates lost", r.Lost)
	}
	if r.Duplicates > 0 {
		r.fault("%d updates came twice", r.Duplicates)
	}
	if r.Reordered > 0 {
		r.fault("%d updates out of order", r.Reordered)
	}
	if r.Empty > 0 {
		r.fault("%d updates without values", r.Empty)
	}
	if r.Disconnected > 0 {
		r.fault("%d sessions ended", r.Disconnected)
	}
	if r.Behind > 0 {
		r.fault("at rest, %d items of clients are not at their last update", r.Behind)
	}
	if r.Expected > 0 && float64(r.Delivered) < 0.97*float64(r.Expected) {
		r.fault("%d of %d updates delivered: the load was not there", r.Delivered, r.Expected)
	}
	if limit := lagLimit(s); s.load.Rate > 0 && r.FeedLagP99 > limit {
		r.fault("not valid: the feed was late by %.1f ms at p99, more than %.0f ms", r.FeedLagP99, limit)
	}
	if r.OtherCores > 0.2 {
		r.note("other programs used %.2f cores: latencies are not to be trusted", r.OtherCores)
	}
	if r.StormRefused > 0 {
		r.fault("%d recoveries were refused", r.StormRefused)
	}
	r.measureUp(s)
}

// lagLimit is how late the feed may call, in milliseconds: 2 ms or a tenth of the
// latency that is allowed.
func lagLimit(s *scenario) float64 {
	bar := max(s.bars.p99, s.highest)
	if bar == 0 {
		bar = scenarios()[1].bars.p99 // that of the standard load
	}
	return max(2, bar.Seconds()*1000/10)
}

// measureUp compares a result with the bars.
func (r *result) measureUp(s *scenario) {
	b := s.bars
	if s.ticks() {
		wrong := r.Lost + r.Duplicates + r.Reordered // a fault already, where there are any
		r.Checks = append(r.Checks, check{What: "updates lost, twice or out of order", Value: float64(wrong), Bar: "none", Met: wrong == 0})
		r.most("latency p99", "ms", r.P99, orNone(b.p99.Seconds()*1000))
	}
	if s.highest > 0 {
		r.most("highest rate without a loss", "updates/s per client", s.updatesPerClient(), math.NaN())
	}
	r.most("server", "cores", r.ServerCores, orNone(b.cores))
	if b.userPerUpdate > 0 {
		r.most("user time per update", "ns", r.UserPerUpdate, b.userPerUpdate)
	}
	if r.FloorShare > 0 && s.load.Rate > 0 {
		r.least("updates per CPU second", "% of the floor's", 100*r.FloorShare, orNone(100*b.floorShare))
	}
	if r.FloorShare > 0 && b.floorFactor > 0 {
		r.most("CPU time", "times the floor's", 1/r.FloorShare, b.floorFactor)
	}
	if b.bytesPerClient > 0 {
		r.most("memory per session", "bytes", r.MemoryPerSession, b.bytesPerClient)
	}
	if b.comeBack > 0 {
		r.most("all back by recovery", "s", r.StormRecovery, b.comeBack.Seconds())
		r.most("all back with new sessions", "s", r.StormNew, b.comeBack.Seconds())
	}
	if r.WithoutSlow != nil {
		r.most("p99 with slow clients", "times that without", r.P99/max(r.WithoutSlow.P99, 1e-9), orNone(b.p99Factor))
	}
	if b.memoryFactor > 0 {
		r.most("memory at the end", "times that at the start", float64(r.ServerRSS)/float64(max(r.ServerRSSStart, 1)), b.memoryFactor)
	}
}

// orNone is a bar, or none if it is zero.
func orNone(bar float64) float64 {
	if bar == 0 {
		return math.NaN()
	}
	return bar
}

// most and least check a value against a bar; one that is no number is none.
func (r *result) most(what, unit string, value, bar float64) {
	r.check(check{What: what, Unit: unit, Value: value, Bar: inWords("at most", bar), Met: !(value > bar)})
}

func (r *result) least(what, unit string, value, bar float64) {
	r.check(check{What: what, Unit: unit, Value: value, Bar: inWords("at least", bar), Met: !(value < bar)})
}

func inWords(side string, bar float64) string {
	if math.IsNaN(bar) {
		return ""
	}
	return side + " " + figures(bar)
}

func (r *result) check(c check) {
	r.Checks = append(r.Checks, c)
	if !c.Met {
		r.miss("%s: %s; allowed is %s", c.What, strings.TrimSpace(figures(c.Value)+" "+c.Unit), c.Bar)
	}
}

// figures writes a number with three figures, or as many as it has before the point.
func figures(x float64) string {
	switch size := math.Abs(x); {
	case size >= 1e6:
		return fmt.Sprintf("%.2f million", x/1e6)
	case x == math.Trunc(x) || size >= 100:
		return fmt.Sprintf("%.0f", x)
	case size >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}
