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
	"time"
)

// output takes what a plugin writes to standard error, and makes a line of the log
// of each line. JSON in the form of hclog keeps its level and its fields. The stack
// of a panic becomes one error, when all of it is there.
//
// A panic may be told of by a plugin that goes on, so a stack ends: with a line of
// JSON, or when nothing comes for a while.
type output struct {
	log *slog.Logger

	mu      sync.Mutex
	line    []byte   // not ended yet
	last    []string // lines, the newest last
	inStack bool
	stack   []string    // its lines, the first of which tells of the panic; none when it was logged
	silence *time.Timer // ends the stack
}

const (
	lineMax    = 8 << 10
	lastMax    = 5
	stackMax   = 60 // lines in one error; more of a stack are logged as others
	stackPause = time.Second
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

// close ends the output, and tells of a panic. What is written later is taken all the
// same, up to its last newline.
func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.line) > 0 {
		o.take(string(o.line))
		o.line = nil
	}
	o.endStack()
}

// lines returns the last lines, in one.
func (o *output) lines() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.last, " | ")
}

func (o *output) take(line string) {
	record, structured := recordOf(line)
	if o.inStack && !structured {
		o.goOn(line)
		return
	}
	o.endStack()
	if line == "" {
		return
	}
	o.remember(line)
	switch {
	case structured:
		record.write(o.log)
	case tellsOfAPanic(line):
		o.inStack, o.stack = true, []string{line}
		o.silence = time.AfterFunc(stackPause, func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.endStack()
		})
	default:
		o.log.Info(line)
	}
}

func tellsOfAPanic(line string) bool {
	for _, start := range []string{"panic: ", "fatal error: ", "runtime: out of memory"} {
		if strings.HasPrefix(line, start) {
			return true
		}
	}
	return false
}

// goOn takes another line of a stack. It is none of the last lines, among which the
// first one says more.
func (o *output) goOn(line string) {
	o.silence.Reset(stackPause)
	switch {
	case len(o.stack) > 0:
		if o.stack = append(o.stack, line); len(o.stack) == stackMax {
			o.logStack()
		}
	case line != "":
		o.log.Info(line)
	}
}

// endStack ends the stack, if there is one.
func (o *output) endStack() {
	if o.inStack {
		o.inStack = false
		o.silence.Stop()
		o.logStack()
	}
}

func (o *output) logStack() {
	if len(o.stack) > 0 {
		o.log.Error(o.stack[0], "stack", strings.Join(o.stack[1:], "\n"))
		o.stack = nil
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

// record is a line in the form of hclog.
type record struct {
	message string
	fields  map[string]any
}

// recordOf returns the record that a line is, if it is one.
func recordOf(line string) (r record, ok bool) {
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &r.fields) != nil {
		return r, false
	}
	r.message, ok = r.fields["@message"].(string)
	return r, ok
}

// write logs r with its level.
func (r record) write(log *slog.Logger) {
	text, _ := r.fields["@level"].(string)
	level := levels[strings.ToLower(text)]
	attrs := make([]slog.Attr, 0, len(r.fields))
	for _, name := range slices.Sorted(maps.Keys(r.fields)) {
		switch name {
		case "@message", "@level", "@timestamp", "@module":
		default:
			attrs = append(attrs, slog.Any(name, r.fields[name]))
		}
	}
	log.LogAttrs(context.Background(), level, r.message, attrs...)
}
