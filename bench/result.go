//go:build linux

package main

import (
	"fmt"
	"time"

	"github.com/halley-stream/halley/adapters/load"
	"github.com/halley-stream/halley/bench/fleet"
)

// result is what a run found. It holds counters from which every ratio can be
// computed again. The names of the keys are used by others: do not change them.
type result struct {
	Scenario  string    `json:"scenario"`
	About     string    `json:"about"` // the load in a few words
	Transport string    `json:"transport"`
	Began     time.Time `json:"began"`
	Machine   machine   `json:"machine"`

	Clients           int     `json:"clients"`
	UpdatesPerClientS float64 `json:"updates_per_client_s"` // as delivered
	Delivered         uint64  `json:"delivered"`
	Expected          uint64  `json:"expected"` // from the rate; 0 if it is not known
	Lost              uint64  `json:"lost"`
	Duplicates        uint64  `json:"duplicates"`
	Reordered         uint64  `json:"reordered"`
	Empty             uint64  `json:"empty"`        // updates without values
	Conflated         uint64  `json:"conflated"`    // numbers skipped that may be
	Disconnected      uint64  `json:"disconnected"` // sessions that ended
	Behind            uint64  `json:"behind"`       // items of clients not at their last number, at rest

	P50  float64 `json:"p50_ms"`
	P90  float64 `json:"p90_ms"`
	P99  float64 `json:"p99_ms"`
	P999 float64 `json:"p999_ms"`
	Max  float64 `json:"max_ms"`
	// Latency is the curve of which those are points.
	Latency []point `json:"latency"`
	// FeedLagP99 is how late the load adapter called.
	FeedLagP99 float64 `json:"feed_lag_p99_ms"`

	ServerCores      float64 `json:"server_cores"`
	ServerUser       float64 `json:"server_user_s"`
	ServerSystem     float64 `json:"server_sys_s"`
	FleetCores       float64 `json:"fleet_cores"`
	OtherCores       float64 `json:"other_cores"` // of the machine, used by neither
	Writes           uint64  `json:"writes"`      // the server's own count
	WritesSeen       uint64  `json:"writes_seen"` // the fleet's count of frames
	WriteCalls       uint64  `json:"write_calls"` // the kernel's count
	Bytes            uint64  `json:"bytes"`
	Messages         uint64  `json:"messages,omitempty"` // that the clients said
	Duration         float64 `json:"duration_s"`
	UpdatesPerCPU    float64 `json:"updates_per_cpu_s"`
	UserPerUpdate    float64 `json:"user_ns_per_update"`
	UpdatesPerWrite  float64 `json:"updates_per_write"`
	ServerRSS        int64   `json:"server_rss_bytes"`
	ServerRSSEmpty   int64   `json:"server_rss_empty_bytes"`
	ServerRSSStart   int64   `json:"server_rss_start_bytes"` // when the measuring began
	MemoryPerSession float64 `json:"server_bytes_per_session"`
	// What the server says of itself, to find out why something was lost.
	ServerHeld   uint64  `json:"server_held"`     // emissions that found a loop's inbox full
	ServerLagged uint64  `json:"server_lagged"`   // subscribers that fell behind
	ServerWindow float64 `json:"server_window_s"` // mean time between two writes of a session, at the end

	FloorUpdatesPerCPU float64      `json:"floor_updates_per_cpu_s"`
	FloorWrites        uint64       `json:"floor_writes"`
	FloorCPU           float64      `json:"floor_cpu_s"`
	FloorShare         float64      `json:"floor_share"`
	Floors             []floorCount `json:"floors,omitempty"`

	// SlowClients are those that read slowly; they are not among the others.
	SlowClients   int     `json:"slow_clients,omitempty"`
	SlowDelivered uint64  `json:"slow_delivered,omitempty"`
	WithoutSlow   *result `json:"without_slow,omitempty"`

	// StormClients are those that were cut; they are not among the others, either.
	StormClients  int     `json:"storm_clients,omitempty"`
	StormRecovery float64 `json:"storm_recovery_s,omitempty"` // until all were back by recovery
	StormNew      float64 `json:"storm_new_s,omitempty"`      // until all had a new session and its snapshot
	StormRefused  uint64  `json:"storm_refused,omitempty"`    // recoveries that the server did not do

	// Trials are the runs before the real one that looked for the highest rate.
	Trials []trial `json:"trials,omitempty"`
	// Feeds are measured one after the other, in the scenario without clients.
	Feeds []feedCount `json:"feeds,omitempty"`

	// Checks are what was wanted and what there was; Missed are those that were not
	// met, in words. Faults make the run a failure: nothing of it is to be trusted.
	Checks []check  `json:"checks"`
	Faults []string `json:"faults"`
	Missed []string `json:"missed"`
	Notes  []string `json:"notes"`
}

