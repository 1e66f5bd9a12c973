// Package frame writes and reads the packed frames in which updates travel from a
// plugin to the server: see frames.md beside the protocol's definition. It knows
// nothing of the connection, and it does not number fields and defined items of a
// plugin: that is the writer's business.
package frame

// The operations of a frame.
const (
	OpUpdate = iota + 1
	OpSnapshot
	OpEndOfSnapshot
	OpClear
	OpFail
	OpField
	OpDefine

	// OpDefined is added to the first five where the item is one that the plugin
	// defined.
	OpDefined = 0x80
)

// Limits of a frame.
const (
	// FrameMax is the size of a message with a frame, in bytes.
	FrameMax = 4 << 20
	// FieldsMax is how many fields an update may have.
	FieldsMax = 4096
	// NamesMax is how many names of fields there may be.
	NamesMax = 32768
	// ItemsMax is how many items may be subscribed, and how many defined.
	ItemsMax = 1 << 24
	// NameMax is the length of a name in bytes.
	NameMax = 4096
	// ReasonMax is the length of a reason in bytes.
	ReasonMax = 64 << 10
)
