package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/internal/metrics"
)

// fakeServer stands for the engine and its transport.
type fakeServer struct {
	sets    []adapterSet
	ready   atomic.Bool
	stopped atomic.Bool
	failed  chan error
	// whileStopping is called by stop.
	whileStopping func()
}

func (f *fakeServer) start(conf *config, sets []adapterSet, _ *logs) (*server, error) {
	f.sets = sets
	return &server{
		address: conf.Listen,
		checks: []check{{"engine", func() error {
			if !f.ready.Load() {
				return errors.New("still warming up")
			}
			return nil
		}}},
		collect: func(w *metrics.Writer) { w.Gauge("halley_sessions", "Open sessions.").AddInt(3) },
		failed:  f.failed,
		stop: func() {
			if f.whileStopping != nil {
				f.whileStopping()
			}
			f.stopped.Store(true)
		},
	}, nil
}

// running is a server that a test has started.
type running struct {
	fake   *fakeServer
	admin  string // address of the admin pages
	stderr *logBuffer
	cancel context.CancelFunc
	code   chan int
}

// startServing starts 'halley serve' with a fake server.
func startServing(t *testing.T, terminal bool) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{
		fake:   &fakeServer{failed: make(chan error, 1)},
		stderr: new(logBuffer),
		cancel: cancel,
		code:   make(chan int, 1),
	}
	r.serve(ctx, t, terminal, r.fake.start)
	return r
}

// serve runs 'halley serve' on free ports and waits until its pages are up.
func (r *running) serve(ctx context.Context, t *testing.T, terminal bool, start startFunc, args ...string) {
	t.Helper()
	env := &environment{
		name:   "halley serve",
		args:   append([]string{"-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0", "-log-level", "debug"}, args...),
		stdout: io.Discard, stderr: r.stderr, terminal: terminal, environ: []string{"NO_COLOR=1"},
	}
	go func() { r.code <- serve(ctx, env, start) }()
	t.Cleanup(r.cancel)
	r.admin = r.logged(t, `the admin pages are up.*http://([0-9.:]+)`)
}

// logged waits for a line that matches a pattern, and returns its first group.
func (r *running) logged(t *testing.T, pattern string) string {
	t.Helper()
	line := regexp.MustCompile(pattern)
	var match []string
	r.waitFor(t, func() bool { match = line.FindStringSubmatch(r.stderr.String()); return match != nil })
	return match[1]
}

// end returns the exit code of the server.
func (r *running) end(t *testing.T) int {
	t.Helper()
	select {
	case code := <-r.code:
		return code
	case <-time.After(10 * time.Second):
		t.Fatal("the server does not end")
		return -1
	}
}

// waitFor waits until a condition is true.
func (r *running) waitFor(t *testing.T, met func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !met() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain; the log is\n%s", r.stderr)
		}
	}
}

// get returns the status and the body of an admin page, 0 if there is none.
func (r *running) get(t *testing.T, path, host string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.admin+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	return r.do(t, request)
}

// do returns the status and the body of an answer, 0 if there is none.
func (r *running) do(t *testing.T, request *http.Request) (int, string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// freeAddress returns an address on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestServeFromStartToStop(t *testing.T) {
	r := startServing(t, true)
	r.logged(t, `(?m)^Halley is up: (http://127.0.0.1:\d+/)$`)

	if status, body := r.get(t, "/readyz", ""); status != http.StatusServiceUnavailable || body != "engine: still warming up\n" {
		t.Errorf("before it is ready it answers %d %q", status, body)
	}
	r.fake.ready.Store(true)
	if status, body := r.get(t, "/readyz", ""); status != http.StatusOK || body != "ok\n" {
		t.Errorf("when it is ready it answers %d %q", status, body)
	}
	if got := run(t, "health", "--ready", "-admin", r.admin); got.code != exitOK || got.stdout != "ok\n" {
		t.Errorf("halley health gives %+v", got)
	}

	r.fake.whileStopping = func() {
		status, body := r.get(t, "/readyz?verbose", "")
		var answer readiness
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Errorf("%v in %s", err, body)
		}
		want := checkResult{Name: "serving", Error: "the server is stopping"}
		if status != http.StatusServiceUnavailable || answer.Ready || len(answer.Checks) != 2 || answer.Checks[0] != want || !answer.Checks[1].OK {
			t.Errorf("while it stops it answers %d %s", status, body)
		}
		if status, _ := r.get(t, "/livez", ""); status != http.StatusOK {
			t.Errorf("while it stops it does not live: %d", status)
		}
		if got := run(t, "health", "--ready", "-admin", r.admin); got.code != exitFailure || !strings.Contains(got.stderr, "serving: the server is stopping") {
			t.Errorf("halley health gives %+v", got)
		}
	}
	r.cancel()
	if code := r.end(t); code != exitOK || !r.fake.stopped.Load() {
		t.Errorf("it ends with %d, stopped %v", code, r.fake.stopped.Load())
	}
	if status, _ := r.get(t, "/livez", ""); status != 0 {
		t.Error("the admin pages are still there")
	}
}

