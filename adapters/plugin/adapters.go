package plugin

import (
	"github.com/halley-stream/halley/adapters"
	adapterv1 "github.com/halley-stream/halley/adapters/plugin/proto/halley/adapter/v1"
)

// Adapters is what a plugin serves: a Data Adapter, a Metadata Adapter, or both.
type Adapters struct {
	// Name and Version are the plugin's own, for the server's log. Default: the
	// program's name, and none.
	Name, Version string
	// Data brings a feed in. Its Run is called for each session with the server, one
	// at a time.
	Data adapters.DataAdapter
	// Metadata says who may see what.
	Metadata adapters.MetadataAdapter
	// Configure is called before anything else, with the parameters that the server's
	// configuration has for the plugin: once, but by each server that attaches to a
	// plugin that was started by hand, also while others use it. An error is told in the
	// server's log, and a plugin that it has started is ended. Without Configure,
	// parameters are an error.
	Configure func(parameters map[string]string) error
}

// Data returns the Adapters for a plugin with nothing but a Data Adapter.
func Data(a adapters.DataAdapter) Adapters { return Adapters{Data: a} }

// Metadata returns the Adapters for a plugin with nothing but a Metadata Adapter.
func Metadata(a adapters.MetadataAdapter) Adapters { return Adapters{Metadata: a} }

// abilities returns what the server is told of a.
func (a *Adapters) abilities() *adapterv1.ConfigureReply {
	_, catalog := a.Data.(adapters.Catalog)
	_, messages := a.Metadata.(adapters.MessageHandler)
	_, notices := a.Metadata.(adapters.Witness)
	return &adapterv1.ConfigureReply{
		Name: a.Name, Version: a.Version,
		Data: a.Data != nil, Catalog: catalog,
		Metadata: a.Metadata != nil, Messages: messages, Notices: notices,
	}
}
