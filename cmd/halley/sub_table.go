package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/halley-stream/halley/adapters"
)

const (
	// framePause is the least time between two frames: faster than that nobody
	// can read.
	framePause = 100 * time.Millisecond
	// flash is how long a changed value is marked.
	flash = 600 * time.Millisecond
	// eventsMax is how many events of a DISTINCT or RAW item are kept; more than
	// any screen has lines.
	eventsMax = 500
)

// Control sequences of ECMA-48.
const (
	screenEnter = "\x1b[?1049h\x1b[?25l" // a screen of our own, without a cursor
	screenLeave = "\x1b[?25h\x1b[?1049l"
	cursorHome  = "\x1b[H"
	eraseLine   = "\x1b[K"
	eraseBelow  = "\x1b[J"
	styleBold   = "\x1b[1m"
	styleUp     = "\x1b[32m"
	styleDown   = "\x1b[31m"
	stylePlain  = "\x1b[0m"
)

// table shows the present values on a terminal and redraws them, as top does.
//
// Rows are items, or the keys of COMMAND items; of DISTINCT and RAW items each
// event is a row, the newest first.
type table struct {
	terminal *os.File
	options  *subOptions
	colors   bool
	key      int // position of the field, -1 without one
	command  int
	start    time.Time

	stop    chan struct{}
	drawing sync.WaitGroup

	mu      sync.Mutex
	rows    []*tableRow
	updates int
	text    string // of the status line
	dirty   bool
}

// tableRow is a row of the table.
type tableRow struct {
	item  int
	key   string
	cells []tableCell
}

// tableCell is a value, and how it got there.
type tableCell struct {
	text    string
	style   string
	changed time.Time
}

func newTable(terminal *os.File, o *subOptions, colors bool) *table {
	t := newRows(o, colors)
	t.terminal = terminal
	t.stop = make(chan struct{})
	t.write([]byte(screenEnter))
	t.drawing.Go(t.draw)
	return t
}

// newRows returns a table without a terminal.
func newRows(o *subOptions, colors bool) *table {
	t := &table{options: o, colors: colors, key: -1, command: -1, start: time.Now(), text: "connecting"}
	switch o.what.Mode {
	case adapters.Command.String():
		t.key = slices.Index(o.fields, adapters.KeyField)
		t.command = slices.Index(o.fields, adapters.CommandField)
	case adapters.Merge.String():
		for i := range o.items {
			t.rows = append(t.rows, t.newRow(i, ""))
		}
	}
	return t
}

func (t *table) newRow(item int, key string) *tableRow {
	return &tableRow{item: item, key: key, cells: make([]tableCell, len(t.options.fields))}
}

// draw draws until stop.
func (t *table) draw() {
	tick := time.NewTicker(framePause)
	defer tick.Stop()
	drawn := time.Time{}
	for {
		select {
		case <-t.stop:
			return
		case now := <-tick.C:
			t.mu.Lock()
			// Marks go out and rates change without updates, too.
			if t.dirty || now.Sub(drawn) >= flash {
				t.dirty, drawn = false, now
				width, height, err := term.GetSize(int(t.terminal.Fd()))
				if err != nil || width <= 0 || height <= 0 {
					width, height = 80, 24
				}
				t.write(t.frame(now, width, height))
			}
			t.mu.Unlock()
		}
	}
}

// write writes to the terminal. If that is gone, so will we be, by a signal.
func (t *table) write(b []byte) { _, _ = t.terminal.Write(b) }

// close leaves the screen as it was, with the last values below.
func (t *table) close() {
	close(t.stop)
	t.drawing.Wait()
	t.mu.Lock()
	defer t.mu.Unlock()
	var b bytes.Buffer
	t.lines(time.Now(), func(line string, _ []cellStyle) { fmt.Fprintln(&b, strings.TrimRight(line, " ")) })
	t.write(append([]byte(screenLeave), b.Bytes()...))
}

func (t *table) status(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text, t.dirty = text, true
}

func (t *table) emptied(item int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dirty = true
	if t.options.what.Mode == adapters.Command.String() {
		t.rows = slices.DeleteFunc(t.rows, func(r *tableRow) bool { return r.item == item })
	}
}

func (t *table) update(u *subUpdate, _ bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.updates++
	t.dirty = true
	row := t.rowOf(u)
	if row == nil {
		return nil
	}
	for i := range row.cells {
		c := &row.cells[i]
		value, ok := u.state.Value(i)
		text := string(value)
		if !ok {
			text = "-"
		}
		if c.text == text {
			continue
		}
		c.style = direction(c.text, text)
		if !u.snapshot {
			c.changed = u.at
		}
		c.text = text
	}
	return nil
}

