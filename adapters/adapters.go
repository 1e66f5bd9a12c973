// Package adapters is the contract between Halley's engine and the outside:
// Data Adapters bring feeds in, a Metadata Adapter says who may see what.
//
// The engine and every adapter import this package; adapters never see the
// engine and the engine never sees an adapter, as database/sql and its drivers.
// It imports the standard library only, because the authors of adapters inherit
// its dependencies.
package adapters

// Mode says how the updates of an item relate to each other.
type Mode uint8

// The modes of TLCP's LS_mode. Of Merge, Distinct and Command one fits an item;
// Raw is always possible.
const (
	// Merge items are one row of fields; a newer value replaces an older one.
	Merge Mode = iota + 1
	// Distinct items are a list of events that grows.
	Distinct
	// Command items are a table of rows by key, changed by ADD, UPDATE and DELETE.
	Command
	// Raw passes each tick on as it came.
	Raw
)

// String returns the name of m on the wire ("MERGE").
func (m Mode) String() string {
	switch m {
	case Merge:
		return "MERGE"
	case Distinct:
		return "DISTINCT"
	case Command:
		return "COMMAND"
	case Raw:
		return "RAW"
	}
	return "no mode"
}

// ModeSet is a set of modes. The zero value is empty.
type ModeSet uint8

// Modes returns the set of the modes given.
func Modes(modes ...Mode) ModeSet {
	var s ModeSet
	for _, m := range modes {
		s |= 1 << m
	}
	return s
}

// Has reports whether m is in s.
func (s ModeSet) Has(m Mode) bool { return s&(1<<m) != 0 }

// The names of the two fields that an update of a COMMAND item must carry, and
// the three values of the second. An UPDATE of an unknown key counts as an ADD.
const (
	KeyField     = "key"
	CommandField = "command"

	CommandAdd    = "ADD"
	CommandUpdate = "UPDATE"
	CommandDelete = "DELETE"
)

// Item is a handle for one life of an item: from Subscribe to Unsubscribe, or
// from Publish on. What arrives through a handle whose life is over is dropped
// and counted, so that a late answer can do no harm. The zero Item is no item.
//
// Items are small values; copy and compare them freely.
type Item struct {
	name string
	ref  uint64
}

// NewItem makes the handle that the engine gives to an adapter. Adapters do not
// call it, except in tests of their own.
func NewItem(name string, ref uint64) Item { return Item{name: name, ref: ref} }

// Name returns the item's name, as clients ask for it.
func (i Item) Name() string { return i.name }

// Ref returns what NewItem was given; it means something to the engine alone.
func (i Item) Ref() uint64 { return i.ref }

// Field is the slot of a field name in the dictionary of one Feed.
type Field uint16
