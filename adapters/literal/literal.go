// Package literal is the default Metadata Adapter: a group is the names of items
// and a schema the names of fields, separated by one blank. Everybody may connect,
// anonymously too, under the name that they give; passwords are not looked at.
//
// A Config narrows what may be subscribed. Rights that differ from user to user
// are the business of other Metadata Adapters.
package literal

import (
	"context"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/roles"
)

// Adapter is the Metadata Adapter. It is immutable: its methods may be called
// from any goroutine, and none of them blocks.
type Adapter struct{ rights roles.Rights }

var _ adapters.MetadataAdapter = (*Adapter)(nil)

// New returns the adapter for c, or the faults that c.Validate finds.
func New(c Config) (*Adapter, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Adapter{rights: roles.Of(c.role())}, nil
}

// Authenticate lets everybody in.
func (a *Adapter) Authenticate(_ context.Context, login adapters.Login) (adapters.Permit, error) {
	return adapters.Permit{User: login.User}, nil
}

// Resolve splits the group and the schema at their blanks, and refuses what the
// Config does not allow: see roles.Rights.
func (a *Adapter) Resolve(_ context.Context, interest adapters.Interest) (adapters.Resolution, error) {
	return a.rights.Resolve(interest)
}
