//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters/load"
	"github.com/halley-stream/halley/bench/fleet"
)

func TestCommandLine(t *testing.T) {
	cases := map[string]struct {
		args []string
		code int
		text string
	}{
		"nothing":              {nil, exitUsage, "Usage: go run ./bench run SCENARIO"},
		"an unknown command":   {[]string{"walk"}, exitUsage, "there are run, all and list"},
		"no scenario":          {[]string{"run"}, exitUsage, "go run ./bench list"},
		"an unknown scenario":  {[]string{"run", "nothing"}, exitUsage, `no scenario "nothing"`},
		"an unknown transport": {[]string{"run", "first", "--transport", "pigeon"}, exitUsage, "there are ws, http and poll"},
		"a bad rate":           {[]string{"run", "first", "--slow-rate", "fast"}, exitUsage, "1kB/s"},
		"more slow than all":   {[]string{"run", "first", "--clients", "1", "--slow", "2"}, exitUsage, "no sense"},
		"the list":             {[]string{"list"}, exitOK, "liberator"},
		"less than no time":    {[]string{"run", "first", "--duration", "-1s"}, exitUsage, "no sense"},
		"all but one unknown":  {[]string{"all", "idle", "nothing"}, exitUsage, `no scenario "nothing"`},
		"a floor by hand":      {[]string{floorCommand, "x"}, exitUsage, "started by the bench itself"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if code := command(t.Context(), c.args, &out, &out); code != c.code || !strings.Contains(out.String(), c.text) {
				t.Errorf("%q gives %d and %q, want %d and %q", c.args, code, out.String(), c.code, c.text)
			}
		})
	}
}

func TestRates(t *testing.T) {
	for text, want := range map[string]int{"1kB/s": 1000, "500": 500, "2KiB/s": 2048, "1MB/s": 1000_000, "3B/s": 3, "64kB": 64_000, "": 0, "k": 0, "-1": 0, "1x": 0} {
		if got, err := parseRate(text); got != want || (err != nil) != (want == 0) {
			t.Errorf("%q is %d, %v; want %d", text, got, err, want)
		}
	}
}

func TestScenariosAreSound(t *testing.T) {
	seen := make(map[string]bool)
	for _, s := range scenarios() {
		if seen[s.name] || s.about == "" || s.duration <= 0 || len(s.feeds) == 0 && (s.clients < 1 || s.perClient < 1) {
			t.Errorf("%s: named twice, or not complete: %+v", s.name, s)
		}
		seen[s.name] = true
		if len(s.feeds) > 0 {
			continue
		}
		if err := s.load.Validate(); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
		draw := s.draw(&s)
		for _, session := range []int{0, 1, s.clients - 1} {
			items := draw(session)
			slices.Sort(items)
			if len(slices.Compact(items)) != s.perClient || items[0] < 0 || items[len(items)-1] >= s.load.Items {
				t.Errorf("%s: client %d has the items %v of %d", s.name, session, items, s.load.Items)
			}
		}
		if got, known := scenarioNamed(s.name); !known || got.name != s.name {
			t.Errorf("%s is not found", s.name)
		}
	}
	for _, name := range []string{"first", "liberator", "firehose", "lightstreamer", "quiet-latency", "idle", "idle-one", "slow-clients", "storm", "conflation", "ingest",
		"liberator-shared", "liberator-private", "firehose-shared", "firehose-private"} {
		if !seen[name] {
			t.Errorf("no scenario %s", name)
		}
	}
}

func TestMetricsAreRead(t *testing.T) {
	for line, want := range map[string]float64{
		`halley_writes_total{loop="0"} 42`: 42,
		`up 1e3`:                           1000,
	} {
		if _, got, ok := parseMetric(line); got != want || !ok {
			t.Errorf("%s is %v, %v", line, got, ok)
		}
	}
	for _, line := range []string{"", "# HELP x y", "x", "x y"} {
		if _, _, ok := parseMetric(line); ok {
			t.Errorf("%q is a metric", line)
		}
	}
}

