package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters/adaptertest"
	"github.com/halley-stream/halley/adapters/kafka"
	"github.com/halley-stream/halley/adapters/kafka/brokertest"
)

// recording writes a recording of quotes and returns its path.
func recording(t *testing.T, symbol string, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), symbol+"_20131008_quote.csv")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReplaySaysWhatIsWrong(t *testing.T) {
	good := recording(t, "ibm", "34200000,1803600,200,1804000,100,N,R,0")
	bad := recording(t, "aig", "34200000,x,200,1804000,100,N,R,0")
	// A port that nobody listens on.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	l.Close()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no broker":               {[]string{good}, "where to? Name a broker"},
		"no files":                {[]string{"--kafka", "localhost:9092"}, "which recordings? Name the files"},
		"a file that is not":      {[]string{"--kafka", nobody, filepath.Join(t.TempDir(), "x_20131008_quote.zip")}, "no such file"},
		"a file that is none":     {[]string{"--kafka", nobody, "day.txt"}, "day.txt"},
		"a faulty file":           {[]string{"--kafka", nobody, bad}, "aig_20131008_quote.csv:1: "},
		"a broker without a port": {[]string{"--kafka", "localhost", good}, `brokers[0]: "localhost" has no port`},
		"a speed that is none":    {[]string{"--kafka", nobody, "--speed", "fast", good}, `"fast" is no speed; write for example 10, or max`},
		"a negative speed":        {[]string{"--kafka", nobody, "--speed", "-1", good}, "speed: -1 is no speed"},
		"a time that is none":     {[]string{"--kafka", nobody, "--from", "noon", good}, `"noon" is no time of day`},
		"a codec that is none":    {[]string{"--kafka", nobody, "--compression", "zip", good}, `compression: "zip" is not one of`},
		"no partitions":           {[]string{"--kafka", nobody, "--partitions", "0", good}, "at least one is needed"},
		"a mechanism, no user":    {[]string{"--kafka", nobody, "--sasl", "plain", good}, "sasl.username: is missing"},
		"a file of certificates":  {[]string{"--kafka", nobody, "--tls", "--tls-ca", "/none", good}, "/none: no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, append([]string{"replay"}, c.args...)...)
			if got.code != exitUsage || !strings.Contains(got.stderr, c.want) || got.stdout != "" {
				t.Errorf("%d\nstdout %q\nstderr %q\nwant %d and %q", got.code, got.stdout, got.stderr, exitUsage, c.want)
			}
		})
	}
}

func TestReplayWithoutABroker(t *testing.T) {
	got := run(t, "replay", "--kafka", "127.0.0.1:1", recording(t, "ibm", "34200000,1803600,200,1804000,100,N,R,0"))
	if got.code != exitFailure || strings.Contains(got.stderr, "kafka.(") || !strings.HasSuffix(got.stderr, "(nothing listens there; check brokers and that Kafka is running)\n") {
		t.Errorf("code %d, stderr %q", got.code, got.stderr)
	}
}

func TestTimeOfDay(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "09:30": 9*time.Hour + 30*time.Minute, "23:59:59": 24*time.Hour - time.Second, "00:00": 0} {
		if got, err := timeOfDay(text); err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
}

// From recordings through a real broker into an adapter.
func TestReplayIntoKafka(t *testing.T) {
	b := brokertest.Start(t, "auto.create.topics.enable=false")
	ibm := recording(t, "ibm",
		"34200000,1803600,200,1804000,100,N,R,0",
		"34200050,1803700,200,0,0,N,R,0",
		"34200100,0,0,1804500,300,Q,R,0")
	aig := recording(t, "aig",
		"34200000,480100,100,480300,100,P,R,0",
		"34200075,9990000,1,9999900,1,P,R,1", // suspicious
		"34200080,480200,100,0,0,P,R,0")
	if got := run(t, "replay", "--kafka", b.Address, ibm); got.code != exitFailure || !strings.HasSuffix(got.stderr, "topic does not exist; let --create make it\n") {
		t.Errorf("without a topic: %d %q", got.code, got.stderr)
	}
	began := time.Now()
	got := run(t, "replay", "--kafka", b.Address, "--topic", "quotes", "--create", "--partitions", "3", "--compression", "lz4", "--speed", "1", ibm, aig)
	if took := time.Since(began); got.code != exitOK || !strings.Contains(got.stderr, "5 ticks written to quotes") || !strings.Contains(got.stderr, "1 suspicious") || took < 100*time.Millisecond {
		t.Errorf("%d %q after %v; want 5 ticks in not less than 100ms", got.code, got.stderr, took)
	}
	if got := run(t, "replay", "--kafka", b.Address, "--topic", "quotes", "--speed", "max", ibm); got.code != exitOK {
		t.Errorf("once more: %d %q", got.code, got.stderr)
	}

	a, err := kafka.New(kafka.Config{Cluster: b.Config(), Topics: []kafka.Topic{{Topic: "quotes", Item: "#{VALUE.symbol}"}}})
	if err != nil {
		t.Fatal(err)
	}
	feed := adaptertest.NewFeed(t)
	adaptertest.Run(t, a, feed)
	feed.WaitFor(feed.IsUp)
	for _, c := range []struct{ item, field, want string }{
		{"IBM", "bid", "180.37"}, {"IBM", "ask", "180.45"}, {"IBM", "time", "09:30:00.100"}, {"AIG", "bid", "48.02"}, {"AIG", "ask", "48.03"},
	} {
		if got := feed.Last(c.item, c.field); got != c.want {
			t.Errorf("%s of %s is %q, want %s", c.field, c.item, got, c.want)
		}
	}
	if s := a.Stats(); s.Records != 8 || s.Topics[0].Partitions != 3 {
		t.Errorf("%+v", s)
	}

	// Without an end, until it is interrupted.
	ctx, cancel := context.WithCancel(t.Context())
	var stderr bytes.Buffer
	ended := make(chan int)
	go func() {
		ended <- runMain(ctx, &environment{name: "halley", stdout: &bytes.Buffer{}, stderr: &stderr, terminal: true,
			args: []string{"replay", "--kafka", b.Address, "--topic", "quotes", "--speed", "max", "--loop", ibm}})
	}()
	feed.WaitFor(func() bool { return len(feed.EventsOf("IBM")) > 100 })
	cancel()
	if code := <-ended; code != exitOK || !strings.Contains(stderr.String(), "09:30:00") || !strings.Contains(stderr.String(), "ticks written to quotes") {
		t.Errorf("interrupted: %d %q", code, stderr.String())
	}
}
