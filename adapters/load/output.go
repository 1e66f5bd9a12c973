package load

import (
	"context"
	"strconv"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// Names of fields.
const (
	// SeqField numbers the ticks of an item.
	SeqField = "seq"
	// SentField is when the adapter called, in nanoseconds since 1970.
	SentField = "sent"
	// TicksField is of RestItem.
	TicksField = "ticks"
)

// FieldNames returns the names of n fields of an item: seq, sent, f2, f3, …
func FieldNames(n int) []string {
	names := []string{SeqField, SentField}
	for i := 2; i < n; i++ {
		names = append(names, "f"+strconv.Itoa(i))
	}
	return names[:n]
}

// LagFieldNames returns the names of the fields of LagItem, all in nanoseconds but
// the count.
func LagFieldNames() []string { return []string{"count", "p50", "p99", "p999", "max"} }

// output writes rows to a feed, in batches. It allocates nothing once its slices
// have grown. It belongs to Run's goroutine.
type output struct {
	ctx   context.Context // of Run
	feed  adapters.Feed
	bytes int            // of a filler
	batch adapters.Batch // being filled, or nil
	err   error          // the first failure; from then on nothing is written

	fields, lagFields, tickFields []adapters.Field

	sent     time.Time // of the row before, and the same as text: a batch has one
	sentText []byte

	text   []byte // of the values, one after the other
	ends   []int  // of the values in text
	values [][]byte
}

func newOutput(ctx context.Context, feed adapters.Feed, c Config) (*output, error) {
	o := &output{ctx: ctx, feed: feed, bytes: c.Bytes}
	for _, dictionary := range []struct {
		slots *[]adapters.Field
		names []string
	}{
		{&o.fields, FieldNames(c.Fields)},
		{&o.lagFields, LagFieldNames()},
		{&o.tickFields, []string{TicksField}},
	} {
		for _, name := range dictionary.names {
			slot, err := feed.Field(name)
			if err != nil {
				return nil, err
			}
			*dictionary.slots = append(*dictionary.slots, slot)
		}
	}
	return o, nil
}

// row writes a tick of an item, or its snapshot. It reports whether the batch is
// full.
func (o *output) row(item adapters.Item, seq uint64, sent time.Time, snapshot bool) bool {
	o.number(seq)
	o.stamp(sent)
	for i := 2; i < len(o.fields); i++ {
		o.filler(seq, i)
	}
	return o.send(item, o.fields, snapshot)
}

// said writes a tick of an item that a client made.
func (o *output) said(item adapters.Item, seq uint64, s *said) {
	o.number(seq)
	o.stamp(s.sent)
	for i := 2; i < len(o.fields); i++ {
		if i > 2 {
			o.filler(seq, i)
			continue
		}
		o.text = append(o.text, s.text...)
		o.ends = append(o.ends, len(o.text))
	}
	o.send(item, o.fields, false)
}

// lag writes what LagItem tells.
func (o *output) lag(item adapters.Item, l Lag) {
	o.number(l.Count)
	for _, d := range [...]time.Duration{l.P50, l.P99, l.P999, l.Max} {
		o.number(uint64(d))
	}
	o.send(item, o.lagFields, true)
}

// ticks writes what RestItem tells.
func (o *output) ticks(item adapters.Item, n uint64) {
	o.number(n)
	o.send(item, o.tickFields, true)
}

func (o *output) endOfSnapshot(item adapters.Item) {
	if o.open() {
		o.batch.EndOfSnapshot(item)
		o.sendIfFull()
	}
}

// number makes n the next value.
func (o *output) number(n uint64) {
	o.text = strconv.AppendUint(o.text, n, 10)
	o.ends = append(o.ends, len(o.text))
}

// stamp makes a time the next value.
func (o *output) stamp(sent time.Time) {
	if sent != o.sent {
		o.sent, o.sentText = sent, strconv.AppendInt(o.sentText[:0], sent.UnixNano(), 10)
	}
	o.text = append(o.text, o.sentText...)
	o.ends = append(o.ends, len(o.text))
}

// filler makes a text the next value that differs from field to field and from
// tick to tick: the last digits of seq in base 26.
func (o *output) filler(seq uint64, field int) {
	n := seq + uint64(field)
	start := len(o.text)
	for range o.bytes {
		o.text = append(o.text, 'a'+byte(n%26))
		n /= 26
	}
	for i, j := start, len(o.text)-1; i < j; i, j = i+1, j-1 {
		o.text[i], o.text[j] = o.text[j], o.text[i]
	}
	o.ends = append(o.ends, len(o.text))
}

// send puts the values into the batch, and begins the next row.
func (o *output) send(item adapters.Item, fields []adapters.Field, snapshot bool) (full bool) {
	from := 0
	for _, end := range o.ends { // text does not grow any more
		o.values = append(o.values, o.text[from:end])
		from = end
	}
	switch {
	case !o.open():
	case snapshot:
		o.batch.Snapshot(item, fields, o.values)
		full = o.sendIfFull()
	default:
		o.batch.Update(item, fields, o.values)
		full = o.sendIfFull()
	}
	o.text, o.ends, o.values = o.text[:0], o.ends[:0], o.values[:0]
	return full
}

// ok reports whether there is a point in going on.
func (o *output) ok() bool { return o.err == nil && o.ctx.Err() == nil }

// open sees to it that there is a batch, which may wait, unless writing has failed.
func (o *output) open() bool {
	if o.err == nil && o.batch == nil {
		o.batch, o.err = o.feed.Batch(o.ctx)
	}
	return o.err == nil
}

func (o *output) sendIfFull() bool {
	if !o.batch.Full() {
		return false
	}
	o.flush()
	return true
}

// flush sends the batch, if there is one.
func (o *output) flush() {
	if o.batch != nil && o.err == nil {
		o.batch.Send()
	}
	o.batch = nil
}
