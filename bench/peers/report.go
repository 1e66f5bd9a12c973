//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"

	_ "embed"
)

// report is all that was found.
type report struct {
	Machine string        `json:"machine"`
	Clients int           `json:"clients"`
	Peers   []*comparison `json:"peers"`
}

// File names.
const (
	jsonFile   = "peers.json"
	pageFile   = "peers.md"
	httpFile   = "peers-http.svg"
	wsFile     = "peers-ws.svg"
	memoryFile = "peers-memory.svg"
)

// read takes over what was found before on the same machine with as many clients.
func (r *report) read(folder string) error {
	text, err := os.ReadFile(filepath.Join(folder, jsonFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	before := new(report)
	if err := errors.Join(err, json.Unmarshal(text, before)); err != nil {
		return err
	}
	if before.Clients != r.Clients || before.Machine != r.Machine {
		return fmt.Errorf("%s is of another machine, or number of clients: name another folder, or run all peers", filepath.Join(folder, jsonFile))
	}
	r.Peers = before.Peers
	return nil
}

// add adds a comparison, instead of one of the same peer if there is one. The order is
// that of the catalog.
func (r *report) add(c *comparison) {
	found := map[string]*comparison{}
	for _, other := range append(r.Peers, c) {
		found[other.Peer] = other
	}
	r.Peers = nil
	for _, p := range catalog() {
		if found[p.name] != nil {
			r.Peers = append(r.Peers, found[p.name])
		}
	}
}

// failure says which of the peers have no result.
func (r *report) failure(peers []peer) (err error) {
	for _, c := range r.Peers {
		if c.Failure != "" && slices.ContainsFunc(peers, func(p peer) bool { return p.name == c.Peer }) {
			err = errors.Join(err, fmt.Errorf("%s: %s", c.Peer, c.Failure))
		}
	}
	return err
}

// page is the Markdown page.
//
//go:embed page.md
var page string

// wanted is the ratio that is expected, at least.
const wanted = 4

// found returns the comparisons that have a result, of one transport.
func (r *report) found(transport string) (found []*comparison) {
	for _, c := range r.Peers {
		if c.Result != nil && (transport == "" || c.Transport == transport) {
			found = append(found, c)
		}
	}
	return found
}

// write writes peers.json, peers.md and the plots into a folder.
func (r *report) write(folder string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	files := map[string][]byte{jsonFile: append(text, '\n')}
	var md bytes.Buffer
	if err := r.page(&md); err != nil {
		return err
	}
	files[pageFile] = md.Bytes()
	files[httpFile] = r.cpuChart(overHTTP, "HTTP streaming: thousand deliveries per CPU-second").svg()
	files[wsFile] = r.cpuChart(overWebSocket, "WebSocket: thousand deliveries per CPU-second").svg()
	files[memoryFile] = r.memoryChart().svg()
	err = os.MkdirAll(folder, 0o755)
	for name, content := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(folder, name), content, 0o644))
	}
	return err
}

// page writes the Markdown page.
func (r *report) page(w io.Writer) error {
	t, err := template.New("page").Parse(page)
	if err != nil {
		return err
	}
	var tables [2]strings.Builder
	for i, transport := range []string{overHTTP, overWebSocket} {
		r.markdown(&tables[i], transport)
	}
	var low, failed, settings strings.Builder
	for _, c := range r.Peers {
		switch {
		case c.Failure != "":
			fmt.Fprintf(&failed, "- **%s**: %s\n", c.Peer, strings.ReplaceAll(c.Failure, "\n", " "))
		case c.Ratio > 0 && c.Ratio < wanted:
			fmt.Fprintf(&low, "- **%s**, %.1f: %s\n", c.Peer, c.Ratio, c.why())
		}
		fmt.Fprintf(&settings, "- **%s** (%s): %s\n", c.Peer, orNone(c.Version), c.Setting)
	}
	return t.Execute(w, map[string]any{
		"Report": r, "When": r.when(), "HTTP": tables[0].String(), "WS": tables[1].String(),
		"Low": low.String(), "Failed": failed.String(), "Settings": settings.String(), "Notes": r.notes(), "Wanted": wanted,
		"Trial": trialTime.Seconds(), "Lag": lagMost.Milliseconds(), "Latency": latencyMost.Milliseconds(), "Others": othersMost,
	})
}

