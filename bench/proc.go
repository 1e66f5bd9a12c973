//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ticksPerSecond is the unit of /proc/<pid>/stat, the same on all Linux systems that
// Go runs on (USER_HZ).
const ticksPerSecond = 100

// cpuTime is how much CPU time was used.
type cpuTime struct{ user, system time.Duration }

func (c cpuTime) total() time.Duration { return c.user + c.system }
func (c cpuTime) minus(before cpuTime) cpuTime {
	return cpuTime{c.user - before.user, c.system - before.system}
}

// readCPU returns the CPU time of a process, all threads together.
func readCPU(pid int) (cpuTime, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return cpuTime{}, err
	}
	// The name, in parentheses, may have blanks in it.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return cpuTime{}, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	user, err1 := strconv.ParseInt(string(fields[11]), 10, 64)
	system, err2 := strconv.ParseInt(string(fields[12]), 10, 64)
	if err1 != nil || err2 != nil {
		return cpuTime{}, fmt.Errorf("/proc/%d/stat: %s", pid, text)
	}
	const tick = time.Second / ticksPerSecond
	return cpuTime{time.Duration(user) * tick, time.Duration(system) * tick}, nil
}

// readRunTime returns the CPU time of a process whose threads all live, to the
// nanosecond: for times that are short.
func readRunTime(pid int) (sum time.Duration, err error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err == nil && len(threads) == 0 {
		err = fmt.Errorf("/proc/%d/task has no threads with a schedstat", pid)
	}
	for _, thread := range threads {
		text, readErr := os.ReadFile(thread)
		var running int64
		if _, scanErr := fmt.Sscan(string(text), &running); readErr != nil || scanErr != nil {
			return 0, fmt.Errorf("%s: %w", thread, errors.Join(readErr, scanErr))
		}
		sum += time.Duration(running)
	}
	return sum, err
}

// readRSS returns the memory of a process that is in use, in bytes.
func readRSS(pid int) (int64, error) {
	kib, err := readField(fmt.Sprintf("/proc/%d/status", pid), "VmRSS:")
	return kib << 10, err
}

// readWriteCalls returns how many times a process has called write and the like.
func readWriteCalls(pid int) (int64, error) {
	return readField(fmt.Sprintf("/proc/%d/io", pid), "syscw:")
}

// readField returns the number behind a name.
func readField(file, name string) (int64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if after, ok := strings.CutPrefix(line, name); ok {
			fields := strings.Fields(after)
			if len(fields) > 0 {
				return strconv.ParseInt(fields[0], 10, 64)
			}
		}
	}
	return 0, fmt.Errorf("%s has no %s", file, name)
}

// readMachine returns how long the machine's CPUs were busy, all together, with
// anything; also with other guests of the same host.
func readMachine() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, fmt.Errorf("/proc/stat: %s", line)
	}
	var busy int64
	for i, f := range fields[1:9] {
		if i == 3 || i == 4 { // idle, iowait
			continue
		}
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		busy += n
	}
	return time.Duration(busy) * time.Second / ticksPerSecond, nil
}
