package host

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// TestAPluginThatDoesNotStart gives up after two tries, so that what is said of the
// failure comes once as such.
func TestAPluginThatDoesNotStart(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   []string
	}{
		{"exits", arg("exit"), []string{"it ended before it was ready: exit status 3; it wrote: no licence was found", "command " + program}},
		{"prints garbage", arg("garbage"), []string{`it wrote \"Welcome to the feed!\" to standard output in place of the greeting`}},
		{"speaks another version", arg("version"), []string{"it speaks version 7 of the protocol of adapters, and this server version 1"}},
		{"listens on TCP", arg("tcp"), []string{"reached over TCP, so tls must be on"}},
		{"speaks net/rpc", arg("netrpc"), []string{"it does not speak gRPC"}},
		{"is never ready", func(c *Config) { c.Args, c.StartTimeout = []string{"mute"}, 50*time.Millisecond }, []string{"it was not ready in time (start_timeout)"}},
		{"is not there", func(c *Config) { c.Command = "/nowhere/plugin" }, []string{"command /nowhere/plugin", "no such file"}},
		{"is another file", func(c *Config) { c.SHA256 = strings.Repeat("0", 64) }, []string{"SHA-256 sum is", "not the one configured"}},
		{"does not like its parameters", func(c *Config) { c.Parameters = map[string]string{"bad": "yes"} }, []string{"configure: bad is no parameter"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, func(conf *Config) {
				conf.GiveUp = 2
				c.change(conf)
			})
			s.waitForLog("plugin failed too often; it is not started again until somebody asks for it")
			errs := s.log.errors()
			if len(errs) != 2 {
				t.Errorf("%d errors, want one of each try: %q", len(errs), errs)
			}
			for _, want := range c.want {
				if !strings.Contains(errs[len(errs)-1], want) {
					t.Errorf("the error is %s, want %s in it", errs[len(errs)-1], want)
				}
			}
			s.waitFor("the state", func() bool {
				_, err := s.data.(adapters.Catalog).Describe("IBM")
				return errors.Is(err, adapters.ErrUnavailable)
			})
			if err := s.plugin.Replace(t.Context()); err == nil {
				t.Error("another try has no error")
			}
		})
	}
}

func arg(behaviour string) func(*Config) {
	return func(c *Config) { c.Args = []string{behaviour} }
}

func TestTheRightSumStarts(t *testing.T) {
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	s := start(t, func(c *Config) { c.SHA256 = strings.ToUpper(hex.EncodeToString(sum[:])) })
	s.waitForLog("plugin is ready", "name=testplugin", "version=1.0")
}

func TestTLS(t *testing.T) {
	s := start(t, func(c *Config) { c.TLS = true })
	s.want("IBM")
	s.feed.WaitFor(func() bool { return s.feed.Complete("IBM") })
}

// TestAPluginThatFailsLater asks for an item that makes the plugin fail. It is told of
// once, and a new process serves.
func TestAPluginThatFailsLater(t *testing.T) {
	for _, c := range []struct {
		name, item string
		change     func(*Config)
		want       string
	}{
		{"hangs", "hangs", func(c *Config) { c.HealthInterval, c.HealthMisses = 50*time.Millisecond, 3 }, "it did not answer when asked 3 times in a row whether it lives"},
		{"says what nobody asked", "stray", nil, "its updates: item 1234567, which nobody has asked for (at byte"},
		{"panics", "panics", nil, "the process ended: exit status 2"},
		{"eats memory", "eats", func(c *Config) { c.MemoryLimit = 512 << 20 }, "the process ended: exit status 2"},
		{"ends its feed", "run-fails", nil, "the Data Adapter's Run: the exchange has closed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, c.change)
			s.want("IBM")
			s.feed.WaitFor(func() bool { return s.feed.Complete("IBM") })
			old := s.pid("IBM")
			s.want(c.item)
			s.waitForLog("level=ERROR", "plugin failed; it is started again", c.want)
			s.release(c.item)
			s.waitFor("another process", func() bool { return s.feed.Complete("IBM") && s.pid("IBM") != 0 && s.pid("IBM") != old })
			s.waitFor("the feed", s.feed.IsUp)
		})
	}
}

func TestAPanicIsOneError(t *testing.T) {
	s := start(t, nil)
	s.want("panics")
	s.waitForLog("level=ERROR", "panic: out of cheese", "testplugin/main.go")
	s.release("panics")
}

func TestConfigNamesItsFaults(t *testing.T) {
	c := Config{Attach: "tcp:1", TLS: true, Env: []string{"=x"}, SHA256: "12", GiveUp: -1, BackoffMin: time.Hour, BackoffMax: time.Second}
	err := c.Validate()
	for _, want := range []string{"attach: \"tcp:1\" is not unix:PATH", "attach: goes with none of tls", "env[0]", "sha256", "give_up: is negative", "backoff_min"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the faults are %v, want %s among them", err, want)
		}
	}
	if err := (Config{}).Validate(); err == nil || err.Error() != "command: is missing" {
		t.Errorf("of nothing: %v", err)
	}
	if _, err := New(Config{}); err == nil {
		t.Error("New takes a configuration with faults")
	}
}
