package e2e

import (
	"archive/zip"
	"bufio"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters/kafka/brokertest"
)

// Recorded ticks of one day are kept outside of the project.
var ticksFolder = flag.String("ticks", "../../../../shared/data/ticks", "the folder of the recorded ticks")

// slices of the recordings that are played through Kafka: file and lines.
var recorded = map[string]int{
	"ibm_20131008_quote":    4000,
	"ibm_20131008_trade":    2000,
	"bac_20131008_quote":    4000,
	"bac_20131008_trade":    2000,
	"aig_20131008_quote":    4000,
	"aig_20131008_trade":    2000,
	"eurusd_20140508_quote": 3000,
	"xauusd_20140509_quote": 3000,
}

// lastPrices are the last prices of a symbol that its files give; "" if none.
type lastPrices struct{ bid, ask, last string }

func TestRecordedTicksReachThePageThroughKafka(t *testing.T) {
	if _, err := os.Stat(*ticksFolder); err != nil {
		t.Skipf("there are no recorded ticks: %v", err)
	}
	broker, s := serveKafka(t)
	b := runBrowser(t)
	files, want := cut(t, recorded)
	page := s.url() + "/?set=REAL&adapter=TICKS&fields=bid,bid_size,ask,ask_size,last,volume,exchange,time&items=" + strings.Join(sortedKeys(want), ",")
	b.open(page)
	b.connected("websocket")
	play(t, broker, files...)
	b.shows(want)

	// The broker goes away: nobody is dropped, and all can see that the source is
	// down.
	c := runClient(t, current)
	c.connect(s.url(), "REAL", "HTTP-STREAMING")
	c.subscribe("ibm", wish{mode: "MERGE", adapter: "TICKS", items: []string{"IBM"}, fields: []string{"bid", "ask", "last"}})
	c.status("CONNECTING", "CONNECTED:STREAM-SENSING", "CONNECTED:HTTP-STREAMING")
	c.confirmed("ibm", "unlimited")
	if e := c.update("ibm"); !e.Snapshot || e.value("bid") != want["IBM"].bid || e.value("ask") != want["IBM"].ask || e.value("last") != want["IBM"].last {
		t.Errorf("the snapshot of IBM is %s, want %v", &e, want["IBM"])
	}
	connections := s.metric("halley_connections_accepted_total")
	b.evaluate(`(() => { window.states = []; new MutationObserver(() => states.push(document.querySelector("#connection").dataset.state))
		.observe(document.querySelector("#connection"), { attributes: true, attributeFilter: ["data-state"] }); return true; })()`, new(bool))
	broker.Kill()
	waitFor(t, "the server to say that its source is away", func() bool {
		status, text := s.get("/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(text, "REAL/TICKS: its source is away; the last values are kept")
	})
	s.waitMetric(0, "halley_adapter_up", `"REAL/TICKS"`)
	if status, _ := s.get("/livez"); status != http.StatusOK {
		t.Errorf("without its source /livez answers %d", status)
	}
	b.shows(want)

	broker.Restart()
	s.waitReady()
	s.waitMetric(1, "halley_adapter_up", `"REAL/TICKS"`)
	more := writeFile(t, "ibm_20131008_quote.csv", "34200000,1234500,300,0,0,N,0,0\n34200001,0,0,1234700,400,N,0,0\n")
	play(t, broker, more)
	want["IBM"] = lastPrices{"123.45", "123.47", want["IBM"].last}
	b.shows(want)
	e := c.update("ibm")
	for e.value("ask") != "123.47" {
		e = c.update("ibm")
	}
	if e.Snapshot || e.value("bid") != "123.45" || e.value("last") != want["IBM"].last {
		t.Errorf("after the broker has come back IBM is %s", &e)
	}
	if more := c.rest(""); len(more) > 0 {
		t.Errorf("the client's connection has not lasted: %v", more)
	}
	var states []string
	if b.evaluate(`window.states`, &states); len(states) > 0 {
		t.Errorf("the page's connection has not lasted: %q", states)
	}
	if now := s.metric("halley_connections_accepted_total"); now != connections {
		t.Errorf("there are %v new connections", now-connections)
	}
	c.disconnect()

	// A new server finds the last values in the topic.
	b.forgive("net::ERR_CONNECTION_REFUSED")
	b.forgive("net::ERR_CONNECTION_RESET") // while the server drains
	s.stop()
	s.start()
	s.waitReady()
	b.open(page)
	b.shows(want)
}

var whole = flag.String("whole", "", "recordings to be played through Kafka as a whole, such as aig_20131008_quote,aig_20131008_trade")

// TestWholeRecordingsThroughKafka plays whole recordings, when it is told which,
// and tells how long that takes.
func TestWholeRecordingsThroughKafka(t *testing.T) {
	if *whole == "" {
		t.Skip("-whole does not name recordings")
	}
	lines := make(map[string]int)
	for name := range strings.SplitSeq(*whole, ",") {
		lines[name] = 0
	}
	broker, s := serveKafka(t)
	b := runBrowser(t)
	files, want := cut(t, lines)
	b.open(s.url() + "/?set=REAL&adapter=TICKS&fields=bid,ask,last,time&items=" + strings.Join(sortedKeys(want), ","))
	b.connected("websocket")
	began := time.Now()
	play(t, broker, files...)
	played := time.Since(began)
	b.shows(want)
	shown := time.Since(began)
	records, out := s.metric("halley_kafka_records_total"), s.metric("halley_updates_out_total")
	b.forgive("net::ERR_CONNECTION_REFUSED")
	b.forgive("net::ERR_CONNECTION_RESET") // while the server drains
	s.stop()
	used := s.cmd.ProcessState.UserTime() + s.cmd.ProcessState.SystemTime()
	t.Logf("%.0f records, played in %.1f s, shown after %.1f s: %.0f records/s; the server used %.1f s of CPU and sent %.0f updates",
		records, played.Seconds(), shown.Seconds(), records/shown.Seconds(), used.Seconds(), out)
}

// serveKafka starts a broker with a topic and a server that follows it.
func serveKafka(t testing.TB) (*brokertest.Broker, *server) {
	t.Helper()
	chromium(t) // before the broker, which takes some seconds
	broker := brokertest.Start(t)
	play(t, broker, writeFile(t, "first_20260302_quote.csv", "1,2,3\n"))
	return broker, serve(t, fmt.Sprintf("REAL:\n  data:\n    TICKS: {type: kafka, brokers: [%q], topics: [{topic: ticks}]}\n", broker.Address))
}

// shows waits until the page shows the prices wanted, and fails the test with what
// it shows instead.
func (b *browser) shows(want map[string]lastPrices) {
	b.t.Helper()
	var list map[string]map[string]string
	timeout := time.Now().Add(patience)
	for {
		list = b.watchList()
		wrong := 0
		for symbol, p := range want {
			if row := list[symbol]; row["bid"] != p.bid || row["ask"] != p.ask || row["last"] != p.last {
				wrong++
			}
		}
		if wrong == 0 {
			return
		}
		if time.Now().After(timeout) {
			break
		}
	}
	for symbol, p := range want {
		row := list[symbol]
		if got := (lastPrices{row["bid"], row["ask"], row["last"]}); got != p {
			b.t.Errorf("the page shows %+v for %s, want %+v", got, symbol, p)
		}
	}
	b.t.FailNow()
}

// play plays recordings into the topic, as fast as possible.
func play(t testing.TB, broker *brokertest.Broker, files ...string) {
	t.Helper()
	args := []string{"replay", "--kafka", broker.Address, "--topic", "ticks", "--create", "--partitions", "3", "--speed", "max"}
	p := start(t, command(t, append(args, files...)...))
	if code := p.end(); code != 0 {
		t.Fatalf("halley replay ends with %d:\n%s", code, p.stderr.String())
	}
}

// cut writes the first lines of recordings into files, and returns what the last
// prices are after them.
func cut(t testing.TB, lines map[string]int) (files []string, last map[string]lastPrices) {
	t.Helper()
	folder := t.TempDir()
	last = make(map[string]lastPrices)
	for _, name := range sortedKeys(lines) {
		symbol := strings.ToUpper(name[:strings.IndexByte(name, '_')])
		prices := last[symbol]
		var b strings.Builder
		for _, line := range head(t, filepath.Join(*ticksFolder, name+".zip"), lines[name]) {
			b.WriteString(line + "\n")
			prices.note(t, strings.Split(line, ","))
		}
		last[symbol] = prices
		file := filepath.Join(folder, name+".csv")
		if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files, last
}

// note takes the prices of a line, which is of one of three kinds.
func (p *lastPrices) note(t testing.TB, columns []string) {
	t.Helper()
	switch {
	case len(columns) == 3: // time, bid, ask
		p.bid, p.ask = columns[1], columns[2]
	case columns[len(columns)-1] == "1": // suspicious
	case len(columns) == 6: // time, price, size, exchange, condition, suspicious
		p.last = dollars(t, columns[1])
	default: // time, bid, bid size, ask, ask size, exchange, condition, suspicious
		if columns[1] != "0" || columns[2] != "0" {
			p.bid = dollars(t, columns[1])
		}
		if columns[3] != "0" || columns[4] != "0" {
			p.ask = dollars(t, columns[3])
		}
	}
}

// dollars returns a price in 1/10,000 as it is usually written.
func dollars(t testing.TB, units string) string {
	t.Helper()
	n, err := strconv.Atoi(units)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%d.%04d", n/10_000, n%10_000)
	for range 2 {
		text = strings.TrimSuffix(text, "0")
	}
	return text
}

// head returns the first lines of the file in a zip file, or all if n is 0.
func head(t testing.TB, path string, n int) []string {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines []string
	in := bufio.NewScanner(f)
	for in.Scan() && (n == 0 || len(lines) < n) {
		lines = append(lines, strings.TrimSpace(in.Text()))
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}
