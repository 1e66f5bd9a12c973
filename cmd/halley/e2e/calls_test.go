package e2e

import (
	"flag"
	"net/url"
	"testing"
	"time"
)

// onlyCalls chooses scenarios, for who works on one.
var onlyCalls = flag.String("calls", "", "a pattern of the scenarios to be played; empty is all")

// callsTime is how long all scenarios of one client may take.
const callsTime = 4 * time.Minute

// The scenarios of the folder calls: each call and each listener of the official
// clients.

func TestCallsOfTheNodeClient(t *testing.T) {
	t.Parallel() // they wait most of the time
	needNode(t, ".")
	s := newStage(t)
	c := runScript(t, "calls/node.mjs", s.url, current, *onlyCalls)
	s.judge(t)
	c.quit()
}

func TestCallsOfTheWebClient(t *testing.T) {
	t.Parallel() // they wait most of the time
	needNode(t, ".")
	s := newStage(t)
	b := runBrowser(t)
	// What networks do is complained about by the browser itself.
	b.forgive("Failed to load resource")
	b.forgive("WebSocket connection to")
	b.forgive("has been blocked by CORS policy")
	b.open(s.url + "/page.html?only=" + url.QueryEscape(*onlyCalls))
	s.judge(t)
}

// judge makes a test of each scenario.
func (s *stage) judge(t *testing.T) {
	t.Helper()
	deadline := time.After(callsTime)
	for _, name := range s.runs(t) {
		t.Run(name, func(t *testing.T) {
			o, ok := s.result(name, deadline)
			switch {
			case !ok:
				t.Fatal("it does not end")
			case o.Error != "":
				t.Errorf("%s\nthe server's log:\n%s", o.Error, o.Log)
			case o.Skipped != "":
				t.Skip(o.Skipped)
			}
			t.Logf("%.0f ms", o.Millis)
		})
	}
}
