//go:build linux

package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// result is what a run found. It holds counters from which every ratio can be
// computed again. The names of the keys are used by others: do not change them.
type result struct {
	Scenario  string `json:"scenario"`
	Transport string `json:"transport"`

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

	// Faults make the run a failure, Missed are the bars that were not met.
	Faults []string `json:"faults"`
	Missed []string `json:"missed"`
	Notes  []string `json:"notes"`
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
	r.measureUp(s.bars)
}

// lagLimit is how late the feed may call, in milliseconds: 2 ms or a tenth of the
// latency that is allowed.
func lagLimit(s *scenario) float64 {
	bar := s.bars.p99
	if bar == 0 {
		bar = scenarios()[1].bars.p99 // that of the standard load
	}
	return max(2, bar.Seconds()*1000/10)
}

// measureUp compares a result with the bars.
func (r *result) measureUp(b bars) {
	if limit := b.p99.Seconds() * 1000; limit > 0 && r.P99 > limit {
		r.miss("p99 is %.1f ms, allowed are %.0f", r.P99, limit)
	}
	if b.cores > 0 && r.ServerCores > b.cores {
		r.miss("the server used %.2f cores, allowed are %.1f", r.ServerCores, b.cores)
	}
	if b.userPerUpdate > 0 && r.UserPerUpdate > b.userPerUpdate {
		r.miss("%.0f ns of user time per update, allowed are %.0f", r.UserPerUpdate, b.userPerUpdate)
	}
	if b.floorShare > 0 && r.FloorShare > 0 && r.FloorShare < b.floorShare {
		r.miss("%.0f %% of the floor's updates per CPU second, wanted are %.0f", 100*r.FloorShare, 100*b.floorShare)
	}
	if b.floorFactor > 0 && r.FloorShare > 0 && 1/r.FloorShare > b.floorFactor {
		r.miss("%.2f times the floor's CPU time, allowed are %.1f", 1/r.FloorShare, b.floorFactor)
	}
	if b.bytesPerClient > 0 && r.MemoryPerSession > b.bytesPerClient {
		r.miss("%.0f bytes of memory per session, allowed are %.0f", r.MemoryPerSession, b.bytesPerClient)
	}
	if limit := b.comeBack.Seconds(); limit > 0 && max(r.StormRecovery, r.StormNew) > limit {
		r.miss("coming back took %.1f s by recovery, %.1f s with new sessions; allowed are %.0f", r.StormRecovery, r.StormNew, limit)
	}
	if b.p99Factor > 0 && r.WithoutSlow != nil && r.P99 > b.p99Factor*r.WithoutSlow.P99 {
		r.miss("p99 is %.2f times that without slow clients, allowed are %.1f", r.P99/r.WithoutSlow.P99, b.p99Factor)
	}
}

// printTable prints a result for people.
func printTable(w io.Writer, r *result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(t, name+"\t"+format+"\n", args...) }
	row("scenario", "%s, %s, %d clients, %.0f s", r.Scenario, r.Transport, r.Clients, r.Duration)
	row("delivered", "%d updates, %.1f per client and second; %d expected", r.Delivered, r.UpdatesPerClientS, r.Expected)
	row("lost, twice, out of order", "%d, %d, %d (conflated %d)", r.Lost, r.Duplicates, r.Reordered, r.Conflated)
	row("latency p50, p90", "%.2f ms, %.2f ms", r.P50, r.P90)
	row("latency p99, p99.9, max", "%.2f ms, %.2f ms, %.2f ms", r.P99, r.P999, r.Max)
	row("feed late by, p99", "%.2f ms", r.FeedLagP99)
	row("server", "%.2f cores: %.2f s user, %.2f s system", r.ServerCores, r.ServerUser, r.ServerSystem)
	row("per update", "%.0f ns user; %.2f million updates per CPU second", r.UserPerUpdate, r.UpdatesPerCPU/1e6)
	row("writes", "%d, seen %d, calls %d; %.1f updates each; %d bytes", r.Writes, r.WritesSeen, r.WriteCalls, r.UpdatesPerWrite, r.Bytes)
	row("memory", "%.1f MB, %.1f MB at the start, %.1f MB empty; %.0f bytes per session",
		float64(r.ServerRSS)/1e6, float64(r.ServerRSSStart)/1e6, float64(r.ServerRSSEmpty)/1e6, r.MemoryPerSession)
	row("inside", "window %.0f ms, %d emissions held back, %d subscribers fell behind", 1000*r.ServerWindow, r.ServerHeld, r.ServerLagged)
	row("fleet, others", "%.2f cores, %.2f cores", r.FleetCores, r.OtherCores)
	if len(r.Floors) > 0 {
		row("floor", "%.2f million updates per CPU second; the server has %.0f %% of it", r.FloorUpdatesPerCPU/1e6, 100*r.FloorShare)
	}
	if r.WithoutSlow != nil {
		row("slow clients", "%d, %d updates; p99 without them %.2f ms", r.SlowClients, r.SlowDelivered, r.WithoutSlow.P99)
	}
	if r.StormClients > 0 {
		row("storm", "%d clients were back after %.2f s by recovery, after %.2f s with new sessions", r.StormClients, r.StormRecovery, r.StormNew)
	}
	for _, text := range r.Notes {
		row("note", "%s", text)
	}
	for _, text := range r.Missed {
		row("MISSED", "%s", text)
	}
	for _, text := range r.Faults {
		row("FAULT", "%s", text)
	}
	return t.Flush()
}
