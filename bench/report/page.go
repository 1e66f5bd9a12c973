package main

import (
	"fmt"
	"slices"
	"strings"
)

// page is the page of the results.
type page struct {
	results []result
	plots   []drawing
	peers   []string // files of the comparison with other servers
	b       strings.Builder
}

// text returns the page, in Markdown.
func (p *page) text() string {
	p.say("# Results\n")
	p.say("Made by `make bench` from the JSON files in this folder. [How Halley is measured](../README.md) explains the words.\n")
	p.machines()
	p.say("## Scenarios and bars\n")
	p.say("%s", mainTable(p.results, true))
	p.say("A run that is not valid measured something else than it should have; a bar that is met there means nothing. What went wrong is told below, word for word.\n")
	p.faults()
	for _, d := range p.plots {
		p.say("## %s\n", d.title)
		p.say("%s\n", d.text)
		p.say("![%s](%s)\n", d.title, d.file)
	}
	p.numbers()
	p.feeds()
	if len(p.peers) > 0 {
		p.say("## Other servers\n")
		p.say("The same load on other servers: %s.\n", links(p.peers))
	}
	p.repeat()
	return strings.TrimRight(p.b.String(), "\n") + "\n"
}

func (p *page) say(format string, args ...any) {
	fmt.Fprintf(&p.b, format+"\n", args...)
}

// machines tells where the results come from, once for all that come from the same.
func (p *page) machines() {
	p.say("## Machine\n")
	t := newTable("CPU", " Cores", " Memory", "Kernel", "Go", "Revision", "Scenarios", "Day")
	var told []machine
	for i := range p.results {
		m := p.results[i].Machine
		if m == (machine{}) || slices.Contains(told, m) {
			continue
		}
		told = append(told, m)
		var names []string
		var first, last string
		for j := range p.results {
			if r := &p.results[j]; r.Machine == m {
				names = append(names, r.name())
				day := r.Began.UTC().Format("2006-01-02")
				if first == "" || day < first {
					first = day
				}
				last = max(last, day)
			}
		}
		scenarios := "all"
		if len(names) < len(p.results) {
			scenarios = strings.Join(names, ", ")
		}
		if first != last {
			first += " to " + last
		}
		t.row(m.CPU, fmt.Sprint(m.Cores), fmt.Sprintf("%.1f GB", float64(m.Memory)/1e9), m.Kernel, m.Go, short(m.Revision), scenarios, first)
	}
	p.say("%s", t)
	most := 0.0
	for i := range p.results {
		most = max(most, p.results[i].OtherCores)
	}
	p.say("The server, the clients and the feed share the machine. Other programs used up to %s cores meanwhile: see the last column of the numbers.\n", figures(most))
}

// short is a revision as people write it.
func short(revision string) string {
	name, changed := strings.CutSuffix(revision, "+")
	if len(name) > 12 {
		name = name[:12]
	}
	if changed {
		name += " with changes"
	}
	return name
}

// faults tells all that was not as it should be.
func (p *page) faults() {
	p.say("### Faults, missed bars and notes\n")
	none := true
	for i := range p.results {
		r := &p.results[i]
		for _, kind := range []struct {
			name  string
			texts []string
		}{{"fault", r.Faults}, {"missed", r.Missed}, {"note", r.Notes}} {
			for _, text := range kind.texts {
				p.say("- `%s`, %s: %s", r.name(), kind.name, text)
				none = false
			}
		}
	}
	if none {
		p.say("None.")
	}
	p.say("")
}

// numbers has what each run with clients measured.
func (p *page) numbers() {
	p.say("## Numbers\n")
	t := newTable("Scenario", " Clients", " Seconds", " Updates", " p50 ms", " p99 ms", " p99.9 ms", " max ms", " Feed late p99 ms",
		" Server cores", " User ns an update", " Updates a write", " Server MB", " Fleet cores", " Other cores")
	for i := range p.results {
		r := &p.results[i]
		if len(r.Feeds) > 0 || r.Clients == 0 {
			continue
		}
		t.row(fmt.Sprintf("[%s](%s)", r.name(), r.file), fmt.Sprint(r.Clients), fmt.Sprintf("%.0f", r.Duration), fmt.Sprint(r.Delivered),
			figures(r.P50), figures(r.P99), figures(r.P999), figures(r.Max), figures(r.FeedLag), figures(r.ServerCores),
			figures(r.UserPerUpdate), figures(r.PerWrite), fmt.Sprintf("%.0f", float64(r.Memory)/1e6), figures(r.FleetCores), figures(r.OtherCores))
	}
	p.say("%s", t)
}

// feeds has what came into the server without clients.
func (p *page) feeds() {
	t, some := newTable("Feed in", " Updates", " Seconds", " Server user s", " Server system s", " Updates a CPU second", " Server MB"), false
	for i := range p.results {
		for _, f := range p.results[i].Feeds {
			t.row(fmt.Sprintf("[%s](%s)", f.Feed, p.results[i].file), fmt.Sprint(f.Updates), figures(f.Seconds), figures(f.User), figures(f.System),
				figures(f.PerCPU), fmt.Sprintf("%.0f", float64(f.RSS)/1e6))
			some = true
		}
	}
	if some {
		p.say("%s", t)
	}
}

// repeat says how.
func (p *page) repeat() {
	p.say("## Repeat it\n")
	p.say("On a machine with Linux, Go and nothing else to do; for `ingest` with Java 17 and Maven as well:\n")
	p.say("```\nmake bench                        # all of it, in about 20 minutes")
	p.say("go run ./bench run liberator      # one scenario, for as long as it should take\n```\n")
}

// links returns links to files.
func links(files []string) string {
	texts := make([]string, len(files))
	for i, f := range files {
		texts[i] = fmt.Sprintf("[%s](%s)", f, f)
	}
	return strings.Join(texts, ", ")
}