func TestProcIsRead(t *testing.T) {
	pid := os.Getpid()
	before, err := readCPU(pid)
	if err != nil {
		t.Fatal(err)
	}
	machine, err := readMachine()
	if err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); time.Since(start) < 10*time.Second; {
		if after, _ := readCPU(pid); after.minus(before).total() >= 50*time.Millisecond {
			break
		}
	}
	after, err := readCPU(pid)
	if used := after.minus(before).total(); err != nil || used < 50*time.Millisecond || used > 20*time.Second {
		t.Errorf("%v of CPU time, %v; want 50 ms", used, err)
	}
	if later, err := readMachine(); err != nil || later < machine+20*time.Millisecond {
		t.Errorf("the machine was busy for %v, then %v, %v", machine, later, err)
	}
	if used, err := readRunTime(pid); err != nil || used < 20*time.Millisecond || used > time.Hour {
		t.Errorf("%v of run time, %v", used, err)
	}
	if rss, err := readRSS(pid); err != nil || rss < 1<<20 || rss > 1<<40 {
		t.Errorf("memory %d, %v", rss, err)
	}
	if calls, err := readWriteCalls(pid); err != nil || calls < 0 {
		t.Errorf("%d write calls, %v", calls, err)
	}
	if _, err := readRunTime(-1); err == nil {
		t.Error("threads of a process -1")
	}
	if _, err := readCPU(-1); err == nil {
		t.Error("a process -1")
	}
}

func TestJudging(t *testing.T) {
	s, _ := scenarioNamed("liberator")
	good := func() *result {
		return &result{Delivered: 100, Expected: 100, P99: 100, ServerCores: 0.9, UserPerUpdate: 100, FloorShare: 0.9, FeedLagP99: 1}
	}
	cases := map[string]struct {
		change         func(*result)
		faults, missed int
	}{
		"all well":           {func(*result) {}, 0, 0},
		"a loss":             {func(r *result) { r.Lost = 1 }, 1, 0},
		"a duplicate":        {func(r *result) { r.Duplicates = 1 }, 1, 0},
		"a reordering":       {func(r *result) { r.Reordered = 1 }, 1, 0},
		"a session's end":    {func(r *result) { r.Disconnected = 1 }, 1, 0},
		"one left behind":    {func(r *result) { r.Behind = 1 }, 1, 0},
		"half the load":      {func(r *result) { r.Delivered = 50 }, 1, 0},
		"a late feed":        {func(r *result) { r.FeedLagP99 = 15.1 }, 1, 0},
		"a late p99":         {func(r *result) { r.P99 = 151 }, 0, 1},
		"too much CPU":       {func(r *result) { r.ServerCores = 1.1 }, 0, 1},
		"too much per item":  {func(r *result) { r.UserPerUpdate = 151 }, 0, 1},
		"far from the floor": {func(r *result) { r.FloorShare = 0.79 }, 0, 1},
	}
	for name, c := range cases {
		r := good()
		c.change(r)
		r.judge(&s)
		if len(r.Faults) != c.faults || len(r.Missed) != c.missed {
			t.Errorf("%s: faults %q, missed %q; want %d and %d", name, r.Faults, r.Missed, c.faults, c.missed)
		}
	}
	quiet, _ := scenarioNamed("quiet-latency")
	r := &result{FeedLagP99: 1.9}
	if r.judge(&quiet); len(r.Faults) != 0 {
		t.Errorf("a feed late by 1.9 ms: %q; 2 ms are allowed", r.Faults)
	}
	slow, _ := scenarioNamed("slow-clients")
	r = &result{P99: 140, WithoutSlow: &result{P99: 100}, ServerRSS: 100, ServerRSSStart: 100}
	if r.judge(&slow); len(r.Missed) != 1 {
		t.Errorf("p99 is 1.4 times that without slow clients: %q", r.Missed)
	}
}

