package main

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/internal/client/clienttest"
	"github.com/halley-stream/halley/protocol"
)

func TestSubPrintsALineOfJSONPerUpdate(t *testing.T) {
	for _, transport := range []string{"ws", "http", "poll"} {
		t.Run(transport, func(t *testing.T) {
			s := clienttest.NewServer(t)
			s.Say("SUBOK,1,2,3", "CONF,1,unlimited,filtered",
				clienttest.Update(1, 1, "1.5", "#", "$"), clienttest.Update(1, 2, "7", "8", "9"), clienttest.Update(1, 1, "^2", "a%7C\"b"))
			got := run(t, "sub", "--url", s.URL, "--transport", transport, "--count", "3", "AAPL", "--fields", "last,bid,ask", "MSFT")
			if got.code != exitOK || got.stderr != "" {
				t.Fatalf("code %d, stderr %q", got.code, got.stderr)
			}
			if all := strings.Join(s.Requests(), "\n"); !strings.Contains(all, "LS_op=destroy") {
				t.Errorf("the session is left to the server:\n%s", all)
			}
			lines := strings.Split(strings.TrimSuffix(got.stdout, "\n"), "\n")
			want := []string{
				`"item":"AAPL","snapshot":true,"fields":{"last":"1.5","bid":null,"ask":""}}`,
				`"item":"MSFT","snapshot":true,"fields":{"last":"7","bid":"8","ask":"9"}}`,
				`"item":"AAPL","fields":{"ask":"a|\"b"}}`,
			}
			if len(lines) != len(want) {
				t.Fatalf("%d lines, want %d:\n%s", len(lines), len(want), got.stdout)
			}
			for i, line := range lines {
				if !strings.HasSuffix(line, want[i]) || !json.Valid([]byte(line)) {
					t.Errorf("line %d is %s, want …%s", i, line, want[i])
				}
			}
		})
	}
}

func TestSubCommandHasKeys(t *testing.T) {
	s := clienttest.NewServer(t)
	s.Say("SUBCMD,1,1,3,1,2", clienttest.Update(1, 1, "B1", "ADD", "100"), "EOS,1,1", clienttest.Update(1, 1, "", "DELETE", "#"))
	got := run(t, "sub", "--url", s.URL, "--adapter", "DEPTH", "--mode", "command", "--fields", "size", "--count", "2", "IBM")
	for _, want := range []string{
		`"item":"IBM","snapshot":true,"key":"B1","command":"ADD","fields":{"size":"100"}}`,
		`"item":"IBM","key":"B1","command":"DELETE","fields":{"size":null}}`,
	} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("no %s in:\n%s%s", want, got.stdout, got.stderr)
		}
	}
	if all := strings.Join(s.Requests(), "\n"); !strings.Contains(all, "LS_schema=key%20command%20size") {
		t.Errorf("the schema lacks the fields of COMMAND:\n%s", all)
	}
}

func TestSubFailsWithAdvice(t *testing.T) {
	cases := map[string]struct {
		session string
		code    int
		text    string
		want    string
	}{
		"an unknown set":                 {"CONERR,2,Requested Adapter Set not available", 0, "", "Requested Adapter Set not available (CONERR 2); check --set"},
		"wrong credentials":              {"CONERR,1,No", 0, "", "check --user and --password"},
		"an unknown item":                {"", protocol.ReqGroup, "unknown item \"XYZ\"", "unknown item \"XYZ\" (code 21); check the names of the items"},
		"an unknown adapter":             {"", protocol.ReqDataAdapter, "no", "check --adapter"},
		"a refusal of the application's": {"", -5, "Not for you", "Not for you (code -5)\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := clienttest.NewServer(t)
			if c.session != "" {
				s.RefuseSession(c.session)
			} else {
				s.RefuseAdd(c.code, c.text)
			}
			got := run(t, "sub", "--url", s.URL, "XYZ")
			if got.code != exitFailure || !strings.Contains(got.stderr, c.want) || got.stdout != "" {
				t.Errorf("code %d, stdout %q, stderr %q; want %d and %q", got.code, got.stdout, got.stderr, exitFailure, c.want)
			}
		})
	}
	if got := run(t, "sub", "--url", "http://127.0.0.1:1", "XYZ"); got.code != exitFailure || !strings.Contains(got.stderr, "nobody listens at http://127.0.0.1:1") {
		t.Errorf("without a server: %+v", got)
	}
}

func TestSubWantsNamesAndNoGroups(t *testing.T) {
	s := clienttest.NewServer(t)
	s.Say("SUBOK,1,2,1")
	got := run(t, "sub", "--url", s.URL, "--fields", "bid", "G")
	want := "name items and fields, not groups and schemas that stand for several: for the 1 items and 1 fields named, the server has 2 and 1\n"
	if got.code != exitFailure || !strings.HasSuffix(got.stderr, want) {
		t.Errorf("code %d, stderr %q; want %d and %q", got.code, got.stderr, exitFailure, want)
	}
}

