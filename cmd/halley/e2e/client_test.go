package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The official clients, by the names that package.json gives them.
const (
	current = "lightstreamer-client-node"
	legacy  = "lightstreamer-client-legacy"
)

// event is what an official client has told: one of its callbacks.
type event struct {
	Event string  // its kind
	Of    string  // the subscription, or "" for the client
	At    float64 // milliseconds since the script began

	Status          string
	Code            int
	Text            string
	Item            string
	Snapshot        bool
	Values          map[string]*string
	Changed         []string
	Lost            int
	KeyPosition     int
	CommandPosition int
}

// value returns the text of a field; "null" for null.
func (e *event) value(field string) string {
	if v := e.Values[field]; v != nil {
		return *v
	}
	return "null"
}

// String returns the event in one line.
func (e *event) String() string {
	line, err := json.Marshal(e)
	if err != nil {
		return err.Error()
	}
	return string(line)
}

// client is an official client in a process of its own.
type client struct {
	*script
	at map[string]int // how far the events of a subscription have been taken
}

// runClient starts an official client.
func runClient(t testing.TB, name string) *client {
	t.Helper()
	return &client{script: runScript(t, "official.mjs", name), at: make(map[string]int)}
}

// connect tells it to connect; an empty transport leaves the choice to it.
func (c *client) connect(url, set, transport string) {
	c.t.Helper()
	c.send(map[string]any{"do": "connect", "url": url, "set": set, "transport": transport})
}

// wish is what a client subscribes to. The snapshot is "yes" unless given.
type wish struct {
	mode, adapter string
	items, fields []string
	snapshot      string
	frequency     string
}

func (c *client) subscribe(name string, w wish) {
	c.t.Helper()
	if w.snapshot == "" && w.mode != "RAW" {
		w.snapshot = "yes"
	}
	c.send(map[string]any{"do": "subscribe", "name": name, "mode": w.mode, "adapter": w.adapter,
		"items": w.items, "fields": w.fields, "snapshot": w.snapshot, "frequency": w.frequency})
}

// next returns the next event of a subscription, or of the client.
func (c *client) next(of string) event {
	c.t.Helper()
	timeout := time.After(patience)
	for {
		line, ok := c.line(c.at[of], timeout)
		if !ok {
			c.t.Fatalf("waited in vain for an event of %q; the last ones are\n%s", of, c.last(8))
		}
		c.at[of]++
		if e := c.parse(line); e.Of == of {
			return e
		}
	}
}

func (c *client) parse(line json.RawMessage) event {
	c.t.Helper()
	var e event
	if err := json.Unmarshal(line, &e); err != nil {
		c.t.Fatalf("%v in %s", err, line)
	}
	return e
}

// expect returns the next event of a subscription, which must be of a kind.
func (c *client) expect(of, kind string) event {
	c.t.Helper()
	e := c.next(of)
	if e.Event != kind {
		c.t.Fatalf("%q has the event %s, want %s", of, &e, kind)
	}
	return e
}

// status waits for the statuses given, which must come in this order and with no
// others between them.
func (c *client) status(want ...string) {
	c.t.Helper()
	var got []string
	for range want {
		got = append(got, c.expect("", "status").Status)
	}
	if !slices.Equal(got, want) {
		c.t.Fatalf("the statuses are %q, want %q", got, want)
	}
}

// statusUntil waits for a status, which others may precede.
func (c *client) statusUntil(want string) {
	c.t.Helper()
	for c.expect("", "status").Status != want {
	}
}

// update returns the next event of a subscription, which must be an update.
func (c *client) update(of string) event {
	c.t.Helper()
	return c.expect(of, "update")
}

// updates returns the next n events of a subscription, all updates.
func (c *client) updates(of string, n int) []event {
	c.t.Helper()
	all := make([]event, n)
	for i := range all {
		all[i] = c.update(of)
	}
	return all
}

// rest returns the events of a subscription that have come and were not taken.
func (c *client) rest(of string) []event {
	c.t.Helper()
	c.mu.Lock()
	lines := slices.Clone(c.lines)
	c.mu.Unlock()
	var all []event
	for _, line := range lines[c.at[of]:] {
		if e := c.parse(line); e.Of == of {
			all = append(all, e)
		}
	}
	c.at[of] = len(lines)
	return all
}

func (c *client) last(n int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	for _, line := range c.lines[max(0, len(c.lines)-n):] {
		fmt.Fprintf(&b, "%s\n", line)
	}
	return b.String()
}

// confirmed waits until a subscription is confirmed, with its frequency.
func (c *client) confirmed(of, frequency string) {
	c.t.Helper()
	c.expect(of, "subscribed")
	if e := c.expect(of, "frequency"); e.Text != frequency {
		c.t.Errorf("the frequency of %q is %q, want %q", of, e.Text, frequency)
	}
}

// disconnect ends the session and the client.
func (c *client) disconnect() {
	c.t.Helper()
	c.send(map[string]any{"do": "disconnect"})
	c.status("DISCONNECTED")
	c.quit()
}
