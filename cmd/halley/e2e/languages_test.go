package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// root is the folder of the repository.
var root = sync.OnceValues(func() (string, error) { return filepath.Abs("../../..") })

// repository returns the folder of the repository.
func repository(t testing.TB) string {
	t.Helper()
	folder, err := root()
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// python returns a Python that has the package for adapters. It skips the test where
// there is none and nothing to install it from, but not in continuous integration.
func python(t testing.TB) string {
	t.Helper()
	made := exec.Command(filepath.Join(repository(t), "sdk/python/scripts/venv"))
	var stderr bytes.Buffer
	made.Stderr = &stderr
	venv, err := made.Output()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("there is no Python 3.10 with venv, or no registry to install from: %v\n%s", err, stderr.String())
	} else if err != nil {
		t.Fatalf("venv: %v\n%s", err, stderr.String())
	}
	return filepath.Join(strings.TrimSpace(string(venv)), "bin/python")
}

// TestAdaptersInOtherLanguages runs the examples of plugins as the server's own
// processes: two feeds of made-up prices, for names of capital letters.
func TestAdaptersInOtherLanguages(t *testing.T) {
	examples := map[string]func(t *testing.T) (command, script string){
		"Python": func(t *testing.T) (string, string) {
			return python(t), filepath.Join(repository(t), "sdk/python/examples/ticker.py")
		},
		"Node": func(t *testing.T) (string, string) {
			folder := filepath.Join(repository(t), "adapters/plugin/example/node")
			needNode(t, folder)
			return "node", filepath.Join(folder, "ticker.js")
		},
	}
	for language, example := range examples {
		t.Run(language, func(t *testing.T) {
			t.Parallel() // most of it is waiting
			command, script := example(t)
			s := serve(t, fmt.Sprintf("X:\n  data:\n    QUOTES: {type: plugin, command: %q, args: [%q]}\n", command, script))
			prices(t, s, "the first process")
			if p := sub(t, s, "ibm"); p.end() == 0 || !strings.Contains(p.stderr.String(), `"ibm" not found`) {
				t.Errorf("of a name that is none, halley sub says %q", p.stderr.String())
			}
			s.signal(syscall.SIGHUP)
			waitFor(t, "the plugin to be replaced", func() bool {
				return strings.Count(s.stderr.String(), "plugin is ready") == 2
			})
			prices(t, s, "the second process")
			s.stop()
		})
	}
}

// TestAPluginInPythonBehindTheServer shows what reaches clients and the log: a feed
// and a Metadata Adapter in one process, which fails first and is started again.
func TestAPluginInPythonBehindTheServer(t *testing.T) {
	t.Parallel()
	plugin := fmt.Sprintf("{type: plugin, command: %q, args: [testdata/desk.py], parameters: {marker: %q}}",
		python(t), filepath.Join(t.TempDir(), "marker"))
	s := prepare(t, fmt.Sprintf("X:\n  metadata: %s\n  data:\n    QUOTES: %[1]s\n", plugin))
	s.start()
	waitFor(t, "the plugin to be started again", func() bool { return strings.Count(s.stderr.String(), "plugin is ready") == 2 })
	s.waitReady()
	for _, want := range []string{
		`"level":"ERROR","msg":"the adapter's run has failed","plugin":"X.metadata","exception":"Traceback`,
		`the line is dead`,
		`"level":"WARN","msg":"feed is slow","plugin":"X.metadata","seconds":1.5,"venue":"XETR"`,
		`"level":"INFO","msg":"said on standard output"`,
	} {
		waitFor(t, "the log to have "+want, func() bool { return strings.Contains(s.stderr.String(), want) })
	}
	for item, c := range map[string]struct{ password, want string }{
		"EURUSD": {"guess", "User or password rejected"},
		"NZDCAD": {"secret", "NZDCAD is not for ada"},
	} {
		if p := sub(t, s, item, "--user", "ada", "--password", c.password); p.end() == 0 || !strings.Contains(p.stderr.String(), c.want) {
			t.Errorf("of %s, halley sub says %q, want %q", item, p.stderr.String(), c.want)
		}
	}
	if p := sub(t, s, "EURUSD", "USDJPY", "--user", "ada", "--password", "secret", "--count", "4"); p.end() != 0 || !strings.Contains(p.stdout.String(), `"fields":{"bid":"`) {
		t.Errorf("of what is allowed, halley sub prints %q and says %q", p.stdout.String(), p.stderr.String())
	}
	p := sub(t, s, "BOOK", "--mode", "COMMAND", "--user", "ada", "--password", "secret", "--count", "2")
	p.end()
	for _, row := range []string{
		`"snapshot":true,"key":"1","command":"ADD","fields":{"bid":"1.01","ask":null}`,
		`"snapshot":true,"key":"2","command":"ADD","fields":{"bid":"1.02","ask":null}`,
	} {
		if !strings.Contains(p.stdout.String(), row) {
			t.Errorf("of the book, halley sub prints %q, want %s", p.stdout.String(), row)
		}
	}
	s.signal(syscall.SIGTERM)
	if code := s.end(); code != 0 {
		t.Errorf("the server ends with %d, want 0", code)
	}
}

// prices fails the test unless two items have prices.
func prices(t testing.TB, s *server, of string) {
	t.Helper()
	p := sub(t, s, "IBM", "AAPL", "--count", "20")
	if code := p.end(); code != 0 {
		t.Fatalf("%s: halley sub ends with %d:\n%s", of, code, p.stderr.String())
	}
	seen := make(map[string]bool)
	for line := range strings.Lines(p.stdout.String()) {
		var update struct {
			Item   string
			Fields map[string]string
		}
		if err := json.Unmarshal([]byte(line), &update); err != nil {
			t.Fatalf("%s: halley sub prints %q: %v", of, line, err)
		}
		seen[update.Item] = seen[update.Item] || update.Fields["bid"] != "" && update.Fields["ask"] != ""
	}
	if !seen["IBM"] || !seen["AAPL"] {
		t.Errorf("%s: there are prices of %v only:\n%s", of, seen, p.stdout.String())
	}
}

// subscription is a 'halley sub', and what it has printed.
type subscription struct {
	*program
	stdout *text
}

// sub runs 'halley sub' on a server's set X.
func sub(t testing.TB, s *server, args ...string) *subscription {
	t.Helper()
	cmd := command(t, append([]string{"sub", "--url", s.url(), "--set", "X", "--fields", "bid,ask"}, args...)...)
	out := new(text)
	cmd.Stdout = out
	return &subscription{start(t, cmd), out}
}