// point says that so many percent of the updates were not older than that.
type point struct {
	Percentile float64 `json:"percentile"`
	MS         float64 `json:"ms"`
}

// percentiles are where a curve of latencies has its points.
var percentiles = []float64{0, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 100}

// curveOf returns the points of a histogram, none if it is empty.
func curveOf(h *load.Histogram) (curve []point) {
	if h.Count() == 0 {
		return nil
	}
	for _, p := range percentiles {
		curve = append(curve, point{p, millis(h.Quantile(p / 100))})
	}
	return curve
}

func (r *result) fault(format string, args ...any) {
	r.Faults = append(r.Faults, fmt.Sprintf(format, args...))
}

func (r *result) miss(format string, args ...any) {
	r.Missed = append(r.Missed, fmt.Sprintf(format, args...))
}

func (r *result) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// fill takes over what was counted.
func (r *result) fill(b *bench, t *fleet.Tally, before, after gauge) {
	seconds := after.at.Sub(before.at).Seconds()
	cpu := after.server.minus(before.server)
	served := float64(max(b.clients-b.slow-b.storm, 1))
	delta := func(name string) uint64 { return uint64(after.metrics[name] - before.metrics[name]) }

	r.Duration = seconds
	r.Delivered, r.SlowDelivered, r.StormRefused, r.Empty = t.Delivered, t.SlowDelivered, t.Refused, t.Empty
	if b.storm == 0 { // else those that are cut are among the others for a while
		r.UpdatesPerClientS = float64(t.Delivered) / served / seconds
	}
	if !b.conflated() && b.storm == 0 {
		r.Expected = uint64(b.updatesPerClient() * served * seconds)
	}
	r.Lost, r.Duplicates, r.Reordered, r.Conflated, r.Disconnected = t.Lost, t.Duplicates, t.Reordered, t.Conflated, t.Ended
	r.P50, r.P90 = millis(t.Latency.Quantile(0.5)), millis(t.Latency.Quantile(0.9))
	r.P99, r.P999, r.Max = millis(t.Latency.Quantile(0.99)), millis(t.Latency.Quantile(0.999)), millis(t.Latency.Max())
	r.Latency = curveOf(&t.Latency)
	r.ServerUser, r.ServerSystem = cpu.user.Seconds(), cpu.system.Seconds()
	r.ServerCores = cpu.total().Seconds() / seconds
	r.FleetCores = (after.own - before.own).Seconds() / seconds
	r.OtherCores = max((after.machine-before.machine).Seconds()/seconds-r.ServerCores-r.FleetCores, 0)
	r.Writes, r.WritesSeen, r.WriteCalls = delta("halley_writes_total"), t.Frames, uint64(after.calls-before.calls)
	r.Bytes, r.Messages = t.Bytes, t.Said
	r.ServerHeld, r.ServerLagged = delta("halley_shard_held_total"), delta("halley_lagged_total")
	r.ServerWindow = after.metrics["halley_loop_window_seconds"] / max(after.metrics[loopCount], 1)
	r.ServerRSS, r.ServerRSSStart = after.rss, before.rss
	r.MemoryPerSession = float64(after.rss-r.ServerRSSEmpty) / float64(max(b.clients, 1))
	if cpu.total() > 0 {
		r.UpdatesPerCPU = float64(t.Delivered) / cpu.total().Seconds()
	}
	if t.Delivered > 0 {
		r.UserPerUpdate = float64(cpu.user) / float64(t.Delivered)
	}
	r.UpdatesPerWrite = float64(t.Delivered) / float64(max(t.Frames, 1))
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
