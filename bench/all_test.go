//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAllGoesOnAfterAFailure(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "results")
	var out, said bytes.Buffer
	code := command(t.Context(), []string{"all", "--out", folder, "--server", "/bin/false", "--duration", "1s", "quiet-latency", "conflation"}, &out, &said)
	if code != exitFault {
		t.Errorf("exit code %d, want %d: %s", code, exitFault, &said)
	}
	for _, name := range []string{"quiet-latency", "conflation"} {
		text, err := os.ReadFile(filepath.Join(folder, name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var r result
		if err := json.Unmarshal(text, &r); err != nil || r.Scenario != name || len(r.Faults) != 1 {
			t.Errorf("%s: %v, %+v", name, err, r)
		}
	}
	if !strings.Contains(said.String(), "1 of 2: quiet-latency; about ") || !strings.Contains(said.String(), "2 of 2: conflation") {
		t.Errorf("the progress is %s", &said)
	}
}

func TestAllTakesAQuarterOfAnHour(t *testing.T) {
	all, err := choose(nil)
	if err != nil {
		t.Fatal(err)
	}
	var sum time.Duration
	for _, s := range all {
		if s.duration != s.brief {
			t.Errorf("%s takes %v in place of %v", s.name, s.duration, s.brief)
		}
		if s.keepalive > 0 && s.duration%s.keepalive != 0 {
			t.Errorf("%s measures a part of a keepalive: clients that came together get theirs together", s.name)
		}
		sum += s.takes()
	}
	if len(all) < 14 || sum < 8*time.Minute || sum > 20*time.Minute {
		t.Errorf("%d scenarios take %v", len(all), sum)
	}
	t.Logf("%d scenarios take %v", len(all), sum)
}

func TestFewerClientsKeepTheirShares(t *testing.T) {
	s := scenario{clients: 1000, slow: 100, storm: 500, duration: time.Minute}
	s.adapt(0, 50)
	if s.clients != 50 || s.slow != 5 || s.storm != 25 || s.duration != time.Minute {
		t.Errorf("%+v", s)
	}
}

func TestWorse(t *testing.T) {
	for _, c := range [][3]int{{exitOK, exitOK, exitOK}, {exitOK, exitMissed, exitMissed}, {exitMissed, exitFault, exitFault}, {exitFault, exitMissed, exitFault}} {
		if got := worse(c[0], c[1]); got != c[2] {
			t.Errorf("of %d and %d, %d is the worse, want %d", c[0], c[1], got, c[2])
		}
	}
}

func TestCheckedInWords(t *testing.T) {
	r := &result{}
	r.most("p99", "ms", 12.345, 10)
	r.least("share", "%", 81, 80)
	r.most("cores", "", 0.5, orNone(0))
	if len(r.Missed) != 1 || r.Missed[0] != "p99: 12.3 ms; allowed is at most 10" {
		t.Errorf("missed: %q", r.Missed)
	}
	if c := r.Checks; len(c) != 3 || c[0].Met || !c[1].Met || !c[2].Met || c[1].Bar != "at least 80" || c[2].Bar != "" {
		t.Errorf("%+v", c)
	}
	for x, want := range map[float64]string{0: "0", 3: "3", 0.123: "0.12", 3.14159: "3.14", 31.4159: "31.4", 314.159: "314", 1000000: "1.00 million"} {
		if got := figures(x); got != want {
			t.Errorf("%v is written as %s, want %s", x, got, want)
		}
	}
}
