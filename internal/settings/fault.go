package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// source is a text that settings were read from.
type source struct {
	// name is a file's name, or that of an environment variable or a flag.
	name string
	// kind is empty for a file; else it says what name is.
	kind  string
	rank  int // the order of faults, and which layer wins
	lines []string
	// hidden are the lines, from 1, that hold secrets, or what may be meant as such; true
	// are those that begin within one.
	hidden map[int]bool
}

// newSource returns a source for text.
func newSource(rank int, kind, name, text string) *source {
	return &source{name: name, kind: kind, rank: rank, lines: strings.Split(text, "\n")}
}

// hide keeps a line from being shown, but for its first key if it does not begin within
// a secret.
func (s *source) hide(line int, within bool) {
	if s.hidden == nil {
		s.hidden = make(map[int]bool)
	}
	s.hidden[line] = s.hidden[line] || within
}

// place is a position in a source. The zero place is "nowhere": a default.
type place struct {
	source       *source
	line, column int // from 1, column in characters
}

// String returns "halley.yaml:3", "HALLEY_LISTEN (environment)" or "default".
func (p place) String() string {
	switch {
	case p.source == nil:
		return "default"
	case p.source.kind != "":
		return p.source.name + " (" + p.source.kind + ")"
	}
	return p.source.name + ":" + strconv.Itoa(p.line)
}

// inside reports whether p is within a text, rather than all of a short one.
func (p place) inside() bool { return len(p.source.lines) > 1 || p.column > 1 }

// Fault is something wrong in a configuration.
type Fault struct {
	// Path is the setting, such as "engine.shards"; empty for the whole text.
	Path string
	// Text says what is wrong and what would be right.
	Text string

	at place
}

// Error returns the fault in one line, as "file:line:column: path: text".
func (f *Fault) Error() string {
	var b strings.Builder
	switch {
	case f.at.source == nil:
	case f.at.source.kind == "":
		fmt.Fprintf(&b, "%s:%d:%d: ", f.at.source.name, f.at.line, f.at.column)
	case f.at.inside():
		fmt.Fprintf(&b, "%s (%s):%d:%d: ", f.at.source.name, f.at.source.kind, f.at.line, f.at.column)
	default:
		fmt.Fprintf(&b, "%s (%s): ", f.at.source.name, f.at.source.kind)
	}
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	b.WriteString(f.Text)
	return b.String()
}

// Line returns the line and column of the fault in its file, from 1; 0 when it
// has none.
func (f *Fault) Line() (line, column int) { return f.at.line, f.at.column }

// maxExcerpt bounds the characters shown of a line.
const maxExcerpt = 120

// excerpt returns the line of the fault with a caret below the place. Of a hidden line
// it shows no more than the first key.
func (f *Fault) excerpt() string {
	if f.at.source == nil || f.at.line < 1 || f.at.line > len(f.at.source.lines) || f.at.source.kind != "" && !f.at.inside() {
		return ""
	}
	line := strings.TrimRight(f.at.source.lines[f.at.line-1], " \t\r")
	column := min(max(f.at.column, 1), utf8.RuneCountInString(line)+1)
	number := strconv.Itoa(f.at.line)
	if within, hidden := f.at.source.hidden[f.at.line]; hidden {
		masked, left := maskLine(line, within)
		if line = masked; column > utf8.RuneCountInString(line[:left])+1 {
			return fmt.Sprintf("  %s | %s\n", number, line) // the caret would show how long the secret is
		}
	}
	// What stands before the caret is repeated as blanks, tabs as tabs, so that
	// the caret stands right however wide a tab is.
	var indent strings.Builder
	shown := []rune(line)
	for _, r := range shown[:column-1] {
		if r != '\t' {
			r = ' '
		}
		indent.WriteRune(r)
	}
	if len(shown) > maxExcerpt && column <= maxExcerpt {
		shown = append(shown[:maxExcerpt:maxExcerpt], '…')
	}
	return fmt.Sprintf("  %s | %s\n  %*s | %s^\n", number, string(shown), len(number), "", indent.String())
}

// Faults are all faults of a configuration, in the order of their places.
type Faults []*Fault

// Error returns all faults, each with the line it is in.
func (fs Faults) Error() string {
	var b strings.Builder
	for _, f := range fs {
		b.WriteString(f.Error() + "\n" + f.excerpt())
	}
	return strings.TrimRight(b.String(), "\n")
}

// Unwrap returns the faults one by one.
func (fs Faults) Unwrap() []error {
	errs := make([]error, len(fs))
	for i, f := range fs {
		errs[i] = f
	}
	return errs
}

// sorted returns the faults in reading order: files first, from top to bottom.
func (fs Faults) sorted() Faults {
	out := slices.Clone(fs)
	rank := func(f *Fault) int {
		if f.at.source == nil {
			return 1 << 10
		}
		return f.at.source.rank
	}
	slices.SortStableFunc(out, func(a, b *Fault) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.at.line, b.at.line), cmp.Compare(a.at.column, b.at.column))
	})
	return out
}
