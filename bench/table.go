//go:build linux

package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// printTable prints a result for people.
func printTable(w io.Writer, r *result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(t, name+"\t"+format+"\n", args...) }
	if len(r.Feeds) > 0 {
		feedRows(r, row)
	} else {
		clientRows(r, row)
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

func feedRows(r *result, row func(name, format string, args ...any)) {
	row("scenario", "%s, %.0f s", r.Scenario, r.Duration)
	for _, f := range r.Feeds {
		row(f.Feed, "%.2f million updates per CPU second of the server, %.2f million/s", f.PerCPU/1e6, float64(f.Updates)/max(f.Seconds, 1e-9)/1e6)
		row("", "%d updates in %.2f s: %.2f s user, %.2f s system; %.1f MB", f.Updates, f.Seconds, f.User, f.System, float64(f.RSS)/1e6)
		row("", "the last values of %d items compared, %d wrong", f.Compared, f.Wrong)
	}
}

func clientRows(r *result, row func(name, format string, args ...any)) {
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
	for _, t := range r.Trials {
		row("tried", "%.3g updates/s per item: p99 %.1f ms, %d lost, %.2f cores; faults: %d", t.Rate, t.P99, t.Lost, t.ServerCores, len(t.Faults))
	}
}
