package frame

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"unicode/utf8"

	"github.com/halley-stream/halley/adapters"
)

// Decoder takes the frames of one session apart and hands what they say to a feed.
// A plugin is not trusted: whatever the bytes are, Decode returns, and what it
// allocates is bounded by the limits of a frame.
//
// An update allocates nothing. A Decoder belongs to one goroutine.
type Decoder struct {
	feed  adapters.Feed
	items *Items
	log   *slog.Logger

	subscribed []entry         // by slot
	defined    []adapters.Item // by number; none where the feed took no more
	names      []slot          // by number
	tooMany    [2]bool         // a field, an item was refused: logged once
	batch      adapters.Batch  // being filled, or nil
	late       uint64

	fields []adapters.Field // of the row being read
	values [][]byte
}

// slot is the slot of a field in the feed's dictionary, or -1 if that is full.
type slot int32

// NewDecoder returns a Decoder for the subscribed items and for feed.
func NewDecoder(feed adapters.Feed, items *Items, log *slog.Logger) *Decoder {
	return &Decoder{feed: feed, items: items, log: log}
}

// Late returns how many operations came for items that were not subscribed any
// more.
func (d *Decoder) Late() uint64 { return d.late }

// Fault says where a frame breaks the rules, and how.
type Fault struct {
	At, Of int
	Text   string
}

// Error returns the text and the place.
func (f *Fault) Error() string {
	return fmt.Sprintf("%s (at byte %d of a frame of %d)", f.Text, f.At, f.Of)
}

// Decode reads a frame. The feed copies what it takes, so the caller may use the
// frame's memory again. It waits where the feed does, until ctx is done. After an
// error, what came before the fault has been handed over, and the Decoder is of
// no more use: a *Fault when the frame is bad, else the feed's error.
func (d *Decoder) Decode(ctx context.Context, frame []byte) error {
	d.subscribed = d.items.apply(d.subscribed)
	err := d.decode(ctx, frame)
	d.send()
	return err
}

func (d *Decoder) decode(ctx context.Context, b []byte) error {
	for i := 0; i < len(b); {
		next, err := d.operation(ctx, b, i)
		if err != nil {
			return err
		}
		if next < 0 {
			return &Fault{i, len(b), "an operation that goes past the end of its frame"}
		}
		if d.batch != nil && d.batch.Full() {
			d.send()
		}
		i = next
	}
	return nil
}

func (d *Decoder) send() {
	if d.batch != nil {
		d.batch.Send()
		d.batch = nil
	}
}

// operation reads one operation at b[i:] and returns what follows, -1 if it goes
// past the end.
func (d *Decoder) operation(ctx context.Context, b []byte, i int) (next int, err error) {
	op := b[i]
	n, next := number(b, i+1)
	if next < 0 {
		return -1, nil
	}
	switch op {
	case OpField:
		return d.defineField(b, next, n)
	case OpDefine:
		return d.defineItem(b, next, n)
	}
	item, fault := d.item(op, n)
	if fault != "" {
		return 0, &Fault{i, len(b), fault}
	}
	if d.batch == nil {
		if d.batch, err = d.feed.Batch(ctx); err != nil {
			return 0, err
		}
	}
	return d.say(op&^OpDefined, item, b, next)
}

// item returns the item with a number; the zero Item when it is none any more, or
// was refused. The text says what is wrong.
func (d *Decoder) item(op byte, n uint64) (item adapters.Item, fault string) {
	switch {
	case op&^OpDefined < OpUpdate || op&^OpDefined > OpFail:
		return item, fmt.Sprintf("the byte %d, which is no operation", op)
	case op&OpDefined != 0:
		if n >= uint64(len(d.defined)) {
			return item, fmt.Sprintf("item %d, which was never defined", n)
		}
		return d.defined[n], ""
	}
	at := slotOf(n)
	if at >= uint64(len(d.subscribed)) || n > d.subscribed[at].number {
		return item, fmt.Sprintf("item %d, which nobody has asked for", n)
	}
	e := &d.subscribed[at]
	if e.number != n || e.item == (adapters.Item{}) {
		d.late++
		return item, ""
	}
	return e.item, ""
}

