//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of /proc/<pid>/stat, the same on all Linux systems that Go runs on
// (USER_HZ).
const tick = time.Second / 100

// stat is what is read of /proc/<pid>/stat.
type stat struct {
	parent       int
	user, system time.Duration
}

func readStat(pid int) (s stat, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return s, err
	}
	// The name, in parentheses, may have blanks in it.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return s, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	parent, err1 := strconv.Atoi(string(fields[1]))
	user, err2 := strconv.ParseInt(string(fields[11]), 10, 64)
	system, err3 := strconv.ParseInt(string(fields[12]), 10, 64)
	return stat{parent, time.Duration(user) * tick, time.Duration(system) * tick}, errors.Join(err1, err2, err3)
}

// family returns a process and all its descendants.
func family(pid int) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	children := make(map[int][]int)
	for _, e := range entries {
		child, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if s, err := readStat(child); err == nil { // else it has just ended
			children[s.parent] = append(children[s.parent], child)
		}
	}
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all, nil
}

// usage is what processes have used so far.
type usage struct {
	user, system time.Duration
	memory       int64 // bytes
}

// readUsage returns what a process and its descendants use. Of several processes the
// memory is the sum of their proportional shares, so that what they share counts once.
func readUsage(pid int) (u usage, err error) {
	all, err := family(pid)
	if err != nil {
		return u, err
	}
	file, name := "status", "VmRSS:"
	if len(all) > 1 {
		file, name = "smaps_rollup", "Pss:"
	}
	for _, p := range all {
		s, err := readStat(p)
		if err != nil {
			return u, err
		}
		kib, err := readField(fmt.Sprintf("/proc/%d/%s", p, file), name)
		if err != nil {
			return u, err
		}
		u.user += s.user
		u.system += s.system
		u.memory += kib << 10
	}
	return u, nil
}

// readField returns the number behind a name.
func readField(file, name string) (int64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if after, ok := strings.CutPrefix(line, name); ok {
			if fields := strings.Fields(after); len(fields) > 0 {
				return strconv.ParseInt(fields[0], 10, 64)
			}
		}
	}
	return 0, fmt.Errorf("%s has no %s", file, name)
}

// readOwn returns the CPU time of this process.
func readOwn() (time.Duration, error) {
	var own syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &own)
	return time.Duration(own.Utime.Nano() + own.Stime.Nano()), err
}

// readMachine returns how long the machine's CPUs were busy, all together, with
// anything.
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
	var busy time.Duration
	for i, f := range fields[1:9] {
		if i == 3 || i == 4 { // idle, iowait
			continue
		}
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		busy += time.Duration(n) * tick
	}
	return busy, nil
}

// machine describes where the measuring took place.
func machine() string {
	model := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	memory, err := readField("/proc/meminfo", "MemTotal:")
	if errors.Is(err, fs.ErrNotExist) {
		memory = 0
	}
	return fmt.Sprintf("%d cores of %s, %d GiB, Linux %s", cores(), model, memory>>20, strings.TrimSpace(string(kernel)))
}
