package ratelog

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// Printer is a logger for libraries that want to call Warnf and the like. What
// they say is counted by format, so that lines which differ in their values only
// count together.
type Printer struct {
	logger *slog.Logger
}

// NewPrinter returns a Printer that writes to logger.
func NewPrinter(logger *slog.Logger) *Printer { return &Printer{logger: logger} }

// Debugf logs at level debug.
func (p *Printer) Debugf(format string, args ...any) { p.log(slog.LevelDebug, format, args) }

// Infof logs at level info.
func (p *Printer) Infof(format string, args ...any) { p.log(slog.LevelInfo, format, args) }

// Warnf logs at level warn.
func (p *Printer) Warnf(format string, args ...any) { p.log(slog.LevelWarn, format, args) }

// Errorf logs at level error.
func (p *Printer) Errorf(format string, args ...any) { p.log(slog.LevelError, format, args) }

// Fatalf logs at level error. It does not end the process: libraries have no
// business doing that.
func (p *Printer) Fatalf(format string, args ...any) { p.log(slog.LevelError, format, args) }

func (p *Printer) log(level slog.Level, format string, args []any) {
	ctx := context.Background()
	if !p.logger.Enabled(ctx, level) {
		return
	}
	p.logger.Log(WithKey(ctx, strings.TrimSpace(format)), level, strings.TrimSpace(fmt.Sprintf(format, args...)))
}