// say reads the rest of an operation on an item. The batch takes it, unless it is
// for the zero Item.
func (d *Decoder) say(op byte, item adapters.Item, b []byte, i int) (next int, err error) {
	wanted := item != (adapters.Item{})
	switch op {
	case OpUpdate, OpSnapshot:
		next, err = d.row(b, i)
		switch {
		case err != nil || next < 0 || !wanted:
		case op == OpUpdate:
			d.batch.Update(item, d.fields, d.values)
		default:
			d.batch.Snapshot(item, d.fields, d.values)
		}
		return next, err
	case OpFail:
		var reason []byte
		reason, next = text(b, i)
		if len(reason) > ReasonMax {
			return 0, &Fault{i, len(b), fmt.Sprintf("a reason of %d bytes", len(reason))}
		}
		if next >= 0 && wanted {
			d.batch.Fail(item, errors.New(string(reason)))
		}
		return next, nil
	case OpClear:
		if wanted {
			d.batch.Clear(item)
		}
	case OpEndOfSnapshot:
		if wanted {
			d.batch.EndOfSnapshot(item)
		}
	}
	return i, nil
}

// row reads the fields of an update into d.fields and d.values.
func (d *Decoder) row(b []byte, i int) (next int, err error) {
	d.fields, d.values = d.fields[:0], d.values[:0]
	count, i := number(b, i)
	if count > FieldsMax {
		return 0, &Fault{i, len(b), fmt.Sprintf("an update of %d fields", count)}
	}
	for range count {
		at := i
		var field, size uint64
		field, i = number(b, i)
		size, i = number(b, i)
		if i < 0 {
			return -1, nil
		}
		if field >= uint64(len(d.names)) {
			return 0, &Fault{at, len(b), fmt.Sprintf("field %d, which was never defined", field)}
		}
		var value []byte
		if size > 0 {
			if size-1 > uint64(len(b)-i) {
				return -1, nil
			}
			end := i + int(size-1)
			value, i = b[i:end:end], end
		}
		if s := d.names[field]; s >= 0 {
			d.fields, d.values = append(d.fields, adapters.Field(s)), append(d.values, value)
		}
	}
	return i, nil
}

func (d *Decoder) defineField(b []byte, i int, n uint64) (next int, err error) {
	name, next, fault := definition(b, i, n, len(d.names), NamesMax)
	if fault != nil || next < 0 {
		return next, fault
	}
	field, err := d.feed.Field(name)
	s := slot(field)
	if errors.Is(err, adapters.ErrTooManyFields) {
		s, err = -1, nil
		d.refused(0, "field", name, adapters.ErrTooManyFields)
	}
	d.names = append(d.names, s)
	return next, err
}

func (d *Decoder) defineItem(b []byte, i int, n uint64) (next int, err error) {
	if i+2 > len(b) {
		return -1, nil
	}
	mode, kind := adapters.Mode(b[i]), adapters.SnapshotKind(b[i+1])
	if mode < adapters.Merge || mode > adapters.Raw || kind > adapters.WithSnapshot {
		return 0, &Fault{i, len(b), fmt.Sprintf("an item of mode %d, snapshot %d", mode, kind)}
	}
	name, next, fault := definition(b, i+2, n, len(d.defined), ItemsMax)
	if fault != nil || next < 0 {
		return next, fault
	}
	item, err := d.feed.Publish(name, mode, kind)
	if errors.Is(err, adapters.ErrTooManyItems) {
		item, err = adapters.Item{}, nil
		d.refused(1, "item", name, adapters.ErrTooManyItems)
	}
	d.defined = append(d.defined, item)
	return next, err
}

// definition reads the name of what is defined as number n, of which there are
// known so far.
func definition(b []byte, i int, n uint64, known, most int) (name string, next int, err error) {
	t, next := text(b, i)
	if next < 0 {
		return "", -1, nil
	}
	fault := ""
	switch {
	case n != uint64(known):
		fault = fmt.Sprintf("a definition of number %d, where %d is next", n, known)
	case known >= most:
		fault = fmt.Sprintf("more than %d definitions", most)
	case len(t) == 0:
		fault = "a definition of an empty name"
	case len(t) > NameMax:
		fault = fmt.Sprintf("a name of %d bytes", len(t))
	case !utf8.Valid(t):
		fault = fmt.Sprintf("the name %q, which is not UTF-8", t)
	}
	if fault != "" {
		return "", 0, &Fault{i, len(b), fault}
	}
	return string(t), next, nil
}

// refused logs the first name that the feed did not take.
func (d *Decoder) refused(kind int, what, name string, err error) {
	if !d.tooMany[kind] {
		d.tooMany[kind] = true
		d.log.Warn("what a plugin says of some names is dropped", what, name, "error", err)
	}
}
