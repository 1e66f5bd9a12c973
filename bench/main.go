//go:build linux

// Command bench measures a Halley server as its clients see it: it builds and starts
// the server, lets a fleet of clients subscribe, checks every update, and reads
// the server's CPU time and memory from /proc.
//
//	go run ./bench run liberator
//	go run ./bench run first --duration 10s --json
//	go run ./bench all --out bench/results
//	go run ./bench list
//
// A result goes to standard output, talk goes to standard error. Exit codes: 0 for
// success; 1 if an update was lost, or the run is not valid; 2 for wrong usage; 3
// if all went well but a bar was missed.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/halley-stream/halley/bench/fleet"
)

// Exit codes.
const (
	exitOK     = 0
	exitFault  = 1
	exitUsage  = 2
	exitMissed = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// command runs what the command line asks for.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		help(stderr)
		return exitUsage
	}
	switch args[0] {
	case "run":
		return runCommand(ctx, args[1:], stdout, stderr)
	case "all":
		return allCommand(ctx, args[1:], stdout, stderr)
	case "list":
		for _, s := range scenarios() {
			fmt.Fprintf(stdout, "%-18s %s\n", s.name, s.about)
		}
		return exitOK
	case floorCommand:
		return runFloor(ctx, args[1:], stdout, stderr)
	case "help", "-h", "-help", "--help":
		help(stdout)
		return exitOK
	}
	fmt.Fprintf(stderr, "bench: unknown command %q; there are run, all and list\n", args[0])
	return exitUsage
}

func help(w io.Writer) {
	fmt.Fprint(w, "Usage: go run ./bench run SCENARIO [flags]\n       go run ./bench all [flags] [SCENARIO...]\n       go run ./bench list\n\n'go run ./bench run -h' shows the flags.\n")
}

// overrides are the flags that change a scenario.
type overrides struct {
	scenario
	server string // the program to run; empty builds it
	floor  bool
}

// runCommand runs a scenario.
func runCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("bench run", flag.ContinueOnError)
	flags.SetOutput(stderr)
	duration := flags.Duration("duration", 0, "how long to measure, a `time` instead of the scenario's")
	transport := flags.String("transport", "ws", "`ws`, http (streaming) or poll")
	clients := flags.Int("clients", 0, "how many clients, a `number` instead of the scenario's")
	rate := flags.Float64("rate", 0, "how often each item ticks per second, a `number` instead of the scenario's")
	slow := flags.Int("slow", 0, "how many of the clients read slowly, a `number` instead of the scenario's")
	slowRate := flags.String("slow-rate", "1kB/s", "how fast slow clients read, in `bytes` per second")
	storm := flags.Int("storm", 0, "how many of the clients are cut and come back (with ws), a `number` instead of the scenario's")
	withFloor := flags.Bool("floor", true, "measure the floor before and after, where the scenario has one")
	server := flags.String("server", "", "the `program` to run, instead of building it")
	asJSON := flags.Bool("json", false, "print one JSON object instead of a table")
	name, rest := "", args
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, rest = args[0], args[1:]
	}
	if err := flags.Parse(rest); err != nil {
		return exitUsage
	}
	if name == "" && flags.NArg() == 1 {
		name = flags.Arg(0)
	}
	misuse := func(format string, args ...any) int {
		fmt.Fprintf(stderr, "bench: "+format+"\n", args...)
		return exitUsage
	}
	s, ok := scenarioNamed(name)
	bytesPerSecond, err := parseRate(*slowRate)
	switch {
	case !ok:
		return misuse("no scenario %q; 'go run ./bench list' shows them", name)
	case err != nil:
		return misuse("%v", err)
	case *transport != string(fleet.WebSocket) && *transport != string(fleet.HTTP) && *transport != string(fleet.Poll):
		return misuse("no transport %q; there are ws, http and poll", *transport)
	}
	s.transport = fleet.Transport(*transport)
	s.slowRate = bytesPerSecond
	if *duration < 0 || *clients < 0 {
		return misuse("a duration or a number of clients that makes no sense")
	}
	s.adapt(*duration, *clients)
	flags.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "rate":
			s.load.Rate, s.highest = *rate, 0
		case "slow":
			s.slow = *slow
		case "storm":
			s.storm = *storm
		}
	})
	if min(s.slow, s.storm) < 0 || s.slow+s.storm > s.clients {
		return misuse("a number of slow clients or of those cut that makes no sense")
	}
	if s.storm > 0 && s.transport != fleet.WebSocket {
		return misuse("storms are for --transport ws")
	}
	result, err := run(ctx, overrides{scenario: s, server: *server, floor: *withFloor && s.floor}, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return exitFault
	}
	if *asJSON {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(result)
	} else {
		err = printTable(stdout, result)
	}
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return exitFault
	}
	return result.exitCode()
}

func (r *result) exitCode() int {
	switch {
	case len(r.Faults) > 0:
		return exitFault
	case len(r.Missed) > 0:
		return exitMissed
	}
	return exitOK
}

// parseRate reads a number of bytes per second: 1kB/s, 500, 2KiB/s.
func parseRate(text string) (int, error) {
	number := strings.TrimSuffix(strings.TrimSuffix(text, "/s"), "B")
	factor := 1
	for unit, f := range map[string]int{"k": 1000, "Ki": 1024, "M": 1000_000, "Mi": 1 << 20} {
		if n, ok := strings.CutSuffix(number, unit); ok && n != "" && n[len(n)-1] <= '9' {
			number, factor = n, f
			break
		}
	}
	n, err := strconv.Atoi(number)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%q is no number of bytes per second, such as 1kB/s", text)
	}
	return n * factor, nil
}
