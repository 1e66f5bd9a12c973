package adapters

import (
	"context"
	"errors"
)

// Errors that adapters and the engine give each other.
var (
	// ErrUnknownItem says that the adapter does not know the item's name. The
	// client's request is refused with the item's name.
	ErrUnknownItem = errors.New("unknown item")
	// ErrTooManyFields says that a feed's dictionary of field names is full.
	ErrTooManyFields = errors.New("too many field names")
	// ErrTooManyItems says that a feed has published as many items as it may.
	ErrTooManyItems = errors.New("too many published items")
	// ErrAgain, from Run, asks to be run again at once: the adapter has looked after
	// the waiting and the log itself.
	ErrAgain = errors.New("run again")
	// ErrUnavailable, from Describe, says that the adapter cannot serve any item for
	// now. The client's request is refused.
	ErrUnavailable = errors.New("data adapter not available")
	// ErrClosed says that the feed has ended.
	ErrClosed = errors.New("feed closed")
)

// SnapshotKind says what an adapter sends first for an item just subscribed.
type SnapshotKind uint8

const (
	// NoSnapshot: there is nothing to wait for. Clients that asked for a snapshot
	// are told at once that it is complete.
	NoSnapshot SnapshotKind = iota
	// WithSnapshot: what comes before EndOfSnapshot is the snapshot. In MERGE the
	// end is not told to clients, and may be left out.
	WithSnapshot
)

// DataAdapter brings a feed in.
//
// Run is begun first and runs for the adapter's whole life: it ends with nil
// when ctx is done, and an error makes the engine start it again, with backoff,
// and subscribe the wanted items anew. Subscribe and Unsubscribe are called
// while Run is running, from other goroutines, for one item strictly in turn,
// for several items at the same time; the first may come before Run has done
// anything. Each Subscribe that succeeded is followed by one Unsubscribe, unless
// Run has ended before.
//
// What several goroutines send has no order among them: an adapter sends the
// snapshot of an item from the goroutine that sends its updates. For an item that
// the adapter also publishes, Subscribe is called with a handle of its own, which
// may be ignored: both mean the same item.
type DataAdapter interface {
	// Run feeds until ctx is done.
	Run(ctx context.Context, feed Feed) error
	// Subscribe asks for an item that somebody wants now. It may block until ctx
	// is done. It returns ErrUnknownItem for a name it does not know; any other
	// error makes the engine ask again, with backoff.
	Subscribe(ctx context.Context, item Item) (SnapshotKind, error)
	// Unsubscribe ends the life of an item that nobody wants any more.
	Unsubscribe(item Item)
}

// Catalog is an ability of a Data Adapter: it can say of a name whether it is an
// item, without waiting for data. Requests for unknown names and for modes that
// an item does not allow are then refused at once.
type Catalog interface {
	// Describe returns what the adapter knows of an item name, or ErrUnknownItem.
	// It may be called from several goroutines, also before Run.
	Describe(name string) (Traits, error)
}

// Traits is what an adapter knows of an item beforehand.
type Traits struct {
	// Modes are those that clients may subscribe the item in. Raw is added by
	// the engine.
	Modes ModeSet
}

// Feed is how a Data Adapter reaches the engine. All methods may be called from
// any goroutine, until Run has returned.
type Feed interface {
	// Field returns the slot of a field name in the feed's dictionary; a new name
	// gets a new slot. Names are arbitrary non-empty text. It returns
	// ErrTooManyFields when the dictionary is full.
	//
	// It takes a lock: adapters keep the slots that they use.
	Field(name string) (Field, error)
	// Publish returns the handle of a resident item: one that the adapter feeds
	// unasked and that is kept without subscribers. The same name gives the same
	// handle. It returns ErrTooManyItems past the configured number.
	Publish(name string, mode Mode, kind SnapshotKind) (Item, error)
	// Batch returns an empty batch. It waits while all batches of the feed are on
	// their way: that is the backpressure, and the only place where a feed waits.
	Batch(ctx context.Context) (Batch, error)
	// Up says that the source is there and its values are live.
	Up()
	// Down says that the source is away: values are kept, but may be stale.
	Down(reason error)
}

// Batch collects what a feed says and hands it over in one piece. A batch
// belongs to one goroutine; after Send it is gone. The engine copies names and
// values, so the caller may reuse its slices at once.
//
// Updates of one item take effect in the order of the calls, and batches of one
// goroutine in the order of Send.
type Batch interface {
	// Update changes the fields given, values[i] belonging to fields[i]. A nil
	// value is null, an empty one is the empty string. Fields not named stay as
	// they are in MERGE, and are null in the other modes.
	Update(item Item, fields []Field, values [][]byte)
	// Snapshot is a full image: as Update, but fields not named become null. A
	// COMMAND item has one per key, a DISTINCT item one per event.
	Snapshot(item Item, fields []Field, values [][]byte)
	// EndOfSnapshot ends the snapshot of an item subscribed WithSnapshot.
	EndOfSnapshot(item Item)
	// Clear empties the item: all fields null in MERGE, no rows in COMMAND, no
	// past in DISTINCT.
	Clear(item Item)
	// Fail says that the item cannot be served for now.
	Fail(item Item, reason error)
	// Full reports whether it is time to Send: the batch has reached its size.
	// Calls after that still succeed.
	Full() bool
	// Send hands the batch to the engine. An empty one is simply given back.
	Send()
}