func TestFloorIsTakenPerWrite(t *testing.T) {
	// counts are those of a floor with so many writes at 10 µs each.
	counts := func(writes uint64, seconds float64) floorCount {
		return floorCount{Writes: writes, Calls: writes, CPU: float64(writes) * 10e-6, Seconds: seconds}
	}
	good := func() *result {
		return &result{WritesSeen: 1000, Writes: 1001, UpdatesPerWrite: 10, ServerUser: 0.010, ServerSystem: 0.010, Duration: 1}
	}
	r := good()
	dear := counts(1000, 1)
	dear.CPU *= 1.05
	r.compare(counts(2000, 2), dear)
	if math.Abs(r.FloorShare-0.5125) > 1e-9 || math.Abs(r.FloorUpdatesPerCPU-10/0.00001025) > 1 || r.FloorWrites != 3000 {
		t.Errorf("share %v, %v updates per CPU second, %d writes", r.FloorShare, r.FloorUpdatesPerCPU, r.FloorWrites)
	}
	if len(r.Faults)+len(r.Notes) != 0 {
		t.Errorf("floors that differ by 5 %%: %q, %q", r.Faults, r.Notes)
	}
	for name, c := range map[string]struct {
		change        func(r *result, before, after *floorCount)
		faults, notes int
	}{
		"the floors differ by 18 %":      {func(_ *result, _, after *floorCount) { after.CPU *= 1.2 }, 1, 0},
		"the pilot wrote more":           {func(_ *result, before, _ *floorCount) { before.Seconds /= 2 }, 0, 1},
		"the second floor does not":      {func(_ *result, _, after *floorCount) { after.Seconds *= 2 }, 1, 0},
		"the kernel counts others":       {func(_ *result, before, _ *floorCount) { before.Calls *= 2 }, 1, 0},
		"the server counts more than is": {func(r *result, _, _ *floorCount) { r.Writes = 1100 }, 1, 0},
	} {
		r, before, after := good(), counts(1000, 1), counts(1000, 1)
		c.change(r, &before, &after)
		r.compare(before, after)
		if len(r.Faults) != c.faults || len(r.Notes) != c.notes {
			t.Errorf("%s: faults %q, notes %q; want %d and %d", name, r.Faults, r.Notes, c.faults, c.notes)
		}
	}
}

func TestResultHasTheKeysThatOthersRead(t *testing.T) {
	text, err := json.Marshal(&result{})
	if err != nil {
		t.Fatal(err)
	}
	var keys map[string]any
	if err := json.Unmarshal(text, &keys); err != nil {
		t.Fatal(err)
	}
	for _, key := range strings.Fields("clients updates_per_client_s delivered lost p50_ms p99_ms p999_ms feed_lag_p99_ms server_cores server_user_s server_sys_s writes bytes duration_s updates_per_cpu_s user_ns_per_update floor_updates_per_cpu_s floor_writes floor_cpu_s floor_share server_rss_bytes latency checks machine") {
		if _, ok := keys[key]; !ok {
			t.Errorf("no %s in %s", key, text)
		}
	}
	var table strings.Builder
	if err := printTable(&table, &result{Faults: []string{"all of it"}, WithoutSlow: &result{}, Floors: make([]floorCount, 2), Trials: make([]trial, 1)}); err != nil || !strings.Contains(table.String(), "all of it") {
		t.Errorf("the table is %q, %v", table.String(), err)
	}
}

// TestSmallRun builds the server and measures it for a second, over each transport,
// with some of the clients slow, and compared with the floor.
func TestSmallRun(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program")
	}
	program, err := buildServer(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, transport := range []fleet.Transport{fleet.WebSocket, fleet.HTTP, fleet.Poll} {
		t.Run(string(transport), func(t *testing.T) {
			s := scenario{
				name: "small", transport: transport, clients: 20, perClient: 5, draw: atRandom,
				load:     load.Config{Items: 50, Rate: 20, Seed: seed},
				duration: time.Second, slow: 1, slowRate: 1000, compare: transport == fleet.WebSocket,
			}
			r, err := run(t.Context(), overrides{scenario: s, server: program}, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			// Not all faults: how late the feed is depends on the machine.
			if r.Delivered < 1000 || r.Lost+r.Duplicates+r.Reordered+r.Disconnected+r.Behind > 0 || r.P99 <= 0 || r.SlowDelivered == 0 {
				t.Errorf("%+v", r)
			}
			if s.compare && (r.WithoutSlow == nil || r.WithoutSlow.Delivered < 1000) {
				t.Errorf("without slow clients: %+v", r.WithoutSlow)
			}
			if r.ServerRSS == 0 || r.Writes == 0 || r.Bytes == 0 || r.WriteCalls == 0 {
				t.Errorf("nothing was read of the server: %+v", r)
			}
		})
	}
	t.Run("rooms", func(t *testing.T) {
		s, _ := scenarioNamed("rooms")
		s.transport, s.clients, s.load.Items, s.say.Rate, s.settle, s.duration = fleet.WebSocket, 20, 20, 100, 0, time.Second
		r, err := run(t.Context(), overrides{scenario: s, server: program}, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if r.Messages < 50 || r.Delivered < 5*r.Messages || r.Lost+r.Duplicates+r.Reordered+r.Disconnected+r.Behind > 0 || len(r.Faults) > 0 {
			t.Errorf("%+v", r)
		}
	})
}
