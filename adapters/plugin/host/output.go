package host

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
)

// output takes what a plugin writes to standard error, and makes a line of the log
// of each line. JSON in the form of hclog keeps its level and its fields. The stack
// of a panic becomes one error, when all of it is there.
type output struct {
	log *slog.Logger

	mu    sync.Mutex
	line  []byte   // not ended yet
	last  []string // lines, the newest last
	panic []string // lines, from that on which told of a panic
}

const (
	lineMax  = 8 << 10
	lastMax  = 5
	stackMax = 60
)

// Write takes a part of the output.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for rest := p; ; {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		o.line = append(o.line, line[:min(len(line), lineMax-len(o.line))]...)
		if !ended {
			return len(p), nil
		}
		o.take(strings.TrimRight(string(o.line), "\r \t"))
		o.line, rest = o.line[:0], after
	}
}

// close ends the output, and tells of a panic.
func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.line) > 0 {
		o.take(string(o.line))
		o.line = nil
	}
	if len(o.panic) > 0 {
		o.log.Error(o.panic[0], "stack", strings.Join(o.panic[1:], "\n"))
		o.panic = nil
	}
}

// lines returns the last lines, in one.
func (o *output) lines() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.last, " | ")
}

func (o *output) take(line string) {
	if line == "" && len(o.panic) == 0 {
		return
	}
	for _, start := range []string{"panic: ", "fatal error: ", "runtime: out of memory"} {
		if len(o.panic) == 0 && strings.HasPrefix(line, start) {
			o.panic = []string{line}
			o.remember(line)
			return
		}
	}
	if len(o.panic) > 0 {
		if len(o.panic) < stackMax {
			o.panic = append(o.panic, line)
		}
		return
	}
	o.remember(line)
	if !o.structured(line) {
		o.log.Info(line)
	}
}

func (o *output) remember(line string) {
	if len(o.last) == lastMax {
		o.last = append(o.last[:0], o.last[1:]...)
	}
	o.last = append(o.last, line)
}

// levels are those of hclog.
var levels = map[string]slog.Level{
	"trace": slog.LevelDebug - 4, "debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

// structured logs a line in the form of hclog, and reports whether it is one.
func (o *output) structured(line string) bool {
	var fields map[string]any
	if line[0] != '{' || json.Unmarshal([]byte(line), &fields) != nil {
		return false
	}
	message, ok := fields["@message"].(string)
	if !ok {
		return false
	}
	text, _ := fields["@level"].(string)
	level := levels[strings.ToLower(text)]
	for _, own := range []string{"@message", "@level", "@timestamp", "@module"} {
		delete(fields, own)
	}
	attrs := make([]slog.Attr, 0, len(fields))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		attrs = append(attrs, slog.Any(name, fields[name]))
	}
	o.log.LogAttrs(context.Background(), level, message, attrs...)
	return true
}
