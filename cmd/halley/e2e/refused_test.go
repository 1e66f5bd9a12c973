package e2e

import (
	"testing"
	"time"
)

func TestOfficialClientIsRefused(t *testing.T) {
	s := serve(t, market()+`
LIMITED:
  metadata: {type: literal, items: [A*], modes: [MERGE], max_frequency: 4}
  data:
    QUOTES: {type: demo, rate: 20}
`)
	t.Run("an adapter set that is not there", func(t *testing.T) {
		c := runClient(t, current)
		c.connect(s.url(), "NOPE", "")
		c.status("CONNECTING", "DISCONNECTED")
		if e := c.expect("", "serverError"); e.Code != 2 || e.Text != "Requested Adapter Set not available" {
			t.Errorf("the error is %d %q, want 2 and that the set is not available", e.Code, e.Text)
		}
		c.quit()
	})

	c := runClient(t, current)
	c.connect(s.url(), "DEMO", "")
	c.status("CONNECTING", "CONNECTED:WS-STREAMING")
	limited := runClient(t, current)
	limited.connect(s.url(), "LIMITED", "")
	limited.status("CONNECTING", "CONNECTED:WS-STREAMING")

	quotes := func(items ...string) wish {
		return wish{mode: "MERGE", adapter: "QUOTES", items: items, fields: []string{"last"}}
	}
	cases := map[string]struct {
		of   *client
		wish wish
		code int
		text string
	}{
		"an item that is not there":          {c, quotes("AAPL", "NOPE"), 21, `Item "NOPE" not found`},
		"an item that is not allowed":        {limited, quotes("IBM"), 21, `item "IBM": unknown item`},
		"a mode that the item does not have": {c, wish{mode: "COMMAND", adapter: "QUOTES", items: []string{"AAPL"}, fields: []string{"key", "command"}}, 24, `Mode COMMAND not allowed for item "AAPL"`},
		"a mode of another feed":             {c, wish{mode: "MERGE", adapter: "NEWS", items: []string{"NEWS"}, fields: []string{"headline"}}, 24, `Mode MERGE not allowed for item "NEWS"`},
		"a mode that is not allowed":         {limited, wish{mode: "RAW", adapter: "QUOTES", items: []string{"AAPL"}, fields: []string{"last"}}, 24, `RAW of item "AAPL": mode not allowed`},
		"a data adapter that is not there":   {c, wish{mode: "MERGE", adapter: "NOPE", items: []string{"AAPL"}, fields: []string{"last"}}, 17, `Data adapter "NOPE" not found`},
		"all updates of a limited item":      {limited, wish{mode: "MERGE", adapter: "QUOTES", items: []string{"AAPL"}, fields: []string{"last"}, frequency: "unfiltered"}, 26, `Unfiltered is not allowed: the frequency is limited`},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			test.of.subscribe(name, test.wish)
			if e := test.of.expect(name, "refused"); e.Code != test.code || e.Text != test.text {
				t.Errorf("the error is %d %q, want %d %q", e.Code, e.Text, test.code, test.text)
			}
		})
	}
	// What is refused does the session no harm.
	c.subscribe("good", quotes("AAPL"))
	c.confirmed("good", "unlimited")
	c.updates("good", 3)
	c.disconnect()
	limited.disconnect()
	if n := s.metric("halley_refusals_total"); n != 8 {
		t.Errorf("the server counts %v refusals, want 8", n)
	}
}

func TestOfficialClientLimitsTheFrequency(t *testing.T) {
	t.Parallel() // it waits most of the time
	s := serve(t, recording(t)+"SLOW:\n  metadata: {type: literal, max_frequency: 4}\n"+tail(recording(t)))
	c := runClient(t, current)
	c.connect(s.url(), "TAPE", "")
	c.status("CONNECTING", "CONNECTED:WS-STREAMING")
	slow := quotes
	slow.frequency = "5"
	c.subscribe("slow", slow)
	c.confirmed("slow", "5")
	last := paced(t, -1, c.updates("slow", 8), 5)

	// A change takes effect in the middle of the stream.
	c.send(map[string]any{"do": "frequency", "name": "slow", "frequency": "unlimited"})
	e := c.next("slow")
	for e.Event == "update" {
		last, _ = follow(t, last, []event{e})
		e = c.next("slow")
	}
	if e.Event != "frequency" || e.Text != "unlimited" {
		t.Fatalf("the change gives %s, want the frequency unlimited", &e)
	}
	fast := c.updates("slow", 50)
	follow(t, last, fast)
	if took := fast[49].At - fast[0].At; took > 50*200/2 {
		t.Errorf("without a limit 50 updates take %.0f ms", took)
	}
	c.disconnect()

	// The server's own limit counts for those that ask for more.
	limited := runClient(t, current)
	limited.connect(s.url(), "SLOW", "HTTP-STREAMING")
	limited.subscribe("quotes", quotes)
	limited.status("CONNECTING", "CONNECTED:STREAM-SENSING", "CONNECTED:HTTP-STREAMING")
	limited.confirmed("quotes", "4")
	paced(t, -1, limited.updates("quotes", 6), 4)
	limited.disconnect()
}

// tail returns an adapter set without its name.
func tail(set string) string { return set[len("TAPE:\n"):] }

// paced checks updates of the recording that come at most so often a second, and
// returns the last tick. A busy machine may delay one update and not the next, so
// the mean counts.
func paced(t *testing.T, last int, updates []event, frequency float64) int {
	t.Helper()
	last, skipped := follow(t, last, updates)
	// After the snapshot the first update may come at once.
	count := len(updates) - 2
	took := (updates[len(updates)-1].At - updates[1].At) / 1000
	if least := float64(count) / frequency; took < 0.9*least {
		t.Errorf("%d updates come in %.2f s, want %.2f s or more", count, took, least)
	}
	if perUpdate := int(time.Second / recordingStep / time.Duration(frequency)); skipped < perUpdate/2 {
		t.Errorf("at most %d ticks are skipped between updates, want some %d", skipped, perUpdate)
	}
	return last
}
