package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestServerThatCannotStartSaysWhy(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	_, port, _ := net.SplitHostPort(address)

	// The tests name files by where they are, because messages do so.
	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	set := func(adapter string) string {
		return "adapter_sets:\n  X:\n    data:\n      Q:\n        " + adapter + "\n"
	}
	bad := file("x_20260302_quote.csv", "1,2,x\n")
	none := filepath.Join(folder, "none")

	cases := map[string]struct {
		config string
		args   []string
		want   []string
	}{
		"the port is taken":            {"", []string{"-listen", address}, []string{"-listen (flag): listen: port " + port + " is taken: another program, perhaps another Halley, listens on " + address}},
		"the admin port is taken":      {"", []string{"-admin", address}, []string{"-admin (flag): admin.listen: port " + port + " is taken"}},
		"the configuration is missing": {"", []string{"-c", none}, []string{"the configuration file " + none + " does not exist; 'halley config sample > " + none + "' makes one"}},
		"no YAML":                      {"engine:\n  drain: [5s\n", nil, []string{"halley.yaml:2:10: this is not valid YAML", "  2 |   drain: [5s\n    |          ^\n"}},
		"a key that is not there":      {"engine:\n  drian: 5s\n", nil, []string{`halley.yaml:2:3: engine: unknown key "drian"; did you mean "drain"?`, "  2 |   drian: 5s\n    |   ^\n", "1 fault in the configuration"}},
		"a value of another type":      {"log: {level: loud}\nengine: {drain: soon}\n", nil, []string{"halley.yaml:1:14: log.level: ", `halley.yaml:2:17: engine.drain: "soon" is not a duration`, "2 faults in the configuration"}},
		"an adapter type":              {set("type: kafak"), nil, []string{`halley.yaml:5:15: adapter_sets.X.data.Q.type: unknown type "kafak"; did you mean "kafka"?`}},
		"a bad recording":              {set("{type: replay, files: [" + bad + "]}"), nil, []string{"halley.yaml:4:7: adapter_sets.X.data.Q: x_20260302_quote.csv:1: ask: found \"x\", want a decimal number"}},
		"a recording that is missing":  {set("{type: replay, files: [" + folder + "/y_20260302_quote.csv]}"), nil, []string{"halley.yaml:4:7: adapter_sets.X.data.Q: ", "no such file"}},
		"the name of a recording":      {set("{type: replay, files: [ibm.csv]}"), nil, []string{"halley.yaml:4:7: adapter_sets.X.data.Q: ibm.csv: want a name such as ibm_20131008_quote.zip"}},
		"a wrong address of Kafka":     {set("{type: kafka, brokers: [localhost], topics: [{topic: t}]}"), nil, []string{`adapter_sets.X.data.Q.brokers[0]: "localhost" has no port; write for example localhost:9092`}},
		"Kafka without topics":         {set("{type: kafka, brokers: [\"localhost:9092\"]}"), nil, []string{"topics: at least one is needed"}},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			config := writeFile(t, "halley.yaml", test.config)
			args := []string{"serve", "-c", config, "-listen", freeAddress(t), "-admin", freeAddress(t)}
			p := start(t, command(t, append(args, test.args...)...))
			if code := p.end(); code != 2 {
				t.Errorf("it ends with %d, want 2", code)
			}
			for _, want := range test.want {
				if !strings.Contains(p.stderr.String(), want) {
					t.Errorf("it says\n%swant %s", p.stderr.String(), want)
				}
			}
		})
	}
}

func TestServerWaitsForKafka(t *testing.T) {
	nobody := freeAddress(t)
	s := prepare(t, fmt.Sprintf("X:\n  data:\n    Q: {type: kafka, brokers: [%q], topics: [{topic: t}]}\n    QUOTES: {type: demo}\n", nobody))
	s.start()
	waitFor(t, "the server to live", func() bool { status, _ := s.get("/livez"); return status == http.StatusOK })
	waitFor(t, "the server to say what is wrong", func() bool {
		return strings.Contains(s.stderr.String(), nobody+": connect: connection refused (nothing listens there; check brokers and that Kafka is running)")
	})
	if status, text := s.get("/readyz"); status != http.StatusServiceUnavailable || !strings.HasPrefix(text, "X/Q: its source is away; the last values are kept: metadata: dial tcp") {
		t.Errorf("/readyz answers %d %q", status, text)
	}
	if up, other := s.metric("halley_adapter_up", `"X/Q"`), s.metric("halley_adapter_up", `"X/QUOTES"`); up != 0 || other != 1 {
		t.Errorf("the adapters are up: %v and %v, want 0 and 1", up, other)
	}
	// The other feed is not disturbed.
	c := runClient(t, current)
	c.connect(s.url(), "X", "")
	c.status("CONNECTING", "CONNECTED:WS-STREAMING")
	c.subscribe("quotes", wish{mode: "MERGE", adapter: "QUOTES", items: []string{"AAPL"}, fields: []string{"last", "time"}})
	c.confirmed("quotes", "unlimited")
	c.updates("quotes", 3)
	c.disconnect()
}

func TestServerTellsOfABadTick(t *testing.T) {
	path := writeFile(t, "x_20260302_quote.csv", "1,2,3\n2,2,3\n3,2,x\n")
	s := prepare(t, "X:\n  data:\n    Q: {type: replay, files: ["+path+"]}\n")
	s.start()
	waitFor(t, "the server to say what is wrong", func() bool {
		return strings.Contains(s.stderr.String(), `"adapter":"X/Q","reason":"x_20260302_quote.csv:3: ask: found \"x\", want a decimal number`)
	})
	waitFor(t, "the server to say that it is not ready", func() bool { status, _ := s.get("/readyz"); return status == http.StatusServiceUnavailable })
	if n := s.metric("halley_adapter_restarts_total"); n != 0 { // it would show old ticks again
		t.Errorf("the adapter was tried again %v times", n)
	}
	s.signal(syscall.SIGTERM)
	if code := s.end(); code != 0 {
		t.Errorf("it ends with %d, want 0", code)
	}
}

func TestServerDrainsItsClients(t *testing.T) {
	s := serve(t, market())
	clients := make([]*client, 3)
	for i := range clients {
		clients[i] = runClient(t, current)
		clients[i].connect(s.url(), "DEMO", "")
		clients[i].status("CONNECTING", "CONNECTED:WS-STREAMING")
	}
	s.waitMetric(3, "halley_sessions")
	s.stop() // checks the time and the exit code
	for _, c := range clients {
		c.leavesWillingly()
		c.quit()
	}
}

func TestSecondSignalEndsTheServerAtOnce(t *testing.T) {
	s := prepare(t, market())
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	lasting := strings.Replace(string(text), "drain: "+drainTime.String(), "loops: 1\n  drain: 20s", 1)
	if err := os.WriteFile(s.config, []byte(lasting), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start()
	s.waitReady()
	// Of two clients of a loop, the second is let go after half of the time.
	for range 2 {
		c := runClient(t, current)
		c.connect(s.url(), "DEMO", "")
		c.status("CONNECTING", "CONNECTED:WS-STREAMING")
	}
	began := time.Now()
	s.signal(syscall.SIGTERM)
	waitFor(t, "the server to be stopping", func() bool {
		status, text := s.get("/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(text, "serving: the server is stopping")
	})
	s.signal(syscall.SIGTERM)
	if code := s.end(); code != 1 {
		t.Errorf("it ends with %d, want 1", code)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it takes %v to end", took)
	}
}
