package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strings"
)

// table is a table in Markdown.
type table struct{ b strings.Builder }

func newTable(columns ...string) *table {
	t := &table{}
	t.row(columns...)
	rule := make([]string, len(columns))
	for i, c := range columns {
		rule[i] = "---"
		if strings.HasPrefix(c, " ") { // numbers
			rule[i] = "---:"
		}
	}
	t.row(rule...)
	return t
}

func (t *table) row(cells ...string) {
	for _, c := range cells {
		t.b.WriteString("| " + strings.ReplaceAll(strings.TrimSpace(c), "|", `\|`) + " ")
	}
	t.b.WriteString("|\n")
}

func (t *table) String() string { return t.b.String() }

// mainTable has what was measured, and the bars: of a scenario that has some only
// those, unless all is wanted.
func mainTable(results []result, all bool) string {
	t := newTable("Scenario", "Measured", "Bar", " Value", "Met", "Valid")
	for i := range results {
		r := &results[i]
		name, valid := "`"+r.name()+"`: "+r.About, r.valid()
		rows := r.rows(all)
		if len(rows) == 0 {
			t.row(name, "nothing: the run failed", "", "", "", valid)
		}
		for _, c := range rows {
			t.row(name, c.What, c.bar(), strings.TrimSpace(figures(c.Value)+" "+c.Unit), c.met(), valid)
			name, valid = "", ""
		}
	}
	return t.String()
}

// rows are the checks to show. Whether something was lost is no bar to choose by:
// it is looked at in all runs.
func (r *result) rows(all bool) []check {
	var chosen []check
	bars := 0
	for _, c := range r.Checks {
		if c.Bar != "" {
			chosen = append(chosen, c)
			if c.Bar != noneBar {
				bars++
			}
		}
	}
	if all || bars == 0 {
		return r.Checks
	}
	return chosen
}

// bar is the bar with its unit.
func (c *check) bar() string {
	if c.Bar == "" || c.Bar == noneBar {
		return c.Bar
	}
	return strings.TrimSpace(c.Bar + " " + c.Unit)
}

// noneBar is the bar of what may not be at all.
const noneBar = "none"

// met is a word for whether a bar was met.
func (c *check) met() string {
	switch {
	case c.Bar == "":
		return "–"
	case c.Met:
		return "yes"
	}
	return "**no**"
}

// figures writes a number with three figures, or as many as it has before the point.
func figures(x float64) string {
	switch size := math.Abs(x); {
	case size >= 1e6:
		return fmt.Sprintf("%.2f million", x/1e6)
	case x == math.Trunc(x) || size >= 100:
		return fmt.Sprintf("%.0f", x)
	case size >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

// Marks in the README around the main table.
const (
	beginMark = "<!-- bench:begin -->"
	endMark   = "<!-- bench:end -->"
)

// fillIn puts a text between the marks of a file.
func fillIn(file, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	begin, end := bytes.Index(old, []byte(beginMark)), bytes.Index(old, []byte(endMark))
	if begin < 0 || end < begin {
		return fmt.Errorf("%s has no %s with %s behind it", file, beginMark, endMark)
	}
	head := string(old[:begin+len(beginMark)])
	return os.WriteFile(file, []byte(head+"\n"+text+string(old[end:])), 0o644)
}
