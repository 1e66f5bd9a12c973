package e2e

import (
	"strings"
	"testing"
)

func TestOfficialClientComesBackToANewServer(t *testing.T) {
	t.Parallel() // it waits most of the time
	c := runClient(t, current)
	s := serve(t, recording(t))
	c.connect(s.url(), "TAPE", "")
	c.subscribe("whole", every)
	c.status("CONNECTING", "CONNECTED:WS-STREAMING")
	c.confirmed("whole", "unlimited")
	last, _ := follow(t, -1, c.updates("whole", 20))

	s.stop()
	c.leavesWillingly()
	for e := c.next("whole"); e.Event != "unsubscribed"; e = c.next("whole") {
		if e.Event != "update" { // what the old server still sent
			t.Fatalf("after the end of the server comes %s", &e)
		}
		last, _ = follow(t, last, []event{e})
	}
	s.start()
	s.waitReady()
	c.statusUntil("CONNECTED:WS-STREAMING")
	c.confirmed("whole", "unlimited")
	// The new server plays the recording from the start.
	if again, _ := follow(t, -1, c.updates("whole", 50)); again > last+recordingTicks/2 {
		t.Errorf("the new server is at tick %d", again)
	}
	c.disconnect()
}

// leavesWillingly waits until the client is told that its server is going down: it
// is to open another session, and not to give up.
func (c *client) leavesWillingly() {
	c.t.Helper()
	c.status("DISCONNECTED:WILL-RETRY")
	waitFor(c.t, "the client to tell the reason, END 48", func() bool {
		return strings.Contains(c.stderr.String(), "Cause: 48 - The server is going down")
	})
}

func TestOfficialClientComesBackWhenItsConnectionBreaks(t *testing.T) {
	for _, transport := range []string{"WS-STREAMING", "HTTP-STREAMING"} {
		t.Run(transport, func(t *testing.T) {
			c := runClient(t, current)
			s := serve(t, recording(t))
			network := newNetwork(t, s.listen)
			c.connect("http://"+network.address, "TAPE", transport)
			c.subscribe("whole", every)
			c.statusUntil("CONNECTED:" + transport)
			c.confirmed("whole", "unlimited")
			last, _ := follow(t, -1, c.updates("whole", 20))
			network.cut()
			if away := c.expect("", "status"); away.Status != "DISCONNECTED:TRYING-RECOVERY" {
				t.Errorf("after the break the status is %s", away.Status)
			}
			c.statusUntil("CONNECTED:" + transport)

			// The session goes on where it was: nothing is missing, and nothing comes twice.
			if _, skipped := follow(t, last, append(c.rest("whole"), c.updates("whole", 100)...)); skipped > 0 {
				t.Errorf("%d ticks are missing", skipped)
			}
			c.disconnect()
		})
	}
}

func TestOfficialClientLosesNothingWhenItChangesItsTransport(t *testing.T) {
	c := runClient(t, current)
	s := serve(t, recording(t))
	c.connect(s.url(), "TAPE", "WS-STREAMING")
	c.subscribe("whole", every)
	c.status("CONNECTING", "CONNECTED:WS-STREAMING")
	c.confirmed("whole", "unlimited")
	last, _ := follow(t, -1, c.updates("whole", 10))
	for _, transport := range []string{"HTTP-STREAMING", "HTTP-POLLING", "WS-POLLING", "WS-STREAMING"} {
		c.send(map[string]any{"do": "transport", "transport": transport})
		c.statusUntil("CONNECTED:" + transport)
		skipped := 0
		if last, skipped = follow(t, last, append(c.rest("whole"), c.updates("whole", 40)...)); skipped > 0 {
			t.Errorf("on the way to %s %d ticks are missing", transport, skipped)
		}
	}
	c.disconnect()
}

func TestLegacyClient(t *testing.T) {
	c := runClient(t, legacy)
	s := serve(t, recording(t))
	c.connect(s.url(), "TAPE", "")
	c.subscribe("quotes", quotes)
	c.status("CONNECTING", "CONNECTED:STREAM-SENSING", "CONNECTED:WS-STREAMING")
	c.confirmed("quotes", "unlimited")
	follow(t, -1, c.updates("quotes", 100))
	c.send(map[string]any{"do": "unsubscribe", "name": "quotes"})
	waitUnsubscribed(t, c, "quotes")
	s.waitMetric(0, "halley_views")
	c.disconnect()
}
