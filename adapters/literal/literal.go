// Package literal is the default Metadata Adapter: a group is the names of items
// and a schema the names of fields, separated by one blank. Everybody may connect,
// anonymously too, under the name that they give; passwords are not looked at.
//
// A Config narrows what may be subscribed. Rights that differ from user to user
// are the business of other Metadata Adapters.
package literal

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/halley-stream/halley/adapters"
)

// Adapter is the Metadata Adapter. It is immutable: its methods may be called
// from any goroutine, and none of them blocks.
type Adapter struct {
	items        []string // patterns; none allows every name
	fields       map[string]bool
	modes        adapters.ModeSet
	maxFrequency float64
	selectors    bool
}

var _ adapters.MetadataAdapter = (*Adapter)(nil)

// New returns the adapter for c, or the faults that c.Validate finds.
func New(c Config) (*Adapter, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	a := &Adapter{
		items:        slices.Clone(c.Items),
		fields:       make(map[string]bool),
		modes:        adapters.Modes(adapters.Merge, adapters.Distinct, adapters.Command, adapters.Raw),
		maxFrequency: c.MaxFrequency,
		selectors:    c.Selectors,
	}
	for _, f := range c.Fields {
		a.fields[f] = true
	}
	if len(c.Modes) > 0 {
		a.modes = 0
	}
	for _, name := range c.Modes {
		m, _ := parseMode(name)
		a.modes |= adapters.Modes(m)
	}
	return a, nil
}

// Authenticate lets everybody in.
func (a *Adapter) Authenticate(_ context.Context, login adapters.Login) (adapters.Permit, error) {
	return adapters.Permit{User: login.User}, nil
}

// Resolve splits the group and the schema at their blanks; no other character
// separates names. It refuses with ErrBadGroup or ErrBadSchema what is empty or
// names something twice, and with ErrUnknownItem, ErrBadSchema, ErrModeNotAllowed
// or ErrBadSelector what the Config does not allow.
func (a *Adapter) Resolve(_ context.Context, interest adapters.Interest) (adapters.Resolution, error) {
	items, err := split("item", interest.Group, adapters.ErrBadGroup)
	if err != nil {
		return adapters.Resolution{}, err
	}
	fields, err := split("field", interest.Schema, adapters.ErrBadSchema)
	if err != nil {
		return adapters.Resolution{}, err
	}
	for _, name := range items {
		if !a.allowsItem(name) {
			return adapters.Resolution{}, fmt.Errorf("item %s: %w", quote(name), adapters.ErrUnknownItem)
		}
	}
	for _, name := range fields {
		if len(a.fields) > 0 && !a.fields[name] {
			return adapters.Resolution{}, fmt.Errorf("field %s is not allowed: %w", quote(name), adapters.ErrBadSchema)
		}
	}
	if !a.modes.Has(interest.Mode) {
		return adapters.Resolution{}, fmt.Errorf("%v of item %s: %w", interest.Mode, quote(items[0]), adapters.ErrModeNotAllowed)
	}
	if interest.Selector != "" && !a.selectors {
		return adapters.Resolution{}, fmt.Errorf("selector %s, but none are allowed: %w", quote(interest.Selector), adapters.ErrBadSelector)
	}
	return adapters.Resolution{Items: items, Fields: fields, MaxFrequency: a.maxFrequency, Selector: a.selectors}, nil
}

func (a *Adapter) allowsItem(name string) bool {
	for _, pattern := range a.items {
		if ok, _ := path.Match(pattern, name); ok { // New has checked the pattern
			return true
		}
	}
	return len(a.items) == 0
}

// split returns the names in list, or bad with a text that says what is wrong.
func split(what, list string, bad error) ([]string, error) {
	if list == "" {
		return nil, fmt.Errorf("no %s names: %w", what, bad)
	}
	names := strings.Split(list, " ")
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		if name == "" {
			return nil, fmt.Errorf("%s %d has no name, blanks separate names singly: %w", what, i+1, bad)
		}
		if seen[name] {
			return nil, fmt.Errorf("%s %s comes twice: %w", what, quote(name), bad)
		}
		seen[name] = true
	}
	return names, nil
}

// quote returns a name for a text that goes to the client: printable and short.
func quote(name string) string {
	const most = 64
	if len(name) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(name[cut]) {
			cut--
		}
		name = name[:cut] + "…"
	}
	return fmt.Sprintf("%q", name)
}
