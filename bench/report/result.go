package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// result is what the bench found, as far as the report needs it. The keys are those
// of the bench.
type result struct {
	file string

	Scenario  string    `json:"scenario"`
	About     string    `json:"about"`
	Transport string    `json:"transport"`
	Began     time.Time `json:"began"`
	Machine   machine   `json:"machine"`

	Clients   int     `json:"clients"`
	Delivered uint64  `json:"delivered"`
	Duration  float64 `json:"duration_s"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	P999      float64 `json:"p999_ms"`
	Max       float64 `json:"max_ms"`
	Latency   []point `json:"latency"`
	FeedLag   float64 `json:"feed_lag_p99_ms"`

	ServerCores   float64 `json:"server_cores"`
	ServerUser    float64 `json:"server_user_s"`
	ServerSystem  float64 `json:"server_sys_s"`
	FleetCores    float64 `json:"fleet_cores"`
	OtherCores    float64 `json:"other_cores"`
	UserPerUpdate float64 `json:"user_ns_per_update"`
	UpdatesPerCPU float64 `json:"updates_per_cpu_s"`
	PerWrite      float64 `json:"updates_per_write"`
	Memory        int64   `json:"server_rss_bytes"`
	PerSession    float64 `json:"server_bytes_per_session"`
	FloorPerCPU   float64 `json:"floor_updates_per_cpu_s"`
	FloorShare    float64 `json:"floor_share"`

	Feeds  []feed   `json:"feeds"`
	Checks []check  `json:"checks"`
	Faults []string `json:"faults"`
	Missed []string `json:"missed"`
	Notes  []string `json:"notes"`
}

type machine struct {
	CPU      string `json:"cpu"`
	Cores    int    `json:"cores"`
	Memory   int64  `json:"memory_bytes"`
	Kernel   string `json:"kernel"`
	Go       string `json:"go"`
	Revision string `json:"revision"`
}

// point is one of a curve of latencies.
type point struct {
	Percentile float64 `json:"percentile"`
	MS         float64 `json:"ms"`
}

// feed is a way into the server.
type feed struct {
	Feed    string  `json:"feed"`
	Updates uint64  `json:"updates"`
	Seconds float64 `json:"duration_s"`
	User    float64 `json:"server_user_s"`
	System  float64 `json:"server_sys_s"`
	PerCPU  float64 `json:"updates_per_cpu_s"`
	RSS     int64   `json:"server_rss_bytes"`
}

// check is something that was looked at. One without a bar is always met.
type check struct {
	What  string  `json:"what"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
	Bar   string  `json:"bar"`
	Met   bool    `json:"met"`
}

// order is that of the scenarios in all tables; others follow by name.
var order = []string{
	"liberator", "liberator-shared", "liberator-private", "firehose", "firehose-shared", "firehose-private",
	"lightstreamer", "quiet-latency", "idle", "idle-one", "conflation", "slow-clients", "storm", "ingest",
}

// readResults reads all results in a folder. Files of others, such as of the peers,
// have no scenario.
func readResults(folder string) (results []result, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(filepath.Base(file), peersName) {
			continue
		}
		r := result{file: filepath.Base(file)}
		if err := json.Unmarshal(text, &r); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if r.Scenario != "" {
			results = append(results, r)
		}
	}
	if len(results) == 0 {
		return nil, errors.New(folder + " has no results; 'make bench' makes some")
	}
	slices.SortFunc(results, func(a, b result) int {
		return cmp.Or(cmp.Compare(a.place(), b.place()), cmp.Compare(a.Scenario, b.Scenario), cmp.Compare(a.file, b.file))
	})
	return results, nil
}

// place returns where a result comes in the tables.
func (r *result) place() int {
	if i := slices.Index(order, r.Scenario); i >= 0 {
		return i
	}
	return len(order)
}

// name is the scenario's, with the transport where that is not the usual one.
func (r *result) name() string {
	if r.Transport == "" || r.Transport == "ws" {
		return r.Scenario
	}
	return r.Scenario + " (" + r.Transport + ")"
}

// valid says in a word what a run is worth.
func (r *result) valid() string {
	if len(r.Faults) > 0 {
		return "**no**"
	}
	return "yes"
}

// perMillion is the CPU time of the server for a million updates, in seconds.
func (r *result) perMillion() float64 {
	if r.Delivered == 0 {
		return 0
	}
	return (r.ServerUser + r.ServerSystem) / float64(r.Delivered) * 1e6
}

// peersName is how the files of the comparison with other servers begin.
const peersName = "peers"

// peersIn returns the files of that comparison that there are.
func peersIn(folder string) (files []string) {
	for _, name := range []string{peersName + ".md", peersName + ".json"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			files = append(files, name)
		}
	}
	return files
}
