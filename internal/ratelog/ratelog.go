// Package ratelog keeps noisy sources from flooding the log: of each message it
// passes on the first few in an interval and then says how many it left out.
//
// It is a slog.Handler around another one. It does not format, filter by level or
// write anything itself.
package ratelog

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	defaultFirst    = 5
	defaultInterval = 10 * time.Second
	// maxKeys bounds the messages told apart. What is beyond counts as one.
	maxKeys = 1000
	// restKey is the key that all messages beyond maxKeys share.
	restKey = "more messages"
)

// Options say how much is passed on. The zero value has usable defaults.
type Options struct {
	// First is how many records of one message are passed on in an interval. The
	// default is 5.
	First int
	// Interval is the time after which counting starts again. The default is 10s.
	Interval time.Duration
}

// Handler passes on the first records of each message. Records with the same
// level and the same message are counted together, whatever their attributes; a
// context made by WithKey names something else to count by.
//
// It may be used from any goroutine. Close it to see the last counts.
type Handler struct {
	next  slog.Handler
	state *state
}

// state is what a Handler shares with those derived from it.
type state struct {
	options Options
	root    slog.Handler

	mu     sync.Mutex
	closed bool
	counts map[key]*count
}

type key struct {
	level slog.Level
	text  string
}

// count is what is known of one key in the interval that runs.
type count struct {
	passed     int
	suppressed int
	timer      *time.Timer // ends the interval
}

// New returns a Handler that passes records on to next.
func New(next slog.Handler, options Options) *Handler {
	if options.First <= 0 {
		options.First = defaultFirst
	}
	if options.Interval <= 0 {
		options.Interval = defaultInterval
	}
	return &Handler{next: next, state: &state{options: options, root: next, counts: make(map[key]*count)}}
}

type contextKey struct{}

// WithKey returns a context whose records are counted under text instead of
// their message, for messages that hold changing values.
func WithKey(ctx context.Context, text string) context.Context {
	return context.WithValue(ctx, contextKey{}, text)
}

// Enabled reports whether the handler behind wants records of the level.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle passes r on, or counts it.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	text := r.Message
	if named, ok := ctx.Value(contextKey{}).(string); ok {
		text = named
	}
	if !h.state.pass(key{r.Level, text}) {
		return nil
	}
	return h.next.Handle(ctx, r)
}

// WithAttrs returns a Handler with more attributes; it counts together with h.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &Handler{next: h.next.WithAttrs(attrs), state: h.state}
}

// WithGroup returns a Handler with a group; it counts together with h.
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{next: h.next.WithGroup(name), state: h.state}
}

// Close logs what was left out and not told yet. Records are then passed on
// uncounted. It may be called more than once.
func (h *Handler) Close() {
	s := h.state
	s.mu.Lock()
	counts := s.counts
	s.counts, s.closed = nil, true
	s.mu.Unlock()
	for k, c := range counts {
		if c.timer.Stop() {
			s.summarize(k, c.suppressed)
		}
	}
}

// pass reports whether a record with the key may be passed on.
func (s *state) pass(k key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return true
	}
	c := s.counts[k]
	if c == nil && len(s.counts) >= maxKeys {
		k = key{k.level, restKey}
		c = s.counts[k]
	}
	if c == nil {
		c = new(count)
		c.timer = time.AfterFunc(s.options.Interval, func() { s.end(k, c) })
		s.counts[k] = c
	}
	if c.passed < s.options.First {
		c.passed++
		return true
	}
	c.suppressed++
	return false
}

// end closes the interval of a key.
func (s *state) end(k key, c *count) {
	s.mu.Lock()
	suppressed := c.suppressed
	if s.counts[k] == c {
		delete(s.counts, k)
	}
	s.mu.Unlock()
	s.summarize(k, suppressed)
}

func (s *state) summarize(k key, suppressed int) {
	if suppressed == 0 {
		return
	}
	r := slog.NewRecord(time.Now(), k.level, k.text, 0)
	r.AddAttrs(slog.Int("suppressed", suppressed), slog.String("interval", s.options.Interval.String()))
	// There is nobody to tell if the log itself fails.
	_ = s.root.Handle(context.Background(), r)
}
