package kafka

import (
	"context"
	"errors"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/kafka/internal/jsonscan"
	"github.com/halley-stream/halley/adapters/kafka/internal/records"
)

// record hands one record over. known are the items that the partition has had
// before. It returns an error only if the feed does.
func (f *follower) record(ctx context.Context, p *partition, m *mapper, known map[string]adapters.Item, rec *records.Record) error {
	name, err := m.load(rec, p.index)
	if err != nil {
		f.bad(p, rec, err)
		return nil
	}
	item, ok := known[string(name)]
	if rec.Value == nil {
		if ok {
			return f.bury(ctx, p, m, item, rec)
		}
		return nil
	}
	if err := m.update(); err != nil {
		f.bad(p, rec, err)
		return nil
	}
	if m.turnedAway > 0 {
		f.run.bad(badFields, uint64(m.turnedAway), p, rec.Offset, adapters.ErrTooManyFields)
	}
	end := false
	if !ok {
		if item, end, err = f.run.items.publish(string(name), m.mapping.mode); err != nil {
			if errors.Is(err, adapters.ErrTooManyItems) {
				f.bad(p, rec, err)
				return nil
			}
			return &feedError{err}
		}
		known[string(name)] = item
	}
	if len(m.fields) == 0 {
		return nil
	}
	b, err := f.open(ctx)
	if err != nil {
		return err
	}
	b.Update(item, m.fields, m.values)
	if end {
		b.EndOfSnapshot(item)
	}
	if b.Full() {
		f.flush()
	}
	return nil
}

// bury hands a record without a value over: it deletes what its key stands for.
// Events and ticks, which are of the past, cannot be deleted.
func (f *follower) bury(ctx context.Context, p *partition, m *mapper, item adapters.Item, rec *records.Record) error {
	switch m.mapping.mode {
	case adapters.Merge:
		b, err := f.open(ctx)
		if err != nil {
			return err
		}
		b.Clear(item)
	case adapters.Command:
		if err := m.bury(); err != nil {
			f.bad(p, rec, err)
			return nil
		}
		b, err := f.open(ctx)
		if err != nil {
			return err
		}
		b.Update(item, m.fields, m.values)
	}
	if f.batch != nil && f.batch.Full() {
		f.flush()
	}
	return nil
}

// open returns the batch to write to.
func (f *follower) open(ctx context.Context) (adapters.Batch, error) {
	if f.batch == nil {
		b, err := f.run.feed.Batch(ctx)
		if err != nil {
			return nil, &feedError{err}
		}
		f.batch = b
	}
	return f.batch, nil
}

// bad counts a record that cannot be mapped.
func (f *follower) bad(p *partition, rec *records.Record, err error) {
	f.run.bad(reasonOf(err), 1, p, rec.Offset, err)
}

// reasonOf returns the reason under which an error is counted.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, jsonscan.ErrSyntax):
		return badJSON
	case errors.Is(err, errTombstone):
		return badTombstone
	case errors.Is(err, errNoKey), errors.Is(err, errCommand):
		return badRow
	case errors.Is(err, adapters.ErrTooManyItems):
		return badItems
	}
	return badItem
}
