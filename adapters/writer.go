package adapters

import (
	"context"
	"slices"
)

// Writer is the friendly form of a Feed, for adapters that say a few things a
// second and would rather use names than slots: each call is one batch. A Writer
// belongs to one goroutine.
type Writer struct {
	feed   Feed
	slots  map[string]Field
	names  []string
	fields []Field
	values [][]byte
}

// NewWriter returns a Writer for feed.
func NewWriter(feed Feed) *Writer {
	return &Writer{feed: feed, slots: make(map[string]Field)}
}

// Update changes the named fields of item.
func (w *Writer) Update(ctx context.Context, item Item, values map[string]string) error {
	return w.send(ctx, item, values, Batch.Update)
}

// Snapshot gives the full image of item: fields not named become null.
func (w *Writer) Snapshot(ctx context.Context, item Item, values map[string]string) error {
	return w.send(ctx, item, values, Batch.Snapshot)
}

// EndOfSnapshot ends the snapshot of item.
func (w *Writer) EndOfSnapshot(ctx context.Context, item Item) error {
	b, err := w.feed.Batch(ctx)
	if err != nil {
		return err
	}
	b.EndOfSnapshot(item)
	b.Send()
	return nil
}

func (w *Writer) send(ctx context.Context, item Item, values map[string]string, put func(Batch, Item, []Field, [][]byte)) error {
	w.names, w.fields, w.values = w.names[:0], w.fields[:0], w.values[:0]
	for name := range values {
		w.names = append(w.names, name)
	}
	slices.Sort(w.names) // so that new names get the same slots in every run
	for _, name := range w.names {
		slot, ok := w.slots[name]
		if !ok {
			var err error
			if slot, err = w.feed.Field(name); err != nil {
				return err
			}
			w.slots[name] = slot
		}
		w.fields = append(w.fields, slot)
		w.values = append(w.values, []byte(values[name]))
	}
	b, err := w.feed.Batch(ctx)
	if err != nil {
		return err
	}
	put(b, item, w.fields, w.values)
	b.Send()
	return nil
}
