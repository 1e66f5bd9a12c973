package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/internal/metrics/metricstest"
)

// TestServeForReal runs the whole program: a client gets a price of the simulated
// market, a scrape gets the metrics, and in the end nothing is left.
func TestServeForReal(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := &running{stderr: new(logBuffer), cancel: cancel, code: make(chan int, 1)}
	r.serve(ctx, t, false, startServer, "-set", "engine.drain=50ms")
	address := r.logged(t, `Halley is up: http://([0-9.:]+)/`)
	r.waitFor(t, func() bool { status, _ := r.get(t, "/readyz", ""); return status == http.StatusOK })

	subscribe(t, address, "AAPL", "last%20bid")()

	_, scrape := r.get(t, "/metrics", "")
	families, err := metricstest.Parse(scrape)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"halley_build_info", "halley_sessions", "halley_connections", "halley_updates_in_total", "halley_updates_out_total",
		"halley_adapter_up", "halley_loop_busy_ratio", "go_goroutines", "process_resident_memory_bytes",
	} {
		if families[name] == 0 {
			t.Errorf("%s is missing in the metrics", name)
		}
	}

	cancel()
	if code := r.end(t); code != exitOK {
		t.Errorf("it ends with %d; the log is\n%s", code, r.stderr)
	}
	for _, a := range []string{address, r.admin} {
		if l, err := net.Listen("tcp", a); err != nil {
			t.Errorf("%s is still taken: %v", a, err)
		} else {
			l.Close()
		}
	}
}

// subscribe subscribes an item of the default set over an HTTP stream. The function
// returned waits for the next update, and returns its line.
func subscribe(t *testing.T, address, group, schema string) (next func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	post := func(path, body string) *http.Response {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/lightstreamer/"+path+"?LS_protocol=TLCP-2.5.0", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", path, response.Status)
		}
		return response
	}
	stream := post("create_session.txt", "LS_cid=test&LS_adapter_set=DEMO&LS_send_sync=false")
	t.Cleanup(func() { stream.Body.Close() })
	lines := bufio.NewScanner(stream.Body)
	return func() string {
		t.Helper()
		for lines.Scan() {
			switch fields := strings.Split(lines.Text(), ","); fields[0] {
			case "CONOK":
				answer := post("control.txt", "LS_session="+fields[1]+"&LS_reqId=1&LS_op=add&LS_subId=1&LS_mode=MERGE&LS_data_adapter=QUOTES&LS_group="+group+"&LS_schema="+schema+"&LS_snapshot=true")
				text, err := io.ReadAll(answer.Body)
				answer.Body.Close()
				if err != nil || !strings.HasPrefix(string(text), "REQOK,1") {
					t.Fatalf("the subscription is answered %q, %v", text, err)
				}
			case "U":
				return lines.Text()
			}
		}
		t.Fatalf("the stream ended without an update: %v", lines.Err())
		return ""
	}
}
