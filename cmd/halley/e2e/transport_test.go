package e2e

import (
	"testing"
)

// every is all updates of the recording, quotes its newest values.
var (
	every  = wish{mode: "MERGE", adapter: "QUOTES", items: []string{"X"}, fields: recordingFields, frequency: "unfiltered"}
	quotes = wish{mode: "MERGE", adapter: "QUOTES", items: []string{"X"}, fields: recordingFields}
)

func TestOfficialClientOverEachTransport(t *testing.T) {
	cases := map[string]struct {
		forced   string
		statuses []string
		counted  string // as the server counts it
	}{
		"its own choice": {"", []string{"CONNECTING", "CONNECTED:WS-STREAMING"}, "ws-streaming"},
		"WS-STREAMING":   {"WS-STREAMING", []string{"CONNECTING", "CONNECTED:WS-STREAMING"}, "ws-streaming"},
		"HTTP-STREAMING": {"HTTP-STREAMING", []string{"CONNECTING", "CONNECTED:STREAM-SENSING", "CONNECTED:HTTP-STREAMING"}, "http-streaming"},
		"WS-POLLING":     {"WS-POLLING", []string{"CONNECTING", "CONNECTED:STREAM-SENSING", "CONNECTED:WS-POLLING"}, "ws-polling"},
		"HTTP-POLLING":   {"HTTP-POLLING", []string{"CONNECTING", "CONNECTED:STREAM-SENSING", "CONNECTED:HTTP-POLLING"}, "http-polling"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			c := runClient(t, current)
			s := serve(t, recording(t))
			c.connect(s.url(), "TAPE", test.forced)
			c.subscribe("whole", every)
			c.subscribe("quotes", quotes)
			c.status(test.statuses...)
			c.confirmed("whole", "unlimited") // the client's word for unfiltered too
			c.confirmed("quotes", "unlimited")
			if _, skipped := follow(t, -1, c.updates("whole", 150)); skipped > 0 {
				t.Errorf("an unfiltered subscription skips %d ticks", skipped)
			}
			follow(t, -1, c.updates("quotes", 50))
			if test.counted == "ws-streaming" || test.counted == "http-streaming" { // a poll may be between two
				s.waitMetric(1, "halley_sessions", `"`+test.counted+`"`)
			}
			s.waitMetric(2, "halley_views")

			c.send(map[string]any{"do": "unsubscribe", "name": "whole"})
			waitUnsubscribed(t, c, "whole")
			s.waitMetric(1, "halley_views")
			c.rest("quotes")
			c.updates("quotes", 20) // the other one goes on
			if more := c.rest("whole"); len(more) > 0 {
				t.Errorf("after its end it has %v", more)
			}

			c.send(map[string]any{"do": "disconnect"})
			c.status("DISCONNECTED")
			s.waitMetric(0, "halley_sessions")
			s.waitMetric(0, "halley_views")
			c.quit()
			s.waitMetric(0, "halley_connections")
			s.stop()
		})
	}
}

// waitUnsubscribed takes the updates that were on their way.
func waitUnsubscribed(t *testing.T, c *client, of string) {
	t.Helper()
	for {
		switch e := c.next(of); e.Event {
		case "update":
		case "unsubscribed":
			return
		default:
			t.Fatalf("while it unsubscribes it has %s", &e)
		}
	}
}
