package roles

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

var book = NewBook(map[string]Role{
	"viewer": {Items: []string{"quote-*"}, Fields: []string{"bid", "ask"}, Modes: []string{"merge"}, MaxFrequency: 1, MaxBuffer: 5,
		MaxBandwidth: 10, MaxSessions: 1, MaxSubscriptions: 4},
	"trader": {Items: []string{"quote-*", "book-?"}, Modes: []string{"MERGE", "COMMAND"}, MaxFrequency: 5, MaxBuffer: 20,
		MaxBandwidth: 100, MaxSessions: 3, MaxSubscriptions: 2, Selectors: true},
	"news":  {Items: []string{"news-*"}, Modes: []string{"distinct"}, Fields: []string{"headline"}},
	"admin": {Items: []string{"**"}},
	"depth": {Items: []string{"book-?"}, MaxFrequency: 7, MaxBuffer: 2},
	"any":   {Items: []string{"other"}},
	"fast":  {MaxBandwidth: 0, MaxSessions: 9, MaxSubscriptions: 9},
})

func TestPermitIsTheGreatestOfTheLimits(t *testing.T) {
	for _, c := range []struct {
		roles                   string
		bandwidth               float64
		sessions, subscriptions int
	}{
		{"viewer", 10, 1, 4},
		{"viewer trader", 100, 3, 4},
		{"trader viewer viewer", 100, 3, 4},
		{"trader fast", 0, 9, 9}, // 0 is no limit
		{"trader admin", 0, 0, 0},
		{"trader unheard-of", 100, 3, 2},
	} {
		p := book.Rights(strings.Fields(c.roles)).Permit("ann")
		want := adapters.Permit{User: "ann", MaxBandwidth: c.bandwidth, MaxSessions: c.sessions, MaxSubscriptions: c.subscriptions}
		if p != want {
			t.Errorf("%s: %+v, want %+v", c.roles, p, want)
		}
	}
}

func TestRolesTogether(t *testing.T) {
	for _, c := range []struct {
		name, roles   string
		group, schema string
		mode          adapters.Mode
		selector      string
		frequency     float64
		buffer        int
		refused       error
		text          string
	}{
		{name: "one role", roles: "viewer", group: "quote-A quote-B", schema: "bid", frequency: 1, buffer: 5},
		{name: "the greater limit of two", roles: "viewer trader", group: "quote-A", schema: "bid", frequency: 5, buffer: 20},
		{name: "no limit is the greatest", roles: "viewer admin", group: "quote-A", schema: "last", frequency: 0},
		{name: "the item with the smallest limit counts", roles: "viewer depth", group: "book-1 quote-A", schema: "bid", frequency: 1, buffer: 2},
		{name: "a limit of one item holds for all", roles: "viewer any", group: "other quote-A", schema: "bid", frequency: 1, buffer: 5},
		{name: "without a role", group: "quote-A", schema: "bid", refused: adapters.ErrUnknownItem, text: `item "quote-A"`},
		{name: "a role of limits only", roles: "fast", group: "quote-A", schema: "bid", refused: adapters.ErrUnknownItem},
		{name: "an item of no role", roles: "viewer news", group: "quote-A book-1", schema: "bid", refused: adapters.ErrUnknownItem, text: `item "book-1"`},
		{name: "a field of another role's items", roles: "viewer news", group: "quote-A", schema: "headline", refused: adapters.ErrBadSchema, text: `field "headline"`},
		{name: "a mode of another role's items", roles: "viewer news", group: "quote-A", schema: "bid", mode: adapters.Distinct,
			refused: adapters.ErrModeNotAllowed, text: `DISTINCT of item "quote-A"`},
		{name: "a mode of the second role", roles: "viewer trader", group: "quote-A", schema: "key command", mode: adapters.Command, frequency: 5, buffer: 20},
		{name: "all names, with slashes too", roles: "admin", group: "a/b/c", schema: "x"},
		{name: "a selector", roles: "viewer trader", group: "quote-A", schema: "bid", selector: "bid > 1", frequency: 5, buffer: 20},
		{name: "a selector of no role", roles: "viewer admin", group: "quote-A", schema: "bid", selector: "bid > 1", refused: adapters.ErrBadSelector},
		{name: "two blanks", roles: "admin", group: "a  b", schema: "x", refused: adapters.ErrBadGroup},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.mode == 0 {
				c.mode = adapters.Merge
			}
			r, err := book.Rights(strings.Fields(c.roles)).Resolve(adapters.Interest{Group: c.group, Schema: c.schema, Mode: c.mode, Selector: c.selector})
			if !errors.Is(err, c.refused) || err != nil && !strings.Contains(err.Error(), c.text) {
				t.Fatalf("refused with %v, want %v and %q", err, c.refused, c.text)
			}
			if err != nil {
				return
			}
			if !slices.Equal(r.Items, strings.Fields(c.group)) || !slices.Equal(r.Fields, strings.Fields(c.schema)) || r.MaxFrequency != c.frequency || r.MaxBuffer != c.buffer {
				t.Errorf("got %+v, want frequency %v and buffer %d", r, c.frequency, c.buffer)
			}
		})
	}
}

func TestValidateListsAllFaults(t *testing.T) {
	err := Role{
		Items: []string{"ok*", "[a", ""}, Fields: []string{"ok", "", "a b"}, Modes: []string{"RAW", "FAST"},
		MaxFrequency: -1, MaxBuffer: -1, MaxBandwidth: -1, MaxSessions: -1, MaxSubscriptions: -1,
	}.Validate()
	if err == nil {
		t.Fatal("a role full of faults is valid")
	}
	lines := strings.Split(err.Error(), "\n")
	want := []string{"items[1]", "items[2]", "fields[1]", "fields[2]", "modes[1]", "max_frequency", "max_buffer", "max_bandwidth", "max_sessions", "max_subscriptions"}
	if len(lines) != len(want) {
		t.Fatalf("%d faults, want %d:\n%v", len(lines), len(want), err)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, want[i]+": ") {
			t.Errorf("%q is not about %s", line, want[i])
		}
	}
	for _, name := range []string{"", "a b"} {
		if Faults(map[string]Role{"ok": {}, name: {}}) == nil {
			t.Errorf("a role may be called %q", name)
		}
	}
}

func TestFaultsNameTheirSettings(t *testing.T) {
	given := map[string]Role{"quotes": {Items: []string{"["}, MaxSessions: -1}, "two words": {}, "news": {}}
	faults := append(Faults(given), UnknownIn("anonymous", []string{"news", "nws"}, given)...)
	faults = append(faults, UnknownIn("anonymous", []string{"x"}, nil)...)
	want := []string{
		"roles.quotes.items[0]: ", "roles.quotes.max_sessions: ", `roles: "two words" is no name`,
		`anonymous[1]: there is no role "nws"; there are news, quotes, two words`, `anonymous[0]: there is no role "x"; roles has none`,
	}
	if len(faults) != len(want) {
		t.Fatalf("%d faults, want %d: %v", len(faults), len(want), faults)
	}
	for i, fault := range faults {
		if !strings.HasPrefix(fault.Error(), want[i]) {
			t.Errorf("%q, want %q", fault, want[i])
		}
	}
}