// rowOf returns the row that an update is about, or nil if it has deleted it.
func (t *table) rowOf(u *subUpdate) *tableRow {
	switch t.options.what.Mode {
	case adapters.Merge.String():
		return t.rows[u.item]
	case adapters.Command.String():
		key, _ := u.state.Value(t.key)
		command, _ := u.state.Value(t.command)
		return t.rowOfKey(u.item, string(key), string(command) == adapters.CommandDelete)
	}
	row := t.newRow(u.item, "")
	t.rows = slices.Insert(t.rows, 0, row)
	t.rows = t.rows[:min(len(t.rows), eventsMax)]
	return row
}

// rowOfKey returns the row of a key, which is made if there is none; nil when it is
// to be deleted. Rows are kept in the order of items and keys.
func (t *table) rowOfKey(item int, key string, deleted bool) *tableRow {
	i, found := slices.BinarySearchFunc(t.rows, tableRow{item: item, key: key}, func(r *tableRow, of tableRow) int {
		if r.item != of.item {
			return r.item - of.item
		}
		return strings.Compare(r.key, of.key)
	})
	switch {
	case deleted && found:
		t.rows = slices.Delete(t.rows, i, i+1)
		return nil
	case deleted:
		return nil
	case !found:
		t.rows = slices.Insert(t.rows, i, t.newRow(item, key))
	}
	return t.rows[i]
}

// direction returns the style that says where a value has gone.
func direction(from, to string) string {
	a, errA := strconv.ParseFloat(from, 64)
	b, errB := strconv.ParseFloat(to, 64)
	switch {
	case errA != nil || errB != nil || a == b:
		return styleBold
	case b > a:
		return styleUp
	}
	return styleDown
}

// frame returns what draws the table anew. t.mu is held.
func (t *table) frame(now time.Time, width, height int) []byte {
	var b bytes.Buffer
	b.WriteString(cursorHome)
	status := fmt.Sprintf("%s  %s  %d updates", t.options.connect.URL, t.options.what.Mode, t.updates)
	if s := now.Sub(t.start).Seconds(); s >= 1 {
		status += fmt.Sprintf(", %.1f/s", float64(t.updates)/s)
	}
	if t.text != "" {
		status += "  " + t.text
	}
	writeCut(&b, status, nil, width)
	left := height - 1
	t.lines(now, func(line string, styles []cellStyle) {
		if left--; left < 0 {
			return
		}
		b.WriteString("\r\n")
		writeCut(&b, line, styles, width)
	})
	b.WriteString(eraseBelow)
	return b.Bytes()
}

// cellStyle says where a mark begins and ends in a line, in bytes.
type cellStyle struct {
	from, to int
	style    string
}

// lines calls emit for each line of the table: the head, then the rows. t.mu is
// held.
func (t *table) lines(now time.Time, emit func(line string, styles []cellStyle)) {
	widths := make([]int, len(t.options.fields))
	first := len("item")
	for i, name := range t.options.fields {
		widths[i] = len([]rune(name))
	}
	for _, r := range t.rows {
		first = max(first, len([]rune(t.options.items[r.item])))
		for i := range r.cells {
			widths[i] = max(widths[i], len([]rune(printable(r.cells[i].text))))
		}
	}
	head := fmt.Sprintf("%-*s", first, "item")
	for i, name := range t.options.fields {
		head += fmt.Sprintf("  %*s", widths[i], name)
	}
	emit(head, []cellStyle{{0, len(head), styleBold}})
	for _, r := range t.rows {
		line := fmt.Sprintf("%-*s", first, printable(t.options.items[r.item]))
		var styles []cellStyle
		for i := range r.cells {
			c := &r.cells[i]
			line += fmt.Sprintf("  %*s", widths[i], printable(c.text))
			if t.colors && now.Sub(c.changed) < flash {
				styles = append(styles, cellStyle{len(line) - len(printable(c.text)), len(line), c.style})
			}
		}
		emit(line, styles)
	}
}

// printable replaces what would do something to the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '.'
		}
		return r
	}, text)
}

// writeCut writes a line, cut at the width of the screen. styles come in order.
func writeCut(w io.StringWriter, line string, styles []cellStyle, width int) {
	column := 0
	put := func(s string) { _, _ = w.WriteString(s) } // a buffer takes all
	for at, r := range line {
		if column++; column > width {
			break
		}
		for _, s := range styles {
			if s.from == at {
				put(s.style)
			}
			if s.to == at {
				put(stylePlain)
			}
		}
		put(string(r))
	}
	if len(styles) > 0 {
		put(stylePlain)
	}
	put(eraseLine)
}
