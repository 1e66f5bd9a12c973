package ratelog

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halley-stream/halley/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// newLogger returns a logger and what it has written so far.
func newLogger(options Options) (*slog.Logger, *Handler, func() string) {
	var b bytes.Buffer
	text := slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	h := New(text, options)
	return slog.New(h), h, b.String
}

func TestFirstPassThenASummary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, _, written := newLogger(Options{First: 2, Interval: time.Second})
		for i := range 5 {
			log.Warn("bad record", "offset", i)
		}
		log.Info("bad record") // another level is another message
		log.Warn("other")
		time.Sleep(time.Second)
		synctest.Wait()
		log.Warn("bad record", "offset", 9)
		time.Sleep(time.Second)
		synctest.Wait()
		want := `level=WARN msg="bad record" offset=0
level=WARN msg="bad record" offset=1
level=INFO msg="bad record"
level=WARN msg=other
level=WARN msg="bad record" suppressed=3 interval=1s
level=WARN msg="bad record" offset=9
`
		if got := written(); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}

func TestDerivedLoggersCountTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, h, written := newLogger(Options{First: 1, Interval: time.Minute})
		log.With("adapter", "a").Warn("bad record")
		log.WithGroup("g").Warn("bad record", "x", 1)
		h.Close()
		h.Close()
		log.Warn("bad record")
		want := "level=WARN msg=\"bad record\" adapter=a\nlevel=WARN msg=\"bad record\" suppressed=1 interval=1m0s\nlevel=WARN msg=\"bad record\"\n"
		if got := written(); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}

func TestMessagesWithoutEndAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, h, written := newLogger(Options{First: 1, Interval: time.Minute})
		for i := range 3 * maxKeys {
			log.Warn(fmt.Sprint("message ", i))
		}
		if n := len(h.state.counts); n != maxKeys+1 {
			t.Errorf("%d messages are told apart, want %d", n, maxKeys+1)
		}
		h.Close()
		if want := `msg="more messages" suppressed=1999`; !strings.Contains(written(), want) {
			t.Errorf("the summary lacks %q", want)
		}
	})
}

func TestPrinterCountsByFormat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, h, written := newLogger(Options{First: 1, Interval: time.Minute})
		p := NewPrinter(log)
		for i := range 3 {
			p.Errorf("failed to accept %d\n", i)
		}
		p.Debugf("not wanted")
		p.Infof("a")
		p.Warnf("b")
		p.Fatalf("c")
		h.Close()
		want := `level=ERROR msg="failed to accept 0"
level=INFO msg=a
level=WARN msg=b
level=ERROR msg=c
level=ERROR msg="failed to accept %d" suppressed=2 interval=1m0s
`
		if got := written(); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}

func TestManyGoroutinesLoseNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, h, written := newLogger(Options{First: 10, Interval: time.Minute})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 100 {
					log.Warn("x")
				}
			})
		}
		wg.Wait()
		h.Close()
		if got := strings.Count(written(), "\n"); got != 11 {
			t.Errorf("%d lines, want 10 and a summary", got)
		}
		if want := "suppressed=790"; !strings.Contains(written(), want) {
			t.Errorf("the summary lacks %s:\n%s", want, written())
		}
	})
}
