package metrics

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// ticksPerSecond is the unit of times in /proc, the same on all Linux systems.
const ticksPerSecond = 100

// Process is the Collector of what the system knows of this process. Where there
// is no /proc, most of it is missing.
func Process(w *Writer) {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) == nil {
		seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
		cpu := seconds(usage.Utime) + seconds(usage.Stime)
		w.Counter("process_cpu_seconds_total", "CPU time, user and system.").Add(cpu)
	}
	var files syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files) == nil {
		w.Gauge("process_max_fds", "File descriptors that may be open.").Add(float64(files.Cur))
	}
	if n, ok := openDescriptors("/proc/self/fd"); ok {
		w.Gauge("process_open_fds", "File descriptors that are open.").AddInt(n)
	}
	if stat, err := os.ReadFile("/proc/self/stat"); err == nil {
		writeStat(w, stat, bootTime("/proc/stat"))
	}
}

// writeStat writes the numbers of /proc/self/stat; see proc_pid_stat(5).
func writeStat(w *Writer, stat []byte, boot float64) {
	// The second field is the name, in brackets; it may hold blanks and brackets.
	end := bytes.LastIndexByte(stat, ')')
	if end < 0 {
		return
	}
	fields := bytes.Fields(stat[end+1:]) // from the third on
	number := func(field int) (float64, bool) {
		if field-3 >= len(fields) {
			return 0, false
		}
		n, err := strconv.ParseFloat(string(fields[field-3]), 64)
		return n, err == nil
	}
	if threads, ok := number(20); ok {
		w.Gauge("process_threads", "Threads of the operating system.").Add(threads)
	}
	if started, ok := number(22); ok && boot > 0 {
		w.Gauge("process_start_time_seconds", "When the process started, in seconds since 1970.").Add(boot + started/ticksPerSecond)
	}
	if size, ok := number(23); ok {
		w.Gauge("process_virtual_memory_bytes", "Virtual memory.").Add(size)
	}
	if pages, ok := number(24); ok {
		w.Gauge("process_resident_memory_bytes", "Memory in use.").Add(pages * float64(os.Getpagesize()))
	}
}

// bootTime returns when the system started, in seconds since 1970, or 0.
func bootTime(path string) float64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	_, after, ok := bytes.Cut(text, []byte("\nbtime "))
	if !ok {
		return 0
	}
	line, _, _ := bytes.Cut(after, []byte("\n"))
	n, err := strconv.ParseFloat(string(line), 64)
	if err != nil {
		return 0
	}
	return n
}

// openDescriptors counts the entries of a folder. New kernels tell their number
// as the folder's size, without a walk through thousands of entries.
func openDescriptors(path string) (int64, bool) {
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		return info.Size(), true
	}
	dir, err := os.Open(path)
	if err != nil {
		return 0, false
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	return int64(len(names)) - 1, err == nil // one is the folder's own
}
