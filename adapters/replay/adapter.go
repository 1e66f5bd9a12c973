package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// ErrEnded is the reason for Feed.Down at the end of a recording that does not
// start over: its values stay, but no longer live.
var ErrEnded = errors.New("the recording has ended")

// pause is the time between the end of a recording and its new start.
const pause = time.Second

// Adapter is a Data Adapter that plays recordings. Each symbol is a resident
// MERGE item of the recording's fields; quotes and trades update the same item.
// Fields that one of the two does not give keep their values.
type Adapter struct {
	config  Config
	symbols []string // sorted
}

var (
	_ adapters.DataAdapter = (*Adapter)(nil)
	_ adapters.Catalog     = (*Adapter)(nil)
)

// New returns an adapter for c. It returns the faults that c.Validate finds, and
// those of the files' first lines.
func New(c Config) (*Adapter, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.Files = slices.Clone(c.Files)
	r, err := Open(c.Files...)
	if err != nil {
		return nil, err
	}
	return &Adapter{config: c, symbols: r.Symbols()}, r.Close()
}

// Describe implements adapters.Catalog: the items are the symbols of the files.
func (a *Adapter) Describe(name string) (adapters.Traits, error) {
	if _, ok := slices.BinarySearch(a.symbols, name); !ok {
		return adapters.Traits{}, fmt.Errorf("symbol %q: %w", name, adapters.ErrUnknownItem)
	}
	return adapters.Traits{Modes: adapters.Modes(adapters.Merge)}, nil
}

// Subscribe accepts the symbols of the files; they are published anyway.
func (a *Adapter) Subscribe(_ context.Context, item adapters.Item) (adapters.SnapshotKind, error) {
	_, err := a.Describe(item.Name())
	return adapters.NoSnapshot, err
}

// Unsubscribe does nothing: resident items stay.
func (a *Adapter) Unsubscribe(adapters.Item) {}

// Run plays the recordings until ctx is done. At a line that is wrong it stops
// playing, and the last values stay: another try would show old ones again. A
// file that cannot be read at all ends it with an error.
func (a *Adapter) Run(ctx context.Context, feed adapters.Feed) error {
	err := a.run(ctx, feed)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (a *Adapter) run(ctx context.Context, feed adapters.Feed) error {
	r, err := Open(a.config.Files...)
	if err != nil {
		return err
	}
	defer r.Close()
	out, err := newOutput(feed, a.symbols)
	if err != nil {
		return err
	}
	feed.Up()
	from, _ := a.config.from() // New has checked it
	for {
		err := play(ctx, r, NewPace(a.config.Speed).From(from), out)
		var bad *FormatError
		if err != nil && !errors.As(err, &bad) {
			return err
		}
		if err == nil {
			err = ErrEnded
		}
		if bad != nil || !a.config.Loop {
			feed.Down(err)
			<-ctx.Done()
			return nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		}
		if err := r.Rewind(); err != nil {
			return err
		}
	}
}

// play sends the ticks of r, each when it is due, until the end. Ticks that are
// due at the same time leave in one batch.
func play(ctx context.Context, r *Reader, pace *Pace, out *output) error {
	defer out.flush()
	for {
		t, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if pace.Ahead(t) > 0 {
			out.flush()
			if err := pace.Wait(ctx, t); err != nil {
				return err
			}
		}
		if err := out.put(ctx, t); err != nil {
			return err
		}
	}
}

// output turns ticks into updates of a feed. It belongs to Run's goroutine.
type output struct {
	feed   adapters.Feed
	slots  [fieldCount]adapters.Field
	items  map[string]adapters.Item // by symbol
	batch  adapters.Batch           // being filled, or nil
	fields []adapters.Field
	values [][]byte
}

func newOutput(feed adapters.Feed, symbols []string) (*output, error) {
	o := &output{feed: feed, items: make(map[string]adapters.Item)}
	for i := range o.slots {
		slot, err := feed.Field(Field(i).String())
		if err != nil {
			return nil, err
		}
		o.slots[i] = slot
	}
	for _, symbol := range symbols {
		item, err := feed.Publish(symbol, adapters.Merge, adapters.NoSnapshot)
		if err != nil {
			return nil, fmt.Errorf("publish %q: %w", symbol, err)
		}
		o.items[symbol] = item
	}
	return o, nil
}

func (o *output) put(ctx context.Context, t *Tick) (err error) {
	if o.batch == nil {
		if o.batch, err = o.feed.Batch(ctx); err != nil {
			return err
		}
	}
	o.fields, o.values = o.fields[:0], o.values[:0]
	for _, v := range t.Values {
		o.fields = append(o.fields, o.slots[v.Field])
		o.values = append(o.values, v.Text)
	}
	o.batch.Update(o.items[t.Symbol], o.fields, o.values)
	if o.batch.Full() {
		o.flush()
	}
	return nil
}

func (o *output) flush() {
	if o.batch != nil {
		o.batch.Send()
		o.batch = nil
	}
}
