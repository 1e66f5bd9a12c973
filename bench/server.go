//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/halley-stream/halley/adapters/load"
)

const (
	adapterSet  = "BENCH"
	loadAdapter = "LOAD"
	// startPatience is how long the server may take until it is ready.
	startPatience = 15 * time.Second
	// stopPatience is how long it may take to end.
	stopPatience = 15 * time.Second
)

// buildServer builds the server and returns the program.
func buildServer(ctx context.Context, folder string) (string, error) {
	program := filepath.Join(folder, "halley")
	build := exec.CommandContext(ctx, "go", "build", "-buildvcs=auto", "-o", program, "github.com/halley-stream/halley/cmd/halley")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the server: %w\n%s", err, out)
	}
	return program, nil
}

// server is a server that runs.
type server struct {
	address string
	admin   string
	pid     int
	empty   int64 // its memory before there were clients

	process *exec.Cmd
	exited  chan struct{} // closed when it has ended
}

// startServer starts a server with a Data Adapter and waits until it is ready.
func startServer(ctx context.Context, program, folder, adapter string, stderr io.Writer) (*server, error) {
	s, err := launchServer(program, folder, adapter, stderr)
	if err != nil {
		return nil, err
	}
	if err := s.waitReady(ctx); err != nil {
		s.stop()
		return nil, err
	}
	s.empty, err = readRSS(s.pid)
	return s, err
}

// launchServer starts a server and does not wait.
func launchServer(program, folder, adapter string, stderr io.Writer) (*server, error) {
	address, err1 := freeAddress()
	admin, err2 := freeAddress()
	file := filepath.Join(folder, "halley.yaml")
	if err := errors.Join(err1, err2, os.WriteFile(file, []byte(configuration(address, admin, adapter)), 0o600)); err != nil {
		return nil, err
	}
	s := &server{address: address, admin: admin, exited: make(chan struct{})}
	s.process = exec.Command(program, "serve", "-c", file)
	s.process.Stderr = stderr
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	s.pid = s.process.Process.Pid
	go func() {
		_ = s.process.Wait() // how it ends does not matter any more
		close(s.exited)
	}()
	return s, nil
}

// configuration is the server's, as shipped but for the limit that a fleet on one
// machine would run into, and for how long it takes to end.
func configuration(address, admin, adapter string) string {
	return fmt.Sprintf(`listen: %q
admin: {listen: %q}
log: {level: warn, format: json}
limits: {sessions_per_address: 0}
engine: {drain: 100ms}
adapter_sets:
  %s:
    data:
      %s
`, address, admin, adapterSet, adapter)
}

// loadSettings are those of the load adapter.
func loadSettings(c load.Config) string { return loadAdapter + ": " + loadText(c) }

// roomSettings are those of the load adapter with its chat rooms.
func roomSettings(c load.Config) string { return loadSettings(c) + "\n    metadata: " + loadText(c) }

// pluginSettings builds the load adapter as a plugin and returns its settings.
func (b *bench) pluginSettings(ctx context.Context) (string, error) {
	program := filepath.Join(b.folder, "feedplugin")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "github.com/halley-stream/halley/bench/feedplugin")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the plugin: %w\n%s", err, out)
	}
	l := b.load
	return fmt.Sprintf(`%s: {type: plugin, command: %q, parameters: {items: "%d", fields: "%d", bytes: "%d", rate: "%v", seed: "%d"}}`,
		loadAdapter, program, l.Items, l.Fields, l.Bytes, l.Rate, l.Seed), nil
}

func loadText(c load.Config) string {
	return fmt.Sprintf("{type: load, items: %d, fields: %d, bytes: %d, rate: %v, phases: %s, seed: %d, resident: %v}",
		c.Items, c.Fields, c.Bytes, c.Rate, c.Phases, c.Seed, c.Resident)
}

// freeAddress returns an address of this machine that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (s *server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	for {
		if body, err := s.get(ctx, "/readyz"); err == nil {
			return body.Close()
		}
		select {
		case <-retry.C:
		case <-s.exited:
			return errors.New("the server ended at once")
		case <-ctx.Done():
			return fmt.Errorf("the server is not ready after %v", startPatience)
		}
	}
}

// get returns an admin page.
func (s *server) get(ctx context.Context, path string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.admin+path, nil)
	if err != nil {
		return nil, err
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("%s: %s", path, response.Status)
	}
	return response.Body, nil
}

// metrics returns the server's metrics, each the sum over its labels, and the number
// of loops.
func (s *server) metrics(ctx context.Context) (map[string]float64, error) {
	body, err := s.get(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	defer body.Close()
	sums := make(map[string]float64)
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		if name, value, ok := parseMetric(lines.Text()); ok {
			sums[name] += value
			if name == "halley_loop_window_seconds" {
				sums[loopCount]++
			}
		}
	}
	return sums, lines.Err()
}

// parseMetric reads a line of the text format of Prometheus.
func parseMetric(line string) (name string, value float64, ok bool) {
	blank := strings.LastIndexByte(line, ' ')
	if blank < 0 || line[0] == '#' {
		return "", 0, false
	}
	name, _, _ = strings.Cut(line[:blank], "{")
	value, err := strconv.ParseFloat(line[blank+1:], 64)
	return name, value, err == nil
}

// stop ends the server, and kills it if it takes too long.
func (s *server) stop() {
	_ = s.process.Process.Signal(syscall.SIGTERM) // it may have ended
	patience := time.NewTimer(stopPatience)
	defer patience.Stop()
	select {
	case <-s.exited:
		return
	case <-patience.C:
	}
	_ = s.process.Process.Kill()
	<-s.exited
}