// when says when the comparisons were made, and with which Halley.
func (r *report) when() string {
	var all []string
	for _, c := range r.Peers {
		if text := c.At.Format(time.DateOnly) + ", Halley " + orNone(c.HalleyVersion); !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return strings.Join(all, "; ")
}

func orNone(version string) string {
	if version == "" {
		return "not run"
	}
	return version
}

// markdown writes the table of a transport.
func (r *report) markdown(w io.Writer, transport string) {
	fmt.Fprint(w, "| peer | rate per client | p99 | deliveries per CPU-s | memory per connection "+
		"| Halley as shipped: p99 | deliveries per CPU-s | memory | ratio | with the peer's patience: p99 | deliveries per CPU-s | ratio |\n"+
		"| --- |"+strings.Repeat(" ---: |", 11)+"\n")
	for _, c := range r.found(transport) {
		t := c.Result
		fmt.Fprintf(w, "| %s | %g/s | %.1f ms | %.0f k | %.0f KB ", c.Peer, t.Rate, t.P99, t.perCPU()/1e3, t.perConnection()/1e3)
		if h := c.Halley; h != nil {
			fmt.Fprintf(w, "| %.1f ms%s | %.0f k | %.1f KB | **%.1f** ", h.P99, c.slower(), h.perCPU()/1e3, h.PerConnection/1e3, c.Ratio)
		} else {
			fmt.Fprint(w, "| | | | ")
		}
		if h := c.Patient; h != nil {
			fmt.Fprintf(w, "| %.1f ms | %.0f k | **%.1f** |\n", h.P99, h.perCPU()/1e3, c.PatientRatio)
		} else {
			fmt.Fprint(w, "| | | |\n")
		}
	}
}

// slower marks a p99 of Halley's that is worse than the peer's.
func (c *comparison) slower() string {
	if c.Halley.P99 > c.Result.P99 {
		return " (worse)"
	}
	return ""
}

// why says what the counters say about a ratio that is lower than expected.
func (c *comparison) why() string {
	t, h := c.Result, c.Halley
	text := fmt.Sprintf("at %g/s per client Halley makes a write for %.1f updates (p99 %.1f ms), where the peer's clients read %.1f at once (p99 %.1f ms); "+
		"the server used %.2f cores, Halley %.2f", t.Rate, h.UpdatesPerWrite, h.P99, float64(t.Delivered)/float64(max(t.Reads, 1)), t.P99,
		t.cpu()/t.Duration, (h.User+h.System)/h.Duration)
	if p := c.Patient; p != nil {
		text += fmt.Sprintf("; with %s it makes one for %.1f, and the ratio is %.1f", p.Setting, p.UpdatesPerWrite, c.PatientRatio)
	}
	return text
}

// notes returns what has to be known about single runs.
func (r *report) notes() string {
	var b strings.Builder
	for _, c := range r.found("") {
		for _, text := range c.Result.Notes {
			fmt.Fprintf(&b, "- %s: %s\n", c.Peer, text)
		}
		for _, text := range c.Result.Faults {
			fmt.Fprintf(&b, "- %s: **does not hold**: %s\n", c.Peer, text)
		}
		for _, h := range []*halley{c.Halley, c.Patient} {
			if h == nil {
				continue
			}
			for _, text := range slices.Concat(h.Notes, h.Faults) {
				fmt.Fprintf(&b, "- Halley (%s) on the load of %s: %s\n", h.Setting, c.Peer, text)
			}
		}
	}
	return b.String()
}

// table prints what was found, for people at a terminal.
func (r *report) table(w io.Writer) error {
	for _, transport := range []string{overHTTP, overWebSocket} {
		if len(r.found(transport)) > 0 {
			r.markdown(w, transport)
		}
	}
	_, err := io.WriteString(w, r.notes())
	return err
}

// series are the bars of each row.
func series() []string {
	return []string{"the peer", "Halley as shipped, same load", "Halley with the peer's patience"}
}

// cpuChart compares deliveries per CPU second.
func (r *report) cpuChart(transport, title string) *chart {
	c := &chart{title: title, format: "%.0f", series: series()}
	for _, found := range r.found(transport) {
		b := bars{label: fmt.Sprintf("%s, %g/s", found.Peer, found.Result.Rate), values: []float64{found.Result.perCPU() / 1e3}}
		for _, h := range []*halley{found.Halley, found.Patient} {
			value := 0.0
			if h != nil {
				value = h.perCPU() / 1e3
			}
			b.values = append(b.values, value)
		}
		c.rows = append(c.rows, b)
	}
	return c
}

// memoryChart compares memory per connection.
func (r *report) memoryChart() *chart {
	c := &chart{title: "KB of memory per connection, under load", format: "%.1f", series: series()[:2]}
	for _, found := range r.found("") {
		b := bars{label: found.Peer, values: []float64{found.Result.perConnection() / 1e3, 0}}
		if found.Halley != nil {
			b.values[1] = found.Halley.PerConnection / 1e3
		}
		c.rows = append(c.rows, b)
	}
	return c
}
