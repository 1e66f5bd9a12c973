//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/halley-stream/halley/bench/fleet"
	"github.com/halley-stream/halley/bench/floor"
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
	Writes  uint64  `json:"writes"`
	Bytes   uint64  `json:"bytes"`
	CPU     float64 `json:"cpu_s"`
	Seconds float64 `json:"duration_s"`
}

// perWrite is the CPU time of a write, in seconds.
func (c floorCount) perWrite() float64 { return c.CPU / max(float64(c.Writes), 1) }

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
	before, err := readCPU(process.Process.Pid)
	if err != nil {
		return count, err
	}
	start := time.Now()
	if err := f.Run(ctx, d, nil); err != nil {
		return count, err
	}
	seconds := time.Since(start).Seconds()
	after, err := readCPU(process.Process.Pid)
	if err != nil {
		return count, err
	}
	t := f.Tally()
	if t.Ended > 0 {
		return count, fmt.Errorf("connections to the floor ended: %s", strings.Join(t.Faults(), "; "))
	}
	return floorCount{Writes: t.Frames, Bytes: t.Bytes, CPU: after.minus(before).total().Seconds(), Seconds: seconds}, nil
}
