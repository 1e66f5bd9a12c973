package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	tlcp "github.com/halley-stream/halley/internal/client"
	"github.com/halley-stream/halley/protocol"
)

var (
	killCount   = flag.Int("kills", 5, "how often TestPluginIsKilled kills the plugin")
	killClients = flag.Int("kills.clients", 100, "how many clients watch it")
	killBackoff = flag.Bool("kills.defaults", false, "leave the backoff as it is by default, and print the waits")
)

// onlooker is a client that watches the plugin's items.
type onlooker struct {
	conn  *tlcp.Conn
	items []*protocol.ItemState

	mu     sync.Mutex
	last   [onlookerItems][]string // values as they are
	stales int                     // times that an item went stale
	err    error                   // why the connection ended
}

const onlookerItems = 3

// onlookerFields are the fields of the subscription; the positions follow.
const onlookerFields = "pid n $stale $seq"

const (
	atPID = iota
	atN
	atStale
	atSeq
)

func look(ctx context.Context, url string) (*onlooker, error) {
	conn, err := tlcp.Dial(ctx, tlcp.Options{URL: url, AdapterSet: "SET"})
	if err != nil {
		return nil, err
	}
	o := &onlooker{conn: conn}
	var group []string
	for i := range onlookerItems {
		o.items = append(o.items, protocol.NewItemState(len(strings.Fields(onlookerFields))))
		group = append(group, "item"+strconv.Itoa(i))
	}
	_, err = conn.Subscribe(1, tlcp.Subscription{Adapter: "PULSE", Mode: "MERGE", Group: strings.Join(group, " "), Schema: onlookerFields, Snapshot: true})
	return o, err
}

// watch reads until the connection ends.
func (o *onlooker) watch() {
	for {
		n, err := o.conn.Next()
		o.mu.Lock()
		switch {
		case err != nil:
			o.err = err
			o.mu.Unlock()
			return
		case n.Tag == protocol.TagU:
			o.update(&n)
		}
		o.mu.Unlock()
	}
}

func (o *onlooker) update(n *protocol.Notification) {
	state := o.items[n.Item-1]
	if err := state.Apply(n.Text); err != nil {
		o.err = err
		return
	}
	before := o.last[n.Item-1]
	values := make([]string, state.Len())
	for i := range values {
		v, _ := state.Value(i)
		values[i] = string(v)
	}
	if values[atStale] == "1" && (before == nil || before[atStale] != "1") {
		o.stales++
	}
	o.last[n.Item-1] = values
}

// sees reports whether all items come from a process, count to the end, and are not
// stale. The caller holds mu.
func (o *onlooker) sees(pid int, end bool) bool {
	for _, v := range o.last {
		if v == nil || v[atPID] != strconv.Itoa(pid) || v[atStale] != "0" || end && v[atN] != "20" {
			return false
		}
	}
	return true
}

