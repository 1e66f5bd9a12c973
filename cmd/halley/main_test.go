package main

import (
	"bytes"
	"context"
	"flag"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/halley-stream/halley/internal/leaktest"
)

// update rewrites the files that tests compare with.
var update = flag.Bool("update", false, "rewrite golden files")

func TestMain(m *testing.M) { leaktest.Main(m) }

// outcome is what a run of the program left behind.
type outcome struct {
	code           int
	stdout, stderr string
}

// run runs the program with arguments, "NAME=value" in front being variables of
// the environment.
func run(t *testing.T, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	env := &environment{name: "halley", stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr}
	for len(args) > 0 && strings.HasPrefix(args[0], envPrefix) {
		env.environ, args = append(env.environ, args[0]), args[1:]
	}
	env.args = args
	code := runMain(t.Context(), env)
	return outcome{code, stdout.String(), stderr.String()}
}

func TestCommandLine(t *testing.T) {
	cases := map[string]struct {
		args           []string
		code           int
		stdout, stderr string // parts
	}{
		"nothing prints the help":           {nil, exitUsage, "", "$ halley serve\n"},
		"help is data when it is asked for": {[]string{"help"}, exitOK, "$ halley serve\n", ""},
		"two hyphens":                       {[]string{"--help"}, exitOK, "Usage: halley <command>", ""},
		"a command misspelled":              {[]string{"srve"}, exitUsage, "", `unknown command "srve"; did you mean "serve"?`},
		"no command at all":                 {[]string{"xyzzy"}, exitUsage, "", `there are serve, sub, replay, config, new-adapter, hash-password, health, version`},
		"help of a command":                 {[]string{"serve", "-h"}, exitOK, "Example: halley serve -c halley.yaml", ""},
		"an unknown flag":                   {[]string{"serve", "-port", "1"}, exitUsage, "", "flag provided but not defined: -port\nRun 'halley serve -h' for help."},
		"an argument too many":              {[]string{"serve", "now"}, exitUsage, "", `unexpected argument "now"`},
		"a flag behind an operand":          {[]string{"config", "check", "none.yaml", "-listen", ":1"}, exitUsage, "", "none.yaml does not exist"},
		"a flag without a path":             {[]string{"serve", "-set", "x"}, exitUsage, "", "write path=value"},
		"the version":                       {[]string{"version"}, exitOK, "halley devel", ""},
		"the version, as a flag":            {[]string{"--version"}, exitOK, "halley devel", ""},
		"the version for programs":          {[]string{"version", "--json"}, exitOK, `{"version":"devel"`, ""},
		"config without a command":          {[]string{"config"}, exitUsage, "", "$ halley config check -c halley.yaml"},
		"config with a wrong one":           {[]string{"config", "chekc"}, exitUsage, "", `did you mean "check"?`},
		"nobody to ask":                     {[]string{"health", "-admin", ""}, exitUsage, "", "turned off"},
		"nobody answers":                    {[]string{"health", "-admin", "127.0.0.1:1"}, exitFailure, "", "nobody listens at http://127.0.0.1:1/livez"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := run(t, c.args...)
			if got.code != c.code || !strings.Contains(got.stdout, c.stdout) || !strings.Contains(got.stderr, c.stderr) {
				t.Errorf("%q gives %d\nstdout %q\nstderr %q\nwant %d\n%q\n%q", c.args, got.code, got.stdout, got.stderr, c.code, c.stdout, c.stderr)
			}
			if c.stdout == "" && got.stdout != "" || c.stderr == "" && got.stderr != "" {
				t.Errorf("%q talks in the wrong place:\nstdout %q\nstderr %q", c.args, got.stdout, got.stderr)
			}
		})
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	for _, c := range commands() {
		if c.name == "config" {
			continue // has commands of its own
		}
		got := run(t, c.name, "-h")
		if got.code != exitOK || !strings.Contains(got.stdout, "halley "+c.name) {
			t.Errorf("halley %s -h gives %d and %q", c.name, got.code, got.stdout)
		}
		if c.example == "" || !strings.HasPrefix(c.example, "halley "+c.name) {
			t.Errorf("the example of %s is %q", c.name, c.example)
		}
	}
}

func TestTwoHyphensEndTheFlags(t *testing.T) {
	env := &environment{args: []string{"a", "-n", "2", "b", "--", "-n", "c"}}
	set := newFlags(env, "", "")
	n := set.Int("n", 0, "")
	operands, _, done := parseFlags(env, set)
	if got := strings.Join(operands, " "); done || *n != 2 || got != "a b -n c" {
		t.Errorf("operands are %q, n is %d, done is %v; want \"a b -n c\", 2, false", got, *n, done)
	}
}

func TestFirstSignalDrainsSecondEnds(t *testing.T) {
	exits := make(chan int, 1)
	ctx, stop := withSignals(context.Background(), func(code int) { exits <- code })
	defer stop()
	kill := func() {
		if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	kill()
	await(t, ctx.Done(), "the first signal to cancel")
	select {
	case code := <-exits:
		t.Fatalf("the first signal ends the program with %d", code)
	default:
	}
	kill()
	select {
	case code := <-exits:
		if code != exitFailure {
			t.Errorf("the second signal ends the program with %d, want %d", code, exitFailure)
		}
	case <-time.After(10 * time.Second):
		t.Error("the second signal does nothing")
	}
}

// await waits for a channel to be closed.
func await(t *testing.T, done <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatalf("waited in vain for %s", what)
	}
}

// logBuffer is a writer for goroutines.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends p.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String returns all that was written.
func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
