package host

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// newOutput returns an output whose log has a line "LEVEL message" of each record, with
// the number of lines of a stack behind it.
func newOutput() (*output, *logBuffer) {
	b := new(logBuffer)
	replace := func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case slog.TimeKey:
			return slog.Attr{}
		case "stack":
			return slog.Int("stack", 1+strings.Count(a.Value.String(), "\n"))
		}
		return a
	}
	return &output{log: slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{ReplaceAttr: replace}))}, b
}

// TestWhatFollowsAPanicIsLogged has lines behind one that tells of a panic, which need
// not be the end: all of them were taken for the stack, and most dropped.
func TestWhatFollowsAPanicIsLogged(t *testing.T) {
	const told = "level=ERROR msg=\"panic: x\" stack=2\n"
	type said struct {
		wait time.Duration // before it
		text string
	}
	for _, c := range []struct {
		name       string
		said       []said
		want, last string
	}{
		{"the end", []said{{0, "panic: x\n\ngoroutine 1"}}, told, "panic: x"},
		{
			"a line of JSON", []said{{0, "panic: x\na\nb\n{\"@message\":\"m\"}\nc\n"}},
			told + "level=INFO msg=m\nlevel=INFO msg=c\n", "panic: x | {\"@message\":\"m\"} | c",
		},
		{
			"a pause", []said{{0, "panic: x\na\n"}, {900 * time.Millisecond, "b\n"}, {1100 * time.Millisecond, "c\n"}},
			told + "level=INFO msg=c\n", "panic: x | c",
		},
		{
			"too many lines", []said{{0, "panic: x\n" + strings.Repeat("a\n", stackMax-1) + "b\n\n"}, {2 * time.Second, "c\n"}},
			fmt.Sprintf("level=ERROR msg=\"panic: x\" stack=%d\nlevel=INFO msg=b\nlevel=INFO msg=c\n", stackMax-1), "panic: x | c",
		},
		{"another panic", []said{{0, "panic: x\na\nb\n"}, {2 * time.Second, "panic: x\na\nb\n"}}, told + told, "panic: x | panic: x"},
		{"no newline", []said{{0, "good bye"}}, "level=INFO msg=\"good bye\"\n", "good bye"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o, log := newOutput()
				for _, said := range c.said {
					time.Sleep(said.wait)
					for i := range len(said.text) { // in small pieces, as it may come from a pipe
						_, _ = o.Write([]byte{said.text[i]})
					}
				}
				o.close()
				if log.String() != c.want || o.lines() != c.last {
					t.Errorf("the log is\n%s, want\n%sthe last lines are %q, want %q", log, c.want, o.lines(), c.last)
				}
			})
		})
	}
}

// TestTheLastLineOfAPluginIsLogged has a plugin that ends without ending its line.
func TestTheLastLineOfAPluginIsLogged(t *testing.T) {
	s := start(t, nil)
	s.want("prints")
	s.waitForLog("level=INFO", "it begins")
	s.stop()
	s.waitForLog("level=INFO", "it is not ended")
}
