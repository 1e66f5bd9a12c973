package e2e

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tlcp "github.com/halley-stream/halley/internal/client"
	"github.com/halley-stream/halley/protocol"
)

var wholeTicks = flag.Bool("ticks.whole", false, "play the recorded ticks as a whole in TestRecordedTicksAtFullSpeed")

// sliceLines is how many lines of each file are played otherwise.
const sliceLines = 3000

// tickFields are the fields that recordings have.
var tickFields = []string{"time", "bid", "bid_size", "ask", "ask_size", "last", "size", "volume", "exchange"}

// TestRecordedTicksAtFullSpeed lets three adapters play the recorded ticks as fast as
// the server takes them: one in process, the same one as a plugin, and one in Python.
// Of each it looks whether all ticks have come and what the last values are, and tells
// how long it took and what CPU time was used. Both run from the start of the server,
// so what starting costs is in them. What reads the files is the server in process,
// and the plugin otherwise.
func TestRecordedTicksAtFullSpeed(t *testing.T) {
	files := recordedFiles(t)
	halley(t) // it may have to be built, which is not to be measured
	want := endOf(t, files)
	list := strings.Join(files, ",")
	adapters := []struct {
		name   string
		plugin bool
		config func(t *testing.T) string
	}{
		{"in process", false, func(*testing.T) string {
			return fmt.Sprintf("{type: replay, speed: 0, files: [%s]}", list)
		}},
		{"Go plugin", true, func(t *testing.T) string {
			return fmt.Sprintf("{type: plugin, command: %q, parameters: {files: %q, speed: max}}", goReplay(t), list)
		}},
		{"Python plugin", true, func(t *testing.T) string {
			script := filepath.Join(repository(t), "sdk/python/examples/replay.py")
			return fmt.Sprintf("{type: plugin, command: %q, args: [%q], parameters: {files: %q}}", python(t), script, list)
		}},
	}
	for _, a := range adapters {
		t.Run(a.name, func(t *testing.T) {
			s := prepare(t, "TICKS:\n  data:\n    TAPE: "+a.config(t)+"\n")
			load, total := loadOf(t), want.ticks()
			began := time.Now()
			s.start()
			s.waitTicks(total)
			took := time.Since(began)
			server, of := cpuOf(t, s.cmd.Process.Pid), ""
			if a.plugin {
				of = fmt.Sprintf(", the plugin %.2f s", cpuOf(t, childOf(s.cmd.Process.Pid)).Seconds())
			}
			want.compare(t, s)
			t.Logf("%d ticks in %.2f s; the server used %.2f s of CPU%s; %.0f updates per CPU second of the server; load %s",
				total, took.Seconds(), server.Seconds(), of, float64(total)/server.Seconds(), load)
			s.stop()
		})
	}
}

// goReplay builds the plugin in Go.
func goReplay(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "replay")
	build := exec.Command("go", "build", "-o", path, "github.com/halley-stream/halley/adapters/plugin/example/replay")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return path
}

// waitTicks waits until the server has taken so many updates. It asks seldom, since to
// answer costs CPU time too: when half of what is missing should have come. The server
// is not ready any more when the recording has ended, so that is not waited for.
func (s *server) waitTicks(want int) {
	s.t.Helper()
	waitFor(s.t, "the server to answer", func() bool {
		status, _ := s.get("/livez")
		return status == http.StatusOK
	})
	const shortest = 10 * time.Millisecond
	began, in := time.Now(), 0
	timeout := time.NewTimer(5 * time.Minute)
	defer timeout.Stop()
	next := time.NewTimer(shortest)
	defer next.Stop()
	for in < want {
		select {
		case <-next.C:
		case <-timeout.C:
			s.t.Fatalf("only %d of %d ticks have come", in, want)
		}
		in = int(s.metric("halley_updates_in_total"))
		left := float64(want-in) / float64(in+1) * float64(time.Since(began))
		next.Reset(min(max(time.Duration(left/2), shortest), time.Second))
	}
	if in > want {
		s.t.Errorf("%d ticks have come, but there are %d", in, want)
	}
}

// compare waits until a client of the server has the last values.
func (e tapeEnd) compare(t *testing.T, s *server) {
	t.Helper()
	conn, err := tlcp.Dial(t.Context(), tlcp.Options{URL: s.url(), AdapterSet: "TICKS"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	symbols, fields := sortedKeys(e), append(slices.Clone(tickFields), "$seq")
	_, err = conn.Subscribe(1, tlcp.Subscription{Adapter: "TAPE", Mode: "MERGE", Snapshot: true,
		Group: strings.Join(symbols, " "), Schema: strings.Join(fields, " ")})
	if err != nil {
		t.Fatal(err)
	}
	items := make([]*protocol.ItemState, len(symbols))
	for i := range items {
		items[i] = protocol.NewItemState(len(fields))
	}
	timeout := time.AfterFunc(patience, conn.Close)
	defer timeout.Stop()
	for {
		wrong := ""
		for i, symbol := range symbols {
			if got, want := rowOf(items[i], fields), e[symbol].row(t); !maps.Equal(got, want) {
				wrong += fmt.Sprintf("\nof %s it has %q,\nwant %q", symbol, got, want)
			}
		}
		if wrong == "" {
			return
		}
		n, err := conn.Next()
		if err == nil && n.Tag == protocol.TagU {
			err = items[n.Item-1].Apply(n.Text)
		}
		if err != nil {
			t.Fatalf("the client ends with %v; %s", err, wrong)
		}
	}
}

// rowOf returns the fields of an item that are not null.
func rowOf(item *protocol.ItemState, fields []string) map[string]string {
	row := make(map[string]string)
	for i, f := range fields {
		if v, ok := item.Value(i); ok {
			row[f] = string(v)
		}
	}
	return row
}

// recordedFiles returns the files of recorded ticks, cut after some lines unless they
// are to be played as a whole.
func recordedFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(*ticksFolder, "*.zip"))
	if err != nil || len(files) == 0 {
		t.Skipf("there are no recorded ticks in %s", *ticksFolder)
	}
	folder := t.TempDir()
	for i, f := range files {
		if files[i], err = filepath.Abs(f); err != nil {
			t.Fatal(err)
		}
		if !*wholeTicks {
			files[i] = filepath.Join(folder, filepath.Base(f))
			writeZip(t, files[i], head(t, f, sliceLines))
		}
	}
	return files
}