func TestSubMisuse(t *testing.T) {
	for _, args := range [][]string{
		{"sub"},
		{"sub", "A", "--fields", ""},
		{"sub", "A", "--mode", "SIDEWAYS"},
		{"sub", "A", "--transport", "pigeon"},
		{"sub", "A", "--frequency", "-1"},
		{"sub", "A", "--count", "-1"},
	} {
		if got := run(t, args...); got.code != exitUsage || got.stderr == "" {
			t.Errorf("%q gives %+v, want code %d and a text", args, got, exitUsage)
		}
	}
}

func TestSubConnectsAgain(t *testing.T) {
	s := clienttest.NewServer(t)
	s.Say("SUBOK,1,1,1", clienttest.Update(1, 1, "before"))
	reader, writer := io.Pipe()
	var stderr logBuffer
	env := &environment{name: "halley", args: []string{"sub", "--url", s.URL, "--count", "2", "--fields", "x", "A"}, stdout: writer, stderr: &stderr}
	done := make(chan int)
	go func() {
		done <- runMain(t.Context(), env)
		writer.Close()
	}()
	decoder := json.NewDecoder(reader)
	var line struct {
		Snapshot bool
		Fields   map[string]string
	}
	for i, want := range []string{"before", "after"} {
		if err := decoder.Decode(&line); err != nil || line.Fields["x"] != want || !line.Snapshot {
			t.Fatalf("line %d is %+v, %v; want the snapshot %q", i, line, err, want)
		}
		if i == 0 {
			s.Cut()
			s.Say("SUBOK,1,1,1", clienttest.Update(1, 1, "after"))
		}
	}
	if code := <-done; code != exitOK {
		t.Errorf("code %d, want %d; stderr %q", code, exitOK, stderr.String())
	}
	if talk := stderr.String(); !strings.Contains(talk, "connection is lost") || !strings.Contains(talk, "connected again") {
		t.Errorf("the talk is %q", talk)
	}
}

// show applies updates to a table and returns its lines without styles.
func show(t *table, fields int, updates map[int][]string) []string {
	for item, values := range updates {
		state := protocol.NewItemState(fields)
		if err := state.Apply([]byte(strings.Join(values, "|"))); err != nil {
			panic(err)
		}
		_ = t.update(&subUpdate{item: item, state: state, at: time.Now()}, false)
	}
	var lines []string
	t.lines(time.Now(), func(line string, _ []cellStyle) { lines = append(lines, line) })
	return lines
}

func TestTableShowsRows(t *testing.T) {
	o := &subOptions{items: []string{"AAPL", "MSFT"}, fields: []string{"last", "note"}}
	o.what.Mode = "MERGE"
	got := show(newRows(o, true), 2, map[int][]string{0: {"182.5", "#"}, 1: {"7", "a%1bb"}})
	want := []string{"item   last  note", "AAPL  182.5     -", "MSFT      7   a.b"}
	if !slices.Equal(got, want) {
		t.Errorf("the table is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	o = &subOptions{items: []string{"IBM"}, fields: []string{"key", "command", "size"}}
	o.what.Mode = "COMMAND"
	table := newRows(o, true)
	for _, values := range [][]string{{"B2", "ADD", "5"}, {"B1", "ADD", "6"}, {"B3", "ADD", "7"}, {"B2", "DELETE", "#"}} {
		got = show(table, 3, map[int][]string{0: values})
	}
	if len(got) != 3 || !strings.Contains(got[1], "B1") || !strings.Contains(got[2], "B3") {
		t.Errorf("the rows are %q, want B1 and B3", got)
	}
}

func TestFrameFitsTheScreen(t *testing.T) {
	o := &subOptions{items: []string{"A", "B", "C"}, fields: []string{"last"}}
	o.what.Mode = "MERGE"
	table := newRows(o, false)
	show(table, 1, map[int][]string{0: {"123456789"}})
	frame := string(table.frame(time.Now(), 8, 3))
	lines := strings.Split(strings.TrimSuffix(strings.TrimPrefix(frame, cursorHome), eraseBelow), "\r\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines on a screen of 3: %q", len(lines), frame)
	}
	for _, line := range lines {
		plain := strings.NewReplacer(eraseLine, "", styleBold, "", stylePlain, "").Replace(line)
		if len(plain) > 8 || strings.Contains(plain, "\x1b") {
			t.Errorf("the line is %q, want 8 columns without colors", plain)
		}
	}
}
