package literal

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestEverybodyMayConnect(t *testing.T) {
	a, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"", "ann"} {
		permit, err := a.Authenticate(t.Context(), adapters.Login{User: user, Password: "x"})
		if err != nil || permit.User != user {
			t.Errorf("user %q: %+v, %v; want to be in under this name", user, permit, err)
		}
	}
}

func TestResolve(t *testing.T) {
	narrow := Config{
		Items:        []string{"IBM", "EUR*", "news/?"},
		Fields:       []string{"bid", "ask"},
		Modes:        []string{"MERGE", "raw"},
		MaxFrequency: 2.5,
	}
	long := strings.Repeat("é", 100)
	for _, c := range []struct {
		name          string
		config        Config
		group, schema string
		mode          adapters.Mode
		selector      string
		items, fields []string
		refused       error
		text          string
	}{
		{name: "names separated by one blank", group: "IBM EURUSD", schema: "bid ask",
			items: []string{"IBM", "EURUSD"}, fields: []string{"bid", "ask"}},
		{name: "only the blank separates", group: "a\r\nb c\td,e", schema: "x\u00a0y",
			items: []string{"a\r\nb", "c\td,e"}, fields: []string{"x\u00a0y"}},
		{name: "names differ by case", group: "ibm IBM", schema: "b B", items: []string{"ibm", "IBM"}, fields: []string{"b", "B"}},
		{name: "empty group", schema: "bid", refused: adapters.ErrBadGroup, text: "no item names"},
		{name: "empty schema", group: "IBM", refused: adapters.ErrBadSchema, text: "no field names"},
		{name: "two blanks", group: "IBM  AIG", schema: "bid", refused: adapters.ErrBadGroup, text: "item 2 has no name"},
		{name: "blank at the end", group: "IBM", schema: "bid ", refused: adapters.ErrBadSchema, text: "field 2 has no name"},
		{name: "item twice", group: "IBM AIG IBM", schema: "bid", refused: adapters.ErrBadGroup, text: `item "IBM" comes twice`},
		{name: "field twice", group: "IBM", schema: "ask ask", refused: adapters.ErrBadSchema, text: `field "ask" comes twice`},
		{name: "selector", group: "IBM", schema: "bid", selector: "bid > 1", refused: adapters.ErrBadSelector, text: `"bid > 1"`},
		{name: "selector allowed", config: Config{Selectors: true}, group: "IBM", schema: "bid", selector: "bid > 1",
			items: []string{"IBM"}, fields: []string{"bid"}},
		{name: "inside the limits", config: narrow, group: "EURUSD IBM news/1", schema: "ask", mode: adapters.Raw,
			items: []string{"EURUSD", "IBM", "news/1"}, fields: []string{"ask"}},
		{name: "item outside", config: narrow, group: "IBM IBMX", schema: "ask", refused: adapters.ErrUnknownItem, text: `item "IBMX"`},
		{name: "no slash under a star", config: narrow, group: "EUR/USD", schema: "ask", refused: adapters.ErrUnknownItem, text: `"EUR/USD"`},
		{name: "field outside", config: narrow, group: "IBM", schema: "ask last", refused: adapters.ErrBadSchema, text: `field "last"`},
		{name: "mode outside", config: narrow, group: "IBM", schema: "ask", mode: adapters.Distinct,
			refused: adapters.ErrModeNotAllowed, text: `DISTINCT of item "IBM"`},
		{name: "a long name is cut off", config: narrow, group: long, schema: "ask",
			refused: adapters.ErrUnknownItem, text: strings.Repeat("é", 32) + "…\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := New(c.config)
			if err != nil {
				t.Fatal(err)
			}
			if c.mode == 0 {
				c.mode = adapters.Merge
			}
			r, err := a.Resolve(t.Context(), adapters.Interest{Group: c.group, Schema: c.schema, Mode: c.mode, Selector: c.selector})
			if !errors.Is(err, c.refused) {
				t.Fatalf("Resolve(%q, %q) = %v, want %v", c.group, c.schema, err, c.refused)
			}
			if err != nil {
				if !strings.Contains(err.Error(), c.text) {
					t.Errorf("refused with %q, want %q in it", err, c.text)
				}
				return
			}
			if !slices.Equal(r.Items, c.items) || !slices.Equal(r.Fields, c.fields) || r.MaxFrequency != c.config.MaxFrequency {
				t.Errorf("got %+v, want items %q, fields %q", r, c.items, c.fields)
			}
		})
	}
}

func TestValidateListsAllFaults(t *testing.T) {
	_, err := New(Config{
		Items:        []string{"ok*", "[a", ""},
		Fields:       []string{"ok", "", "a b"},
		Modes:        []string{"RAW", "FAST"},
		MaxFrequency: -1,
	})
	if err == nil {
		t.Fatal("New accepted a config full of faults")
	}
	for _, want := range []string{"items[1]", "items[2]", "fields[1]", "fields[2]", "modes[1]", "max_frequency"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
	if strings.Count(err.Error(), "\n") != 5 {
		t.Errorf("%q has faults that are none", err)
	}
}

func FuzzResolve(f *testing.F) {
	for _, s := range []string{"IBM AIG", "", " ", "a  b", "x x", "a\x00b \xff", strings.Repeat("long", 50)} {
		f.Add(s, s, "a*")
	}
	f.Fuzz(func(t *testing.T, group, schema, pattern string) {
		config := Config{Items: []string{pattern}}
		a, err := New(config)
		if err != nil {
			return
		}
		r, err := a.Resolve(t.Context(), adapters.Interest{Group: group, Schema: schema, Mode: adapters.Merge})
		if err != nil {
			for _, known := range []error{adapters.ErrBadGroup, adapters.ErrBadSchema, adapters.ErrUnknownItem} {
				if errors.Is(err, known) {
					return
				}
			}
			t.Fatalf("Resolve(%q, %q) = %v, which is no known refusal", group, schema, err)
		}
		if strings.Join(r.Items, " ") != group || strings.Join(r.Fields, " ") != schema {
			t.Fatalf("Resolve(%q, %q) = %+v, which is something else", group, schema, r)
		}
	})
}