// TestPluginIsKilled kills a plugin over and over under clients that watch: none is
// disconnected, all see that the values are stale and when they are not any more, the
// last values are right, and nothing is left over.
func TestPluginIsKilled(t *testing.T) {
	program := filepath.Join(t.TempDir(), "pulse")
	if out, err := exec.Command("go", "build", "-o", program, "./testdata/pulse").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	backoff := ", backoff_max: 200ms"
	if *killBackoff {
		backoff = ""
	}
	tmp, err := os.MkdirTemp("", "h") //nolint:usetesting // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(tmp) })
	t.Setenv("TMPDIR", tmp)
	s := prepare(t, fmt.Sprintf("SET:\n  data:\n    PULSE: {type: plugin, command: %q, give_up: 0%s}\n", program, backoff))
	config, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.config, append(config, "limits: {sessions_per_address: 0}\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start()
	s.waitReady()
	onlookers := lookOn(t, s.url(), *killClients)
	pid := pluginOf(t, s)
	waitFor(t, "all clients to see the first process", func() bool { return all(onlookers, pid, false) })
	t.Cleanup(func() {
		for i, o := range onlookers {
			if o.mu.Lock(); t.Failed() && !o.sees(pid, false) {
				t.Logf("client %d has %q, not those of process %d", i, o.last, pid)
			}
			o.mu.Unlock()
		}
	})
	descriptors := openFiles(t, s.cmd.Process.Pid)
	for n := range *killCount {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		killed := time.Now()
		before := pid
		waitLong(t, time.Minute, "another process", func() bool {
			pid = childOf(s.cmd.Process.Pid)
			return pid != 0 && pid != before
		})
		waitLong(t, time.Minute, "all clients to see it", func() bool { return all(onlookers, pid, false) })
		if *killBackoff || n%10 == 9 {
			t.Logf("kill %d: live again for all after %v", n+1, time.Since(killed).Round(time.Millisecond))
		}
	}
	waitFor(t, "the last values", func() bool { return all(onlookers, pid, true) })
	for i, o := range onlookers {
		o.mu.Lock()
		if o.err != nil {
			t.Errorf("client %d: %v", i, o.err)
		}
		// A client that is slow may be told that an item is stale and not any more at once.
		if o.stales == 0 || o.stales > *killCount*onlookerItems {
			t.Errorf("client %d saw items go stale %d times, with %d kills of %d items", i, o.stales, *killCount, onlookerItems)
		}
		o.mu.Unlock()
	}
	if now := openFiles(t, s.cmd.Process.Pid); now > descriptors+5 {
		t.Errorf("the server has %d descriptors, %d before", now, descriptors)
	}
	if left, _ := filepath.Glob(filepath.Join(tmp, "*", "*")); len(left) > 2 {
		t.Errorf("left over: %q", left)
	}
	for _, o := range onlookers {
		o.conn.Close()
	}
	s.signal(syscall.SIGTERM) // it has errors in its log, as it should
	if code := s.end(); code != 0 {
		t.Errorf("the server ends with %d", code)
	}
	if left, _ := filepath.Glob(filepath.Join(tmp, "*")); len(left) > 0 {
		t.Errorf("left over after the end: %q", left)
	}
	if syscall.Kill(pid, 0) == nil {
		t.Errorf("the plugin's process %d lives on", pid)
	}
}

// lookOn opens clients.
func lookOn(t *testing.T, url string, n int) []*onlooker {
	t.Helper()
	onlookers := make([]*onlooker, n)
	var group sync.WaitGroup
	var failed atomic.Pointer[error]
	slots := make(chan struct{}, 50)
	for i := range onlookers {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			var err error
			if onlookers[i], err = look(t.Context(), url); err != nil {
				failed.Store(&err)
			}
		})
	}
	group.Wait()
	if err := failed.Load(); err != nil {
		t.Fatal(*err)
	}
	var watching sync.WaitGroup
	for _, o := range onlookers {
		watching.Go(o.watch)
	}
	t.Cleanup(func() {
		for _, o := range onlookers {
			o.conn.Close()
		}
		watching.Wait()
	})
	return onlookers
}

func all(onlookers []*onlooker, pid int, end bool) bool {
	return !slices.ContainsFunc(onlookers, func(o *onlooker) bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		return !o.sees(pid, end)
	})
}

// pluginOf waits for the server's plugin.
func pluginOf(t *testing.T, s *server) (pid int) {
	t.Helper()
	waitFor(t, "the plugin", func() bool {
		pid = childOf(s.cmd.Process.Pid)
		return pid != 0
	})
	return pid
}

// childOf returns a child of a process, or 0.
func childOf(parent int) int {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for _, field := range strings.Fields(string(text)) {
			pid, err := strconv.Atoi(field)
			if state, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && !strings.Contains(string(state), ") Z ") {
				return pid
			}
		}
	}
	return 0
}

func openFiles(t *testing.T, pid int) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