func TestTheDefaultSetIsBuilt(t *testing.T) {
	r := startServing(t, false)
	r.cancel()
	r.end(t)
	if len(r.fake.sets) != 1 || r.fake.sets[0].name != "DEMO" || r.fake.sets[0].metadata == nil {
		t.Fatalf("the sets are %+v", r.fake.sets)
	}
	wanted := map[string]adapters.Mode{"QUOTES": adapters.Merge, "DEPTH": adapters.Command, "NEWS": adapters.Distinct}
	for _, d := range r.fake.sets[0].data {
		traits, err := d.adapter.(adapters.Catalog).Describe("AAPL")
		if err != nil || !traits.Modes.Has(wanted[d.name]) {
			t.Errorf("%s: %+v, %v", d.name, traits, err)
		}
		delete(wanted, d.name)
	}
	if len(wanted) > 0 {
		t.Errorf("missing are %v", wanted)
	}
}

func TestLogOfJSONStaysOne(t *testing.T) {
	r := startServing(t, false)
	r.cancel()
	r.end(t)
	for _, line := range strings.Split(strings.TrimSpace(r.stderr.String()), "\n") {
		if !json.Valid([]byte(line)) {
			t.Errorf("%q is no JSON", line)
		}
	}
	if !strings.Contains(r.stderr.String(), `"msg":"Halley is up: http://127.0.0.1:`) {
		t.Errorf("the log is\n%s", r.stderr)
	}
}

func TestServerThatFailsEndsWithOne(t *testing.T) {
	r := startServing(t, false)
	r.fake.failed <- errors.New("the loop broke")
	if code := r.end(t); code != exitFailure || !r.fake.stopped.Load() {
		t.Errorf("it ends with %d, stopped %v", code, r.fake.stopped.Load())
	}
	if !strings.Contains(r.stderr.String(), "the loop broke") {
		t.Errorf("the log is\n%s", r.stderr)
	}
}

func TestAdminPages(t *testing.T) {
	r := startServing(t, false)
	cases := map[string]struct {
		path, host string
		status     int
		body       string // a regular expression
	}{
		"metrics of the engine":        {"/metrics", "", 200, `(?m)^halley_sessions 3$`},
		"metrics of the build":         {"/metrics", "", 200, `(?m)^halley_build_info\{version="[^"]+",commit="[^"]+",go="go[^"]+"\} 1$`},
		"metrics of the runtime":       {"/metrics", "", 200, `(?m)^go_goroutines \d+$`},
		"metrics of the process":       {"/metrics", "", 200, `(?m)^process_cpu_seconds_total [\d.]+$`},
		"a list of the pages":          {"/", "", 200, `/metrics`},
		"no other pages":               {"/nope", "", 404, ``},
		"asked for as localhost":       {"/livez", "localhost:8081", 200, `^ok\n$`},
		"asked for by its address":     {"/livez", "[::1]:8081", 200, `^ok\n$`},
		"asked for by another name":    {"/metrics", "evil.example:8081", 421, `admin listener`},
		"a name that looks like local": {"/metrics", "localhost.evil.example", 421, `admin listener`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			status, body := r.get(t, c.path, c.host)
			if status != c.status || !regexp.MustCompile(c.body).MatchString(body) {
				t.Errorf("%s gives %d %q, want %d %s", c.path, status, body, c.status, c.body)
			}
		})
	}
	response, err := http.Post("http://"+r.admin+"/metrics", "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST gives %d", response.StatusCode)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestNothingIsLeftHalfRunning(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	admin := freeAddress(t)
	missing := filepath.Join(t.TempDir(), "aapl_20261120_trade.csv")
	replays := writeFile(t, "replays.yaml", "adapter_sets:\n  X:\n    data:\n      Q:\n        type: replay\n        files: ["+missing+"]\n")
	cases := map[string]struct {
		args []string
		want []string
	}{
		"the port is taken":       {[]string{"-listen", taken.Addr().String(), "-admin", admin}, []string{"-listen (flag): listen: port " + port + " is taken", "choose another port"}},
		"the admin port is taken": {[]string{"-listen", freeAddress(t), "-admin", taken.Addr().String()}, []string{"-admin (flag): admin.listen: port " + port + " is taken"}},
		"both at once":            {[]string{"-listen", "192.0.2.1:80", "-admin", taken.Addr().String()}, []string{"is no address of this machine", "is taken", "2 faults"}},
		"a file is missing":       {[]string{"-c", replays, "-listen", freeAddress(t), "-admin", admin}, []string{replays + ":4:7: adapter_sets.X.data.Q:", "no such file", "in which halley was started"}},
		"the configuration":       {[]string{"-c", "nope.yaml"}, []string{"nope.yaml does not exist"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var stderr logBuffer
			env := &environment{name: "halley serve", args: c.args, stdout: io.Discard, stderr: &stderr}
			code := serve(t.Context(), env, func(*config, []adapterSet, *logs) (*server, error) {
				t.Error("the server is started")
				return nil, errors.New("no")
			})
			if code != exitUsage {
				t.Errorf("it ends with %d, want %d", code, exitUsage)
			}
			for _, want := range c.want {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("%q is missing in\n%s", want, stderr.String())
				}
			}
			if l, err := net.Listen("tcp", admin); err != nil {
				t.Errorf("the admin port is still taken: %v", err)
			} else {
				l.Close()
			}
		})
	}
}

