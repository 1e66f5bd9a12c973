package main

import (
	"bytes"
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// results returns a folder with the results of the tests.
func results(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("testdata/results")); err != nil {
		t.Fatal(err)
	}
	return folder
}

func read(t *testing.T, elements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// golden compares a text with a file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := read(t, file); got != want {
		t.Errorf("it differs from %s (-update writes it anew):\n%s", file, got)
	}
}

func TestThePageAndTheTable(t *testing.T) {
	folder := results(t)
	readme := filepath.Join(folder, "project.md")
	if err := os.WriteFile(readme, []byte("# Project\n"+beginMark+"\nan old table\n"+endMark+"\nthe rest\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, said bytes.Buffer
	for range 2 { // nothing changes the second time
		if code := command([]string{"--results", folder, "--readme", readme}, &out, &said); code != 0 {
			t.Fatalf("report ends with %d: %s", code, &said)
		}
	}
	golden(t, "testdata/page.md", read(t, folder, pageName))
	golden(t, "testdata/project.md", read(t, readme))
}

func TestThePlots(t *testing.T) {
	folder := results(t)
	if err := write(folder, ""); err != nil {
		t.Fatal(err)
	}
	for file, words := range map[string][]string{
		"latency.svg": {"liberator", "liberator-shared (http)", "99.99", "max"},
		"cpu.svg":     {"liberator", "server", "floor", "of it in user mode"},
		"memory.svg":  {"liberator (10000)", "KiB per session"},
	} {
		text := read(t, folder, file)
		decoder := xml.NewDecoder(strings.NewReader(text))
		for {
			if _, err := decoder.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
		}
		for _, word := range words {
			if !strings.Contains(text, ">"+word+"<") {
				t.Errorf("%s has no %q", file, word)
			}
		}
		if strings.Contains(text, "ingest") || strings.Contains(text, "NaN") {
			t.Errorf("%s shows what was not measured", file)
		}
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	empty, bad, unmarked := t.TempDir(), results(t), filepath.Join(t.TempDir(), "README.md")
	for file, text := range map[string]string{filepath.Join(bad, "x.json"): "{", unmarked: endMark + beginMark} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		folder, readme, text string
	}{
		"no results":          {empty, "", "no results"},
		"no JSON":             {bad, "", "x.json"},
		"a README with none":  {results(t), unmarked, "no " + beginMark},
		"a README not there":  {results(t), filepath.Join(empty, "x"), "no such file"},
		"a folder that isn't": {filepath.Join(empty, "x"), "", "no results"},
	} {
		var said bytes.Buffer
		if code := command([]string{"--results", c.folder, "--readme", c.readme}, io.Discard, &said); code != 1 || !strings.Contains(said.String(), c.text) {
			t.Errorf("%s: %d, %s; want %q", name, code, &said, c.text)
		}
	}
}

// TestOnlyIdle draws what there is of results without a latency.
func TestOnlyIdle(t *testing.T) {
	folder := t.TempDir()
	drawn, err := drawPlots(folder, []result{{Scenario: "idle", Clients: 10, PerSession: 1000}})
	if err != nil || len(drawn) != 1 || drawn[0].file != "memory.svg" {
		t.Errorf("%v, %v; want memory only", drawn, err)
	}
}

func TestFigures(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 3: "3", 0.123: "0.12", 31.4159: "31.4", 314.159: "314", 2130000: "2.13 million"} {
		if got := figures(x); got != want {
			t.Errorf("%v is written as %s, want %s", x, got, want)
		}
	}
}
