package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/adaptertest"
	"github.com/halley-stream/halley/internal/leaktest"
)

// program is the test's plugin, built once.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "halley-test-")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "testplugin")
	if out, err := exec.Command("go", "build", "-o", program, "./testplugin").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v: %s", err, out))
	}
	code := leaktest.Run(m)
	os.RemoveAll(dir)
	os.Exit(code)
}

// logBuffer collects a log.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// errors returns the lines of the log that are errors.
func (b *logBuffer) errors() (lines []string) {
	for line := range strings.Lines(b.String()) {
		if strings.Contains(line, "level=ERROR") {
			lines = append(lines, line)
		}
	}
	return lines
}

// subject is a plugin with an engine in miniature: one that runs the Data Adapter
// again when it says so, and subscribes anew what is wanted.
type subject struct {
	t      *testing.T
	plugin *Plugin
	data   adapters.DataAdapter
	feed   *adaptertest.Feed
	log    *logBuffer
	tmp    string
	byHand bool   // the process was not started by the plugin
	stop   func() // stops all; may be called several times

	calls sync.WaitGroup // of Subscribe

	mu      sync.Mutex
	running context.Context // of the run under way, or nil
	cancel  context.CancelFunc
	wanted  map[string]adapters.Item
}

// start runs the test's plugin. change may change its configuration.
func start(t *testing.T, change func(c *Config)) *subject {
	t.Helper()
	leaktest.Descriptors(t)
	tmp, err := os.MkdirTemp("", "h") //nolint:usetesting // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", tmp)
	s := &subject{t: t, feed: adaptertest.NewFeed(t), log: new(logBuffer), tmp: tmp, wanted: make(map[string]adapters.Item)}
	c := DefaultConfig()
	c.Command, c.BackoffMin = program, 5*time.Millisecond
	c.Log = slog.New(slog.NewTextHandler(s.log, nil))
	if change != nil {
		change(&c)
	}
	if s.plugin, err = New(c); err != nil {
		t.Fatal(err)
	}
	s.data = s.plugin.Data()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.plugin.Run(ctx) })
	running.Go(func() { s.run(ctx) })
	s.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
	})
	t.Cleanup(func() {
		s.stop()
		s.nothingLeft()
		os.RemoveAll(tmp)
		if t.Failed() {
			t.Logf("the log is\n%s", s.log)
		}
	})
	return s
}

func (s *subject) run(ctx context.Context) {
	for {
		s.begin(ctx)
		err := s.data.Run(ctx, s.feed)
		s.end()
		if !errors.Is(err, adapters.ErrAgain) {
			if err != nil {
				s.t.Errorf("Run returned %v", err)
			}
			return
		}
	}
}

// begin begins a run, in which what is wanted is subscribed by new handles.
func (s *subject) begin(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running, s.cancel = context.WithCancel(ctx)
	for name, item := range s.wanted {
		s.feed.End(item)
		s.subscribe(name)
	}
}

// end ends a run, and waits for its calls.
func (s *subject) end() {
	s.mu.Lock()
	s.cancel()
	s.running = nil
	s.mu.Unlock()
	s.calls.Wait()
}

// want subscribes an item for good.
func (s *subject) want(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscribe(name)
}

// subscribe begins a life of an item. Between two runs, the next will ask for it.
// s.mu is held.
func (s *subject) subscribe(name string) {
	item := s.feed.Begin(name, adapters.Merge)
	s.wanted[name] = item
	if ctx := s.running; ctx != nil {
		s.calls.Go(func() { s.ask(ctx, item) })
	}
}

// ask subscribes an item, again and again as the engine does.
func (s *subject) ask(parent context.Context, item adapters.Item) {
	for wanted := true; wanted && parent.Err() == nil; {
		ctx, cancel := context.WithTimeout(parent, 2*time.Second)
		_, err := s.data.Subscribe(ctx, item)
		cancel()
		s.mu.Lock()
		wanted = err != nil && s.wanted[item.Name()] == item
		s.mu.Unlock()
	}
}

// release ends what want began, without a word to the plugin.
func (s *subject) release(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.wanted, name)
}

// pid returns the process that an item's value came from, or 0.
func (s *subject) pid(item string) int {
	n, _ := strconv.Atoi(s.feed.Last(item, "pid"))
	return n
}

// waitFor waits until done returns true.
func (s *subject) waitFor(what string, done func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		if time.Now().After(deadline) {
			s.t.Fatalf("waited in vain for %s; the log is\n%s", what, s.log)
		}
		<-tick.C
	}
}

// waitForLog waits until the log has all of the texts in one line.
func (s *subject) waitForLog(texts ...string) {
	s.t.Helper()
	s.waitFor(fmt.Sprintf("a line with %q", texts), func() bool {
		for line := range strings.Lines(s.log.String()) {
			found := true
			for _, text := range texts {
				found = found && strings.Contains(line, text)
			}
			if found {
				return true
			}
		}
		return false
	})
}

// nothingLeft fails the test if a process or a file is left.
func (s *subject) nothingLeft() {
	if left := children(); len(left) > 0 && !s.byHand {
		s.t.Errorf("processes are left: %q", left)
	}
	if left, _ := filepath.Glob(filepath.Join(s.tmp, "halley-plugin-*")); len(left) > 0 {
		s.t.Errorf("files are left: %q", left)
	}
}

// children returns the command lines of our child processes that are plugins.
func children() (found []string) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		if f := strings.Fields(rest); len(f) > 1 && f[1] == strconv.Itoa(os.Getpid()) && strings.Contains(string(text), "(testplugin)") {
			found = append(found, string(text))
		}
	}
	return found
}
