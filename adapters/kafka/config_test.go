package kafka

import (
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters/kafka/cluster"
)

func TestValidateListsAllFaults(t *testing.T) {
	c := Config{
		Cluster: cluster.Config{Brokers: []string{"localhost"}, SASL: cluster.SASL{Mechanism: "kerberos"}},
		Topics: []Topic{
			{},
			{Topic: "a b", Mode: "table", Item: "#{VALUE", Fields: map[string]string{"x": "#{NOPE}", "*": "#{VALUE.a}"}},
			{Topic: "ticks"},
			{Topic: "ticks", From: Latest()},
			{Topic: "more", From: Last(-1)},
		},
		SnapshotTimeout: -1,
		Fetch:           Fetch{MaxWait: time.Hour, MaxBytes: -1},
	}
	want := []string{
		`brokers[0]: "localhost" has no port`,
		`sasl.mechanism: "kerberos" is not one of plain, scram-sha-256, scram-sha-512`,
		`topics[0].topic: is missing`,
		`topics[1].topic: "a b" is no name for a topic`,
		`topics[1].mode: "table" is not one of merge, distinct, command, raw`,
		`topics[1].item: a closing brace is missing`,
		`topics[1].fields.*: "#{VALUE.a}" is not of the form #{VALUE.*}`,
		`topics[1].fields.x: "NOPE" does not begin with one of`,
		`topics[3].from: is "latest", but topics[2] reads the same topic from "earliest"`,
		`topics[4].from: last -1 is not a positive number of offsets`,
		`snapshot_timeout: is negative`,
		`fetch.max_wait: is too large`,
		`fetch.max_bytes: is negative`,
	}
	got := strings.Split(c.Validate().Error(), "\n")
	if len(got) != len(want) {
		t.Errorf("%d faults, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range min(len(got), len(want)) {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("fault %d is %s, want %s", i, got[i], want[i])
		}
	}
	if _, err := New(c); err == nil {
		t.Error("New takes a faulty configuration")
	}
}

func TestDefaultsAreValid(t *testing.T) {
	c := DefaultConfig()
	c.Cluster.Brokers = []string{"localhost:9092"}
	c.Topics = []Topic{{Topic: "ticks"}}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	if full := (Config{Cluster: c.Cluster, Topics: c.Topics}).withDefaults(); full.SnapshotTimeout != 30*time.Second ||
		full.Topics[0].Item != "#{KEY}" || full.Topics[0].Fields["*"] != "#{VALUE.*}" || full.Log == nil {
		t.Errorf("the defaults are %+v", full)
	}
	if c.Topics[0].Item != "" {
		t.Error("the caller's configuration was changed")
	}
}

func TestStartText(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"earliest", "earliest"}, {"", "earliest"}, {" Latest ", "latest"}, {"last 1000", "last 1000"}, {"last: 1_000", "last 1000"},
		{"since 15m", "since 15m0s"}, {"since: 2026-01-31T08:00:00Z", "since 2026-01-31T08:00:00Z"}, {"since 2026-01-31", "since 2026-01-31T00:00:00Z"},
	} {
		var s, again Start
		if err := s.UnmarshalText([]byte(c.text)); err != nil || s.String() != c.want {
			t.Errorf("%q is %q, %v; want %q", c.text, s, err, c.want)
		}
		if text, _ := s.MarshalText(); again.UnmarshalText(text) != nil || again.String() != s.String() {
			t.Errorf("%q is written as %q, and that is read as %q", c.text, text, again)
		}
	}
	for _, c := range []struct{ text, want string }{
		{"last", "is not a number of offsets"}, {"last 0", "is not a positive number"}, {"last x", "write for example last 1000"},
		{"since", "neither a duration nor a time"}, {"since yesterday", "write for example since 15m"}, {"since -1m", "is not in the past"},
		{"first", "is not one of earliest"}, {"latest 5", "is not one of earliest"},
	} {
		var s Start
		if err := s.UnmarshalText([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
}
