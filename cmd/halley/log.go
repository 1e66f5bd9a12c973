package main

import (
	"io"
	"log/slog"
	"time"

	"github.com/lmittmann/tint"

	"github.com/halley-stream/halley/internal/ratelog"
)

// logs are the loggers of the server.
type logs struct {
	// main logs everything that it is told.
	main *slog.Logger
	// noisy is for sources that may say the same thing a thousand times a second:
	// bad records, connections that are reset.
	noisy *slog.Logger

	limiter *ratelog.Handler
}

// newLogs returns loggers that write to env.stderr.
func newLogs(c logConfig, env *environment) *logs {
	handler := newLogHandler(c, env.stderr, env.terminal, env.getenv("NO_COLOR") != "")
	limiter := ratelog.New(handler, ratelog.Options{})
	return &logs{main: slog.New(handler), noisy: slog.New(limiter), limiter: limiter}
}

// close logs what was not told yet.
func (l *logs) close() { l.limiter.Close() }

func newLogHandler(c logConfig, w io.Writer, terminal, plain bool) slog.Handler {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo // the configuration allows no such level
	}
	if c.Format == "text" || c.Format == "auto" && terminal {
		return tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: time.TimeOnly, NoColor: plain || !terminal})
	}
	return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
}
