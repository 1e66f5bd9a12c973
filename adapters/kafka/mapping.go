package kafka

import (
	"fmt"
	"maps"
	"slices"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/kafka/internal/extract"
	"github.com/halley-stream/halley/adapters/kafka/internal/jsonscan"
)

// mapping is a Topic, compiled: what becomes of the topic's records. It is
// immutable.
type mapping struct {
	mode adapters.Mode
	item *extract.Template
	// fields are the fields with expressions of their own; those of the fields key
	// and command of command mode come first.
	fields []mappedField
	// all is the object whose scalars are fields, if hasAll.
	all    jsonscan.Path
	hasAll bool
}

// mappedField is a field with its template, which is nil for a field command that
// is always UPDATE.
type mappedField struct {
	name     string
	template *extract.Template
}

// The places of the two fields in a mapping of command mode.
const (
	keyPlace = iota
	commandPlace
)

// newMapping compiles t, which has its defaults and is valid.
func newMapping(t Topic) (*mapping, error) {
	mode, ok := parseMode(t.Mode)
	if !ok {
		return nil, fmt.Errorf("mode: %q is unknown", t.Mode)
	}
	m := &mapping{mode: mode}
	var err error
	if m.item, err = extract.Parse(t.Item, t.Topic); err != nil {
		return nil, fmt.Errorf("item: %w", err)
	}
	expressions := maps.Clone(t.Fields)
	if all, ok := expressions[allFields]; ok {
		if m.all, err = extract.ParseAll(all); err != nil {
			return nil, fmt.Errorf("fields.%s: %w", allFields, err)
		}
		m.hasAll = true
		delete(expressions, allFields)
	}
	names := slices.Sorted(maps.Keys(expressions))
	if mode == adapters.Command {
		names = slices.DeleteFunc(names, func(name string) bool {
			return name == adapters.KeyField || name == adapters.CommandField
		})
		names = append([]string{adapters.KeyField, adapters.CommandField}, names...)
		if expressions[adapters.KeyField] == "" {
			expressions[adapters.KeyField] = defaultItem
		}
	}
	for _, name := range names {
		f := mappedField{name: name}
		if text := expressions[name]; text != "" {
			if f.template, err = extract.Parse(text, t.Topic); err != nil {
				return nil, fmt.Errorf("fields.%s: %w", name, err)
			}
		}
		m.fields = append(m.fields, f)
	}
	return m, nil
}

// buriable reports whether a record without a value, which deletes what its key
// stands for, still tells what that is.
func (m *mapping) buriable() bool {
	return !m.item.Uses(extract.Value) &&
		(m.mode != adapters.Command || !m.fields[keyPlace].template.Uses(extract.Value))
}
