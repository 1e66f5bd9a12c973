package plugin

import (
	"context"
	"errors"
	"sync"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/plugin/internal/frame"
	"github.com/halley-stream/halley/adapters/plugin/internal/wire"
	adapterv1 "github.com/halley-stream/halley/adapters/plugin/proto/halley/adapter/v1"
)

// feed implements adapters.Feed on the stream of a session. It numbers the fields
// and the items that the adapter defines; a definition is on its way before its
// number is known to anybody.
type feed struct {
	out *sender

	mu     sync.Mutex
	fields map[string]adapters.Field
	items  map[string]adapters.Item
}

func newFeed(out *sender) *feed {
	f := &feed{out: out, fields: make(map[string]adapters.Field), items: make(map[string]adapters.Item)}
	out.batches(f)
	return f
}

// definedRef marks the references of items that the plugin defined.
const definedRef = 1 << 63

var errName = errors.New("a name is 1 to 4096 bytes of UTF-8")

func (f *feed) Field(name string) (adapters.Field, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if field, ok := f.fields[name]; ok {
		return field, nil
	}
	switch {
	case !goodName(name):
		return 0, errName
	case len(f.fields) == frame.NamesMax:
		return 0, adapters.ErrTooManyFields
	}
	field := adapters.Field(len(f.fields))
	if err := f.out.definition(frame.AppendField(nil, uint64(field), name)); err != nil {
		return 0, err
	}
	f.fields[name] = field
	return field, nil
}

func (f *feed) Publish(name string, mode adapters.Mode, kind adapters.SnapshotKind) (adapters.Item, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if item, ok := f.items[name]; ok {
		return item, nil
	}
	switch {
	case !goodName(name):
		return adapters.Item{}, errName
	case len(f.items) == frame.ItemsMax:
		return adapters.Item{}, adapters.ErrTooManyItems
	}
	number := uint64(len(f.items))
	if err := f.out.definition(frame.AppendDefine(nil, number, mode, kind, name)); err != nil {
		return adapters.Item{}, err
	}
	item := adapters.NewItem(name, definedRef|number)
	f.items[name] = item
	return item, nil
}

func goodName(name string) bool {
	return name != "" && len(name) <= frame.NameMax && name == wire.Text(name)
}

func (f *feed) Batch(ctx context.Context) (adapters.Batch, error) {
	select {
	case b := <-f.out.free:
		return b, nil
	default:
	}
	select {
	case b := <-f.out.free:
		return b, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-f.out.ctx.Done():
		return nil, adapters.ErrClosed
	}
}

func (f *feed) Up() {
	f.out.control(&adapterv1.PluginFrame{Frame: &adapterv1.PluginFrame_Up{Up: &adapterv1.Up{}}})
}

func (f *feed) Down(reason error) {
	f.out.control(&adapterv1.PluginFrame{Frame: &adapterv1.PluginFrame_Down{Down: &adapterv1.Down{Reason: wire.Text(reason.Error())}}})
}
