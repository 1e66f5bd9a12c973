package engine

import (
	"slices"
	"sync"

	"github.com/halley-stream/halley/adapters"
)

// schema is a list of fields with the name it is compared by.
type schema struct {
	name   string // the fields joined by blanks
	fields []string
	// keyAt and commandAt are the positions of the two fields that a COMMAND
	// subscription must have, or -1.
	keyAt, commandAt int
	virtual          bool // it names a virtual field
}

func newSchema(name string, fields []string) *schema {
	isVirtual := func(name string) bool { return name == staleField || name == timeField || name == seqField }
	return &schema{
		virtual: slices.ContainsFunc(fields, isVirtual),
		name:    name, fields: fields,
		keyAt:     slices.Index(fields, adapters.KeyField),
		commandAt: slices.Index(fields, adapters.CommandField),
	}
}

// schemas are those in use, so that subscriptions which ask for the same share one.
// Any goroutine.
type schemas struct {
	mu     sync.Mutex
	byName map[string]*schema
}

// schemasMax is how many schemas are shared; one past that is the subscription's
// own.
const schemasMax = 4096

// get returns the schema of a name with these fields. What a name stands for is up
// to the Metadata Adapter, and may differ from one client to the next.
func (s *schemas) get(name string, fields []string) *schema {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.byName[name]
	if known != nil && slices.Equal(known.fields, fields) {
		return known
	}
	made := newSchema(name, fields)
	if known == nil && len(s.byName) < schemasMax {
		s.byName[name] = made
	}
	return made
}
