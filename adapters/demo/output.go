package demo

import (
	"context"

	"github.com/halley-stream/halley/adapters"
)

// output writes rows to a feed, in batches. A row is made value by value: append
// to text, then end the value with its field. It allocates nothing once its slices
// have grown. It belongs to Run's goroutine.
type output struct {
	ctx   context.Context // of Run
	feed  adapters.Feed
	slots []adapters.Field // by the view's numbers
	batch adapters.Batch   // being filled, or nil
	err   error            // the first failure; from then on nothing is written

	text   []byte // of the row's values, one after the other
	start  int    // where the present value begins
	fields []adapters.Field
	values [][]byte
}

func newOutput(ctx context.Context, feed adapters.Feed, fields []string) (*output, error) {
	o := &output{ctx: ctx, feed: feed}
	for _, name := range fields {
		slot, err := feed.Field(name)
		if err != nil {
			return nil, err
		}
		o.slots = append(o.slots, slot)
	}
	return o, nil
}

// end makes what was appended to text the value of a field.
func (o *output) end(field int) {
	o.fields = append(o.fields, o.slots[field])
	o.values = append(o.values, o.text[o.start:])
	o.start = len(o.text)
}

// put is end of a text.
func (o *output) put(field int, text string) {
	o.text = append(o.text, text...)
	o.end(field)
}

// update sends the row as an update, and begins the next.
func (o *output) update(item adapters.Item) {
	if o.open() {
		o.batch.Update(item, o.fields, o.values)
		o.sendIfFull()
	}
	o.begin()
}

// snapshot sends the row as a full image, and begins the next.
func (o *output) snapshot(item adapters.Item) {
	if o.open() {
		o.batch.Snapshot(item, o.fields, o.values)
		o.sendIfFull()
	}
	o.begin()
}

func (o *output) endOfSnapshot(item adapters.Item) {
	if o.open() {
		o.batch.EndOfSnapshot(item)
		o.sendIfFull()
	}
}

// ok reports whether there is a point in going on.
func (o *output) ok() bool { return o.err == nil && o.ctx.Err() == nil }

func (o *output) begin() {
	o.text, o.start, o.fields, o.values = o.text[:0], 0, o.fields[:0], o.values[:0]
}

// open sees to it that there is a batch, unless writing has failed.
func (o *output) open() bool {
	if o.err == nil && o.batch == nil {
		o.batch, o.err = o.feed.Batch(o.ctx)
	}
	return o.err == nil
}

func (o *output) sendIfFull() {
	if o.batch.Full() {
		o.flush()
	}
}

// flush sends the batch, if there is one.
func (o *output) flush() {
	if o.batch != nil && o.err == nil {
		o.batch.Send()
	}
	o.batch = nil
}
