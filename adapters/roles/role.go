// Package roles says what users may do, for Metadata Adapters: a Role allows items,
// modes and fields by their names and sets limits, and the Rights of a user are those
// of all its roles together. Groups and schemas are names separated by one blank.
//
// It does not know who the users are.
package roles

import (
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/halley-stream/halley/adapters"
)

// Everything is the pattern of all names, also of those with slashes in them.
const Everything = "**"

// Role is what a kind of users may do. The zero value allows nothing, and has no
// limits.
type Role struct {
	// Items are patterns of the item names allowed, as in path.Match: * stands
	// for any text without a slash, ? for one character, [a-z] for one of a range.
	Items []string `yaml:"items" doc:"Patterns of the items that may be subscribed, such as quote-*. A * stands for any text without a slash; ** is all items. Empty is none."`
	// Fields are the field names allowed. None allows all names.
	Fields []string `yaml:"fields" doc:"Names of the fields that may be asked for. Empty is all."`
	// Modes are the modes allowed: MERGE, DISTINCT, COMMAND, RAW. None allows all.
	Modes []string `yaml:"modes" doc:"Modes that may be asked for: merge, distinct, command, raw. Empty is all."`
	// Selectors allows selectors, which cost CPU time for each update.
	Selectors bool `yaml:"selectors" doc:"Whether selectors may be given: expressions that say which updates are wanted. Each costs CPU time for every update of its items."`
	// MaxFrequency is the highest frequency, in updates per second and item.
	MaxFrequency float64 `yaml:"max_frequency" min:"0" doc:"Updates per second and item at most. 0 is no limit."`
	// MaxBuffer is how many events of a DISTINCT item may wait for a slow client.
	MaxBuffer int `yaml:"max_buffer" min:"0" doc:"Events of a DISTINCT item that may wait for a slow client at most. 0 is no limit but the server's."`
	// MaxBandwidth is that of a session, in kilobits per second.
	MaxBandwidth float64 `yaml:"max_bandwidth" min:"0" doc:"Kilobits per second of a session's updates at most. 0 is no limit."`
	// MaxSessions is how many sessions a user may have at a time.
	MaxSessions int `yaml:"max_sessions" min:"0" doc:"Sessions of one user at a time. One whose connection has gone counts until it ends, see engine.session_timeout. 0 is no limit but the server's."`
	// MaxSubscriptions is how many subscriptions a session may have.
	MaxSubscriptions int `yaml:"max_subscriptions" min:"0" doc:"Subscriptions of a session. 0 is no limit but the server's."`
}

// Validate returns all faults of r, each with the name of its setting.
func (r Role) Validate() error { return errors.Join(r.faults()...) }

func (r Role) faults() []error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	for i, p := range r.Items {
		if p == "" {
			fault("items[%d]: empty pattern", i)
		} else if _, err := path.Match(p, ""); err != nil {
			fault("items[%d]: %q is no pattern: %w", i, p, err)
		}
	}
	for i, f := range r.Fields {
		if f == "" || strings.Contains(f, " ") {
			fault("fields[%d]: %q is no field name: it is empty or has a blank in it", i, f)
		}
	}
	for i, m := range r.Modes {
		if _, ok := parseMode(m); !ok {
			fault("modes[%d]: %q is not MERGE, DISTINCT, COMMAND or RAW", i, m)
		}
	}
	for _, limit := range []struct {
		name, what string
		value      float64
	}{
		{"max_frequency", "frequency", r.MaxFrequency},
		{"max_buffer", "number of events", float64(r.MaxBuffer)},
		{"max_bandwidth", "bandwidth", r.MaxBandwidth},
		{"max_sessions", "number of sessions", float64(r.MaxSessions)},
		{"max_subscriptions", "number of subscriptions", float64(r.MaxSubscriptions)},
	} {
		if v := limit.value; v < 0 || math.IsNaN(v) || math.IsInf(v, 0) {
			fault("%s: %v is no %s; 0 is no limit", limit.name, v, limit.what)
		}
	}
	return faults
}

// parseMode returns the mode with the name given, in any case.
func parseMode(name string) (adapters.Mode, bool) {
	for m := adapters.Merge; m <= adapters.Raw; m++ {
		if strings.EqualFold(name, m.String()) {
			return m, true
		}
	}
	return 0, false
}

// role is a Role that is ready for use. It is immutable.
type role struct {
	Role
	fields map[string]bool // none: all
	modes  adapters.ModeSet
}

func newRole(r Role) *role {
	out := &role{Role: r, fields: make(map[string]bool, len(r.Fields))}
	out.Items = slices.Clone(r.Items) // the caller may change its own
	for _, f := range r.Fields {
		out.fields[f] = true
	}
	for _, name := range r.Modes {
		m, _ := parseMode(name)
		out.modes |= adapters.Modes(m)
	}
	if len(r.Modes) == 0 {
		out.modes = adapters.Modes(adapters.Merge, adapters.Distinct, adapters.Command, adapters.Raw)
	}
	return out
}

func (r *role) allowsItem(name string) bool {
	for _, pattern := range r.Items {
		if pattern == Everything {
			return true
		}
		if ok, _ := path.Match(pattern, name); ok { // Validate has checked the pattern
			return true
		}
	}
	return false
}

func (r *role) allowsField(name string) bool { return len(r.fields) == 0 || r.fields[name] }
