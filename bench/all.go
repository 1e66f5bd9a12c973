//go:build linux

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/halley-stream/halley/bench/fleet"
)

// allCommand runs all scenarios that have a brief duration, or those named, one
// after the other, and goes on after one that fails. Each result goes into a file
// of its own as soon as it is there.
func allCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("bench all", flag.ContinueOnError)
	flags.SetOutput(stderr)
	out := flags.String("out", "bench/results", "the `folder` for the results")
	duration := flags.Duration("duration", 0, "how long to measure, a `time` instead of each scenario's")
	clients := flags.Int("clients", 0, "how many clients, a `number` instead of each scenario's")
	server := flags.String("server", "", "the `program` to run, instead of building it")
	if err := flags.Parse(args); err != nil {
		return exitUsage
	}
	chosen, err := choose(flags.Args())
	if err == nil && (*duration < 0 || *clients < 0) {
		err = fmt.Errorf("a duration or a number of clients that makes no sense")
	}
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return exitUsage
	}
	for i := range chosen {
		chosen[i].adapt(*duration, *clients)
	}
	s := series{scenarios: chosen, out: *out, program: *server, stdout: stdout, stderr: stderr}
	code, err := s.run(ctx)
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return exitFault
	}
	return code
}

// choose returns the scenarios with the names given, or all that are measured
// together.
func choose(names []string) (chosen []scenario, err error) {
	for _, s := range scenarios() {
		if s.brief == 0 && len(names) == 0 {
			continue
		}
		if s.brief > 0 {
			s.duration = s.brief
		}
		s.transport = fleet.WebSocket
		if len(names) == 0 || slices.Contains(names, s.name) {
			chosen = append(chosen, s)
		}
	}
	for _, name := range names {
		if _, ok := scenarioNamed(name); !ok {
			return nil, fmt.Errorf("no scenario %q; 'go run ./bench list' shows them", name)
		}
	}
	return chosen, nil
}

// adapt gives a scenario another duration and another number of clients. Of the
// clients that are slow or cut, the share stays.
func (s *scenario) adapt(duration time.Duration, clients int) {
	if duration > 0 {
		s.duration = duration
	}
	if clients > 0 && s.clients > 0 && clients != s.clients {
		s.about += fmt.Sprintf(" (here with %d clients)", clients)
		s.slow = s.slow * clients / s.clients
		s.storm = s.storm * clients / s.clients
		s.clients = clients
	}
}

// series is scenarios to be run one after the other.
type series struct {
	scenarios      []scenario
	out, program   string
	stdout, stderr io.Writer
}

// run runs them and returns the worst exit code.
func (s *series) run(ctx context.Context) (code int, err error) {
	if err := os.MkdirAll(s.out, 0o755); err != nil {
		return exitFault, err
	}
	if s.program == "" {
		folder, err := os.MkdirTemp("", "halley-bench-")
		if err != nil {
			return exitFault, err
		}
		defer func() { _ = os.RemoveAll(folder) }() // in the system's folder for such things
		if s.program, err = buildServer(ctx, folder); err != nil {
			return exitFault, err
		}
	}
	for i := range s.scenarios {
		left := time.Duration(0)
		for _, next := range s.scenarios[i:] {
			left += next.takes()
		}
		fmt.Fprintf(s.stderr, "bench: %d of %d: %s; about %v left\n", i+1, len(s.scenarios), s.scenarios[i].name, left.Round(10*time.Second))
		r, err := s.one(ctx, s.scenarios[i])
		if err != nil {
			return exitFault, err
		}
		code = worse(code, r.exitCode())
	}
	return code, nil
}

// one runs a scenario. That it fails is a result as well, unless nobody waits for
// it any more.
func (s *series) one(ctx context.Context, of scenario) (*result, error) {
	began := time.Now()
	r, err := run(ctx, overrides{scenario: of, server: s.program, floor: of.floor}, s.stderr)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		r = &result{Scenario: of.name, About: of.about, Transport: string(of.transport), Clients: of.clients, Began: began, Machine: describe(s.program)}
		r.fault("%v", err)
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(s.out, of.name+".json"), append(text, '\n'), 0o644)
	}
	if err == nil {
		err = printTable(s.stdout, r)
	}
	if err == nil {
		_, err = fmt.Fprintln(s.stdout)
	}
	return r, err
}

// worse returns the worse of two exit codes: a fault is worse than a bar that was
// missed.
func worse(a, b int) int {
	if a == exitFault || b == exitFault {
		return exitFault
	}
	return max(a, b)
}

// takes returns about how long a run takes.
func (s *scenario) takes() time.Duration {
	if len(s.feeds) > 0 {
		return s.duration + time.Minute // for filling a topic
	}
	const around = 3 * time.Second // starting, resting, stopping
	connecting := time.Duration(s.clients) * time.Second / 2000
	once := func(settle, d time.Duration) time.Duration { return around + connecting + settle + d }
	whole := once(s.settle, s.duration)
	switch {
	case s.highest > 0:
		whole += 5 * once(trialSettle, trialTime)
	case s.floor:
		whole += once(5*time.Second, max(pilotTime, s.keepalive)) + 2*(around+min(floorTime, s.duration))
	case s.compare:
		whole *= 2
	case s.storm > 0:
		whole += 10 * time.Second
	}
	return whole
}
