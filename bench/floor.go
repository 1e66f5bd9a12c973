//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/halley-stream/halley/bench/fleet"
	"github.com/halley-stream/halley/bench/floor"
)

const (
	// pilotTime is how long the server is measured before the floor, which needs
	// to know how many writes to make.
	pilotTime = 8 * time.Second
	// floorTime is how long the floor is measured, before and after.
	floorTime = 10 * time.Second
	// floorTolerance is how much the two may differ.
	floorTolerance = 0.10
	// countTolerance is how much two counts of the same writes may differ: they
	// are read one after the other.
	countTolerance = 0.02
)

// floorCommand is the command that the bench calls itself with, because the floor
// has to be a process of its own.
const floorCommand = "floor-process"

// runFloor is that process: it reads its configuration from the arguments and
// prints the port that it listens on. Its writes begin when all connections are
// there, and end with a signal.
func runFloor(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c floor.Config
	if len(args) != 1 || json.Unmarshal([]byte(args[0]), &c) != nil {
		fmt.Fprintln(stderr, "bench: the floor is started by the bench itself")
		return exitUsage
	}
	listener, port, err := floor.Listen()
	if err == nil {
		defer unix.Close(listener)
		fmt.Fprintln(stdout, port)
		_, err = floor.Run(ctx, listener, c)
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintf(stderr, "bench: floor: %v\n", err)
		return exitFault
	}
	return exitOK
}

// floorCount is what the floor did while it was measured.
type floorCount struct {
	Writes  uint64  `json:"writes"`      // the fleet's count
	Calls   uint64  `json:"write_calls"` // the kernel's, of the same
	Bytes   uint64  `json:"bytes"`
	CPU     float64 `json:"cpu_s"`
	Seconds float64 `json:"duration_s"`
}

// perWrite is the CPU time of a write, in seconds.
func (c floorCount) perWrite() float64 { return c.CPU / max(float64(c.Writes), 1) }

func (c floorCount) perSecond() float64 { return float64(c.Writes) / max(c.Seconds, 1e-9) }

// withFloor measures the floor, the server and the floor again. The first floor
// makes as many writes a second as a short pilot run of the server, the second as
// many as the run itself. A write costs less where there are many: so, where the
// pilot was too far from the run, the run becomes the pilot of another one.
func (b *bench) withFloor(ctx context.Context) (*result, error) {
	pilot := *b
	pilot.settle = min(b.settle, 5*time.Second)
	// Long enough for every session to be written to.
	like, sizes, err := pilot.measureSizes(ctx, "a pilot, to know the floor's writes", min(max(pilotTime, b.keepalive), b.duration))
	for attempt := 1; err == nil; attempt++ {
		var before, after floorCount
		if before, err = b.floorOf(ctx, like, sizes); err != nil {
			break
		}
		if like, sizes, err = b.measureSizes(ctx, "measuring", b.duration); err != nil {
			break
		}
		if d := difference(before.perSecond(), like.perSecond()); d > floorTolerance && attempt == 1 {
			b.talk("the floor made %.0f writes/s, the server %.0f: once more", before.perSecond(), like.perSecond())
			continue
		}
		if after, err = b.floorOf(ctx, like, sizes); err != nil {
			break
		}
		like.compare(before, after)
		like.judge(&b.scenario)
		return like, nil
	}
	return nil, err
}

// perSecond is how many writes the server made.
func (r *result) perSecond() float64 { return float64(r.WritesSeen) / max(r.Duration, 1e-9) }

// floorOf measures the floor of a run: as many writes a second, of the same sizes.
func (b *bench) floorOf(ctx context.Context, r *result, sizes []int) (floorCount, error) {
	if r.WritesSeen == 0 {
		return floorCount{}, errors.New("the server wrote nothing")
	}
	c := floor.Config{Connections: b.clients, PerSecond: r.perSecond(), Sizes: sizes, Fields: b.load.Fields}
	b.talk("the floor: %.0f writes/s", c.PerSecond)
	return measureFloor(ctx, c, min(floorTime, b.duration), b.stderr)
}