func TestServerThatCannotStart(t *testing.T) {
	var stderr logBuffer
	env := &environment{name: "halley serve", args: []string{"-listen", freeAddress(t), "-admin", ""}, stdout: io.Discard, stderr: &stderr}
	code := serve(t.Context(), env, func(*config, []adapterSet, *logs) (*server, error) { return nil, errors.New("no loops") })
	if want := "-listen (flag): listen: no loops"; code != exitUsage || !strings.Contains(stderr.String(), want) {
		t.Errorf("it ends with %d and\n%s\nwant %d and %s", code, stderr.String(), exitUsage, want)
	}
}

func TestLinks(t *testing.T) {
	for address, want := range map[string]string{
		":8080":          "http://localhost:8080/",
		"0.0.0.0:8080":   "http://localhost:8080/",
		"[::]:8080":      "http://localhost:8080/",
		"10.0.0.1:80":    "http://10.0.0.1/",
		"[::1]:80":       "http://[::1]/",
		"[fe80::1]:8080": "http://[fe80::1]:8080/",
		"example.org:81": "http://example.org:81/",
	} {
		if got := linkTo(address); got != want {
			t.Errorf("the link to %s is %s, want %s", address, got, want)
		}
	}
}

func TestLogFormats(t *testing.T) {
	cases := map[string]struct {
		conf     logConfig
		terminal bool
		want     string
	}{
		"JSON when nobody watches":   {logConfig{"info", "auto"}, false, `^\{"time":"[^"]+","level":"INFO","msg":"hello","n":1\}\n$`},
		"colours on a terminal":      {logConfig{"info", "auto"}, true, `^\x1b.*INF.*hello.*n=`},
		"JSON when it is asked for":  {logConfig{"info", "json"}, true, `^\{`},
		"text when it is asked for":  {logConfig{"info", "text"}, false, `^\d\d:\d\d:\d\d INF hello n=1\n$`},
		"what is below is left out":  {logConfig{"warn", "json"}, false, `^$`},
		"no level is level info":     {logConfig{"loud", "json"}, false, `^\{`},
		"what is above is not there": {logConfig{"debug", "json"}, false, `^\{`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var b logBuffer
			logs := newLogs(c.conf, &environment{stderr: &b, terminal: c.terminal})
			logs.main.Info("hello", "n", 1)
			if !regexp.MustCompile(c.want).MatchString(b.String()) {
				t.Errorf("got %q, want %s", b.String(), c.want)
			}
			logs.close()
		})
	}
}

func TestColoursCanBeTurnedOff(t *testing.T) {
	var b logBuffer
	logs := newLogs(logConfig{"info", "auto"}, &environment{stderr: &b, terminal: true, environ: []string{"NO_COLOR=1"}})
	defer logs.close()
	logs.noisy.Info("hello")
	if strings.Contains(b.String(), "\x1b") || !strings.Contains(b.String(), "INF hello") {
		t.Errorf("got %q", b.String())
	}
}
