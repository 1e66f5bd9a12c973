//go:build linux

// Command peers compares Halley with other servers: for each it looks for the highest
// rate that it delivers to a thousand clients without losing anything, and then runs
// Halley on that very load. What counts is deliveries per second of the server's CPU
// time.
//
//	go run . list
//	go run . run centrifuge-ws
//	go run . run nats-ws --rate 100 --duration 5s --clients 100
//	go run . all --out ../results
//
// Results go to standard output or into files, talk goes to standard error. Exit codes:
// 0 for success, 1 if there is no result, 2 for wrong usage.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/halley-stream/halley/bench/peers/serve"
)

// Exit codes.
const (
	exitOK    = 0
	exitFault = 1
	exitUsage = 2
)

// serveCommand is the command that this program calls itself with, because a peer has
// to be a process of its own.
const serveCommand = "serve"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// command runs what the command line asks for.
func command(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		help(stderr)
		return exitUsage
	}
	switch args[0] {
	case "list":
		for _, p := range catalog() {
			fmt.Fprintf(stdout, "%-26s %-4s %s\n", p.name, p.transport, p.setting)
		}
		return exitOK
	case "run", "all":
		return runCommand(ctx, args[0] == "all", args[1:], stdout, stderr)
	case serveCommand:
		return serveOne(args[1:], stdin, stdout, stderr)
	case "help", "-h", "-help", "--help":
		help(stdout)
		return exitOK
	}
	fmt.Fprintf(stderr, "peers: unknown command %q; there are list, run and all\n", args[0])
	return exitUsage
}

func help(w io.Writer) {
	fmt.Fprint(w, "Usage: go run . list\n       go run . run PEER [flags]\n       go run . all [flags]\n\n'go run . run -h' shows the flags.\n")
}

// serveOne is a peer.
func serveOne(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprintln(stderr, "peers: serve is called by the bench itself")
		return exitUsage
	}
	flags := flag.NewFlagSet("peers serve", flag.ContinueOnError)
	flags.SetOutput(stderr)
	c := serve.Config{Items: items}
	flags.DurationVar(&c.Delay, "delay", 0, "how long updates are collected, a `time`")
	flags.BoolVar(&c.Gather, "gather", false, "write all that waits at once")
	flags.BoolVar(&c.Protobuf, "protobuf", false, "speak Protobuf")
	if err := flags.Parse(args[1:]); err != nil {
		return exitUsage
	}
	if err := serve.Run(args[0], c, stdin, stdout); err != nil {
		fmt.Fprintf(stderr, "peers: %s: %v\n", args[0], err)
		return exitFault
	}
	return exitOK
}

// options are the flags of run and all.
type options struct {
	clients  int
	rate     float64
	duration time.Duration
	halley   bool
	json     bool
	out      string
	only     string
}

// runCommand compares one peer, or all.
func runCommand(ctx context.Context, all bool, args []string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("peers", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.clients, "clients", 1000, "how many clients, a `number`")
	flags.DurationVar(&o.duration, "duration", 15*time.Second, "how long to measure, a `time`")
	flags.BoolVar(&o.halley, "halley", true, "run Halley on the same load")
	if all {
		flags.StringVar(&o.out, "out", "../results", "where to write peers.json, peers.md and its plots, a `folder`")
		flags.StringVar(&o.only, "only", "", "`names` of peers, or the beginnings of them, with commas between")
	} else {
		flags.Float64Var(&o.rate, "rate", 0, "updates per client and second, a `number`, instead of looking for the highest")
		flags.BoolVar(&o.json, "json", false, "print one JSON object instead of a table")
	}
	name := ""
	if !all && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	if err := flags.Parse(args); err != nil {
		return exitUsage
	}
	peers, err := chosen(all, name, o.only)
	if err == nil && (o.clients < 1 || o.duration <= 0 || o.rate < 0) {
		err = errors.New("a number of clients, a duration or a rate that makes no sense")
	}
	if err != nil {
		fmt.Fprintf(stderr, "peers: %v\n", err)
		return exitUsage
	}
	if err := compareAll(ctx, peers, o, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "peers: %v\n", err)
		return exitFault
	}
	return exitOK
}

// chosen returns the peers that are asked for.
func chosen(all bool, name, only string) ([]peer, error) {
	if !all {
		p, ok := peerNamed(name)
		if !ok {
			return nil, fmt.Errorf("no peer %q; 'go run . list' shows them", name)
		}
		return []peer{p}, nil
	}
	var peers []peer
	for _, p := range catalog() {
		if slices.ContainsFunc(strings.Split(only, ","), func(beginning string) bool { return strings.HasPrefix(p.name, beginning) }) {
			peers = append(peers, p)
		}
	}
	if len(peers) == 0 {
		return nil, fmt.Errorf("no peer begins with %q; 'go run . list' shows them", only)
	}
	return peers, nil
}

// compareAll compares peers one after the other. With a folder to write to, it writes
// after each, so that an interrupt loses one only; and if only some were chosen, it
// keeps there what was found of the others.
func compareAll(ctx context.Context, peers []peer, o options, stdout, stderr io.Writer) error {
	w, err := newWorkshop(stderr)
	if err != nil {
		return err
	}
	defer w.close()
	c := &comparer{workshop: w, clients: o.clients, duration: o.duration, rate: o.rate, measure: measure}
	r := &report{Clients: o.clients, Machine: machine()}
	if o.only != "" {
		if err := r.read(o.out); err != nil {
			return err
		}
	}
	if o.halley {
		h, err := buildHalley(ctx, w)
		if err != nil {
			return err
		}
		c.runHalley, c.version = h.run, h.version
	}
	for _, p := range peers {
		found, err := c.compare(ctx, p)
		if err != nil {
			return err
		}
		r.add(found)
		if o.out != "" {
			if err := r.write(o.out); err != nil {
				return err
			}
		}
	}
	if o.json {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(r.Peers[0])
	} else {
		err = r.table(stdout)
	}
	return errors.Join(err, r.failure(peers))
}