// compare relates a result to the floors before and after it. What a floor costs is
// taken per write, so that it need not have made exactly as many.
func (r *result) compare(before, after floorCount) {
	r.Floors = []floorCount{before, after}
	r.FloorWrites = before.Writes + after.Writes
	r.FloorCPU = before.CPU + after.CPU
	perWrite := (before.perWrite() + after.perWrite()) / 2
	if perWrite > 0 {
		r.FloorUpdatesPerCPU = r.UpdatesPerWrite / perWrite
		r.FloorShare = perWrite * float64(r.WritesSeen) / (r.ServerUser + r.ServerSystem)
	}
	if d := difference(before.perWrite(), after.perWrite()); d > floorTolerance {
		r.fault("not valid: the two floors differ by %.0f %% per write: %.2f and %.2f µs", 100*d, 1e6*before.perWrite(), 1e6*after.perWrite())
	}
	own := r.perSecond()
	if first := before.perSecond(); difference(first, own) > floorTolerance {
		r.note("the first floor made %.0f writes/s, the server %.0f", first, own)
	}
	if second := after.perSecond(); difference(second, own) > floorTolerance {
		r.fault("not valid: the second floor made %.0f writes/s, the server %.0f", second, own)
	}
	for _, f := range r.Floors {
		if difference(float64(f.Writes), float64(f.Calls)) > countTolerance {
			r.fault("not valid: the clients saw %d writes of the floor, the kernel %d", f.Writes, f.Calls)
		}
	}
	if difference(float64(r.WritesSeen), float64(r.Writes)) > countTolerance {
		r.fault("not valid: the clients saw %d writes, the server counted %d", r.WritesSeen, r.Writes)
	}
}

// difference is how much two numbers differ, as a share of their mean.
func difference(a, b float64) float64 { return 2 * math.Abs(a-b) / max(a+b, 1e-12) }

// measureFloor runs the floor for a time.
func measureFloor(ctx context.Context, c floor.Config, d time.Duration, stderr io.Writer) (count floorCount, err error) {
	program, err := os.Executable()
	if err != nil {
		return count, err
	}
	config, err := json.Marshal(c)
	if err != nil {
		return count, err
	}
	process := exec.Command(program, floorCommand, string(config))
	process.Stderr = stderr
	out, err := process.StdoutPipe()
	if err != nil {
		return count, err
	}
	if err := process.Start(); err != nil {
		return count, err
	}
	defer func() {
		_ = process.Process.Signal(os.Interrupt) // it may have ended
		_ = process.Wait()
	}()
	var port int
	if _, err := fmt.Fscan(out, &port); err != nil {
		return count, fmt.Errorf("the floor did not start: %w", err)
	}
	f, err := fleet.New(fleet.Config{
		Address: fmt.Sprintf("127.0.0.1:%d", port), Transport: fleet.Bare, Sessions: c.Connections, Fields: c.Fields, Ramp: 10_000,
	})
	if err != nil {
		return count, err
	}
	defer f.Close()
	if err := f.Connect(ctx, nil); err != nil {
		return count, err
	}
	if err := f.Run(ctx, 2*time.Second, nil); err != nil {
		return count, err
	}
	f.Reset()
	before, err := readFloor(process.Process.Pid)
	if err != nil {
		return count, err
	}
	if err := f.Run(ctx, d, nil); err != nil {
		return count, err
	}
	after, err := readFloor(process.Process.Pid)
	if err != nil {
		return count, err
	}
	t := f.Tally()
	if t.Ended > 0 {
		return count, fmt.Errorf("connections to the floor ended: %s", strings.Join(t.Faults(), "; "))
	}
	return floorCount{
		Writes: t.Frames, Calls: uint64(after.calls - before.calls), Bytes: t.Bytes,
		CPU: (after.cpu - before.cpu).Seconds(), Seconds: after.at.Sub(before.at).Seconds(),
	}, nil
}

// floorGauge is what can be read of the floor at an instant.
type floorGauge struct {
	at    time.Time
	cpu   time.Duration
	calls int64
}

func readFloor(pid int) (g floorGauge, err error) {
	if g.calls, err = readWriteCalls(pid); err != nil {
		return g, err
	}
	g.cpu, err = readRunTime(pid)
	g.at = time.Now()
	return g, err
}
