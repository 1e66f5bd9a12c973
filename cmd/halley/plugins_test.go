package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/halley-stream/halley/internal/leaktest"
)

// TestPluginForReal runs the whole program with a plugin that is both adapters of a
// set. A client goes on getting its item when the plugin is killed, and when it is
// replaced in either way; in the end nothing is left.
func TestPluginForReal(t *testing.T) {
	leaktest.Descriptors(t)
	plugin := buildPlugin(t, "host/testplugin")
	file := filepath.Join(t.TempDir(), "halley.yaml")
	text := fmt.Sprintf("adapter_sets:\n  DEMO:\n    metadata: {type: plugin, command: %s}\n    data:\n      QUOTES: {type: plugin, command: %s}\n", plugin, plugin)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := &running{stderr: new(logBuffer), cancel: cancel, code: make(chan int, 1)}
	r.serve(ctx, t, false, startServer, "-c", file, "-set", "engine.drain=50ms")
	address := r.logged(t, `Halley is up: http://([0-9.:]+)/`)
	r.waitFor(t, func() bool { status, _ := r.get(t, "/readyz", ""); return status == http.StatusOK })

	update := subscribe(t, address, "IBM", "pid")
	var processes []int
	next := func() int {
		line := update()
		pid, err := strconv.Atoi(strings.TrimPrefix(line, "U,1,1,"))
		if err != nil || slices.Contains(processes, pid) {
			t.Fatalf("the update is %q; the processes so far were %v", line, processes)
		}
		processes = append(processes, pid)
		return pid
	}
	first := next()
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	next()
	if status, text := r.post(t, "/plugins/DEMO.metadata/replace", ""); status != http.StatusOK {
		t.Fatalf("replacing it: %d %s", status, text)
	}
	next()
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	next()

	if status, text := r.post(t, "/plugins/OTHER/replace", ""); status != http.StatusNotFound || !strings.Contains(text, "DEMO.metadata\n") {
		t.Errorf("replacing another: %d %s", status, text)
	}
	if status, _ := r.post(t, "/plugins/DEMO.metadata/replace", "cross-site"); status != http.StatusForbidden {
		t.Errorf("replacing it from a web page: %d", status)
	}
	cancel()
	if code := r.end(t); code != exitOK {
		t.Errorf("it ends with %d; the log is\n%s", code, r.stderr)
	}
	for _, pid := range processes {
		if syscall.Kill(pid, 0) == nil {
			t.Errorf("process %d is left", pid)
		}
	}
}

// post asks the admin pages for a change, as a page of the site given.
func (r *running) post(t *testing.T, path, site string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.admin+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if site != "" {
		request.Header.Set("Sec-Fetch-Site", site)
	}
	return r.do(t, request)
}
