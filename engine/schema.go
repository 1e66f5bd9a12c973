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
	users            int  // subscriptions, if it is among the schemas that are shared
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

// schemas are those that subscriptions have, so that those which ask for the same share
// one. Any goroutine.
type schemas struct {
	mu     sync.Mutex
	byName map[string]*schema
}

// get returns the schema of a name with these fields for a subscription. What a name
// stands for is up to the Metadata Adapter, and may differ from one client to the
// next: what the name stood for first is shared, another is the subscription's own.
func (s *schemas) get(name string, fields []string) *schema {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.byName[name]
	if known != nil && slices.Equal(known.fields, fields) {
		known.users++
		return known
	}
	made := newSchema(name, fields)
	if known == nil {
		made.users = 1
		s.byName[name] = made
	}
	return made
}

// release takes back what get has given; nil is nothing. Views may have it for longer.
func (s *schemas) release(of *schema) {
	if of == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if of.users--; of.users == 0 {
		delete(s.byName, of.name)
	}
}
