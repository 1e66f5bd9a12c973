package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What is configured of all servers. A client that goes away over HTTP does not
// say so: its session stays for the timeout.
const (
	drainTime      = 300 * time.Millisecond
	sessionTimeout = 2 * time.Second
)

// server is a 'halley serve' with ports and a configuration of its own.
type server struct {
	*program
	config string // file
	listen string
	admin  string
}

// serve starts a server whose adapter sets are given as YAML and waits until it
// is ready. At the end of the test it is stopped, if the test has not done that.
func serve(t testing.TB, sets string) *server {
	t.Helper()
	s := prepare(t, sets)
	s.start()
	s.waitReady()
	return s
}

// prepare chooses the ports of a server and writes its configuration.
func prepare(t testing.TB, sets string) *server {
	t.Helper()
	s := &server{program: &program{t: t}, listen: freeAddress(t), admin: freeAddress(t)}
	s.config = writeFile(t, "halley.yaml", fmt.Sprintf("listen: %s\nadmin:\n  listen: %s\nengine:\n  drain: %s\n  session_timeout: %s\nadapter_sets:\n%s",
		s.listen, s.admin, drainTime, sessionTimeout, indent(sets)))
	return s
}

// start starts the server, also once more after stop.
func (s *server) start() {
	t := s.t
	t.Helper()
	s.program = start(t, command(t, "serve", "-c", s.config))
	p := s.program
	t.Cleanup(func() {
		if s.program == p && p.runs() {
			s.stop()
		}
		if t.Failed() {
			t.Logf("the server's log:\n%s", p.stderr.String())
		}
	})
}

// command returns the program with arguments. Settings that the environment of
// the tests happens to have do not reach it.
func command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(halley(t), args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "HALLEY_") })
	return cmd
}

func (s *server) waitReady() {
	s.t.Helper()
	waitFor(s.t, "the server to be ready", func() bool {
		if !s.runs() {
			s.t.Fatalf("the server has ended with %d:\n%s", s.code, s.stderr.String())
		}
		status, _ := s.get("/readyz")
		return status == http.StatusOK
	})
}

// stop stops the server as a service manager does, and fails the test unless it
// ends in order, in time and without an error in its log.
func (s *server) stop() {
	s.t.Helper()
	began := time.Now()
	s.signal(syscall.SIGTERM)
	if code := s.end(); code != 0 {
		s.t.Errorf("the server ends with %d, want 0", code)
	}
	// A second for what the drain leaves over, and one each for the admin pages
	// and the slowness of machines.
	if took, most := time.Since(began), drainTime+3*time.Second; took > most {
		s.t.Errorf("the server takes %v to stop, want %v at most", took, most)
	}
	for _, line := range s.errors() {
		s.t.Errorf("the server's log has %s", line)
	}
}

// errors returns the lines of the log that should not be there.
func (s *server) errors() []string {
	var bad []string
	for line := range strings.Lines(s.stderr.String()) {
		var entry struct{ Level string }
		if json.Unmarshal([]byte(line), &entry) != nil || entry.Level == "ERROR" {
			bad = append(bad, strings.TrimSpace(line))
		}
	}
	return bad
}

// url is where clients connect.
func (s *server) url() string { return "http://" + s.listen }

// get returns the status and the text of an admin page, 0 if there is none.
func (s *server) get(path string) (int, string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.admin+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(body)
}

// metric returns the sum of the metric's values whose labels contain all the
// texts given, such as `transport="ws-streaming"`.
func (s *server) metric(name string, labels ...string) float64 {
	s.t.Helper()
	status, page := s.get("/metrics")
	if status != http.StatusOK {
		s.t.Fatalf("/metrics answers %d %s", status, page)
	}
	sum, found := 0.0, false
lines:
	for line := range strings.Lines(page) {
		sample, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		series, rest, _ := strings.Cut(sample, "{")
		if series != name {
			continue
		}
		for _, label := range labels {
			if !strings.Contains(rest, label) {
				continue lines
			}
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			s.t.Fatalf("%s: %v", line, err)
		}
		sum, found = sum+n, true
	}
	if !found {
		s.t.Fatalf("/metrics has no %s%v", name, labels)
	}
	return sum
}

// waitMetric waits until a metric has a value.
func (s *server) waitMetric(want float64, name string, labels ...string) {
	s.t.Helper()
	waitFor(s.t, fmt.Sprintf("%s%v to be %v", name, labels, want), func() bool { return s.metric(name, labels...) == want })
}

// freeAddress returns an address on which nobody listens.
func freeAddress(t testing.TB) string {
	t.Helper()
	address, err := unusedAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// unusedAddress keeps away from the ports that systems give to whoever asks for any:
// a server that is started again finds its own still free.
func unusedAddress() (string, error) {
	const first, last, tries = 15_000, 30_000, 100
	var err error
	for range tries {
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+rand.IntN(last-first))); err == nil {
			defer l.Close()
			return l.Addr().String(), nil
		}
	}
	return "", err
}

// writeFile writes a file into a new folder and returns its path.
func writeFile(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// indent moves YAML to the right by one level.
func indent(yaml string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimPrefix(yaml, "\n")) {
		b.WriteString("  " + line)
	}
	return b.String()
}
