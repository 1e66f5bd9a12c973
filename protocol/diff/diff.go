// Package diff tells a value by how it differs from the one before it, where that
// is shorter: as a TLCP-diff or as a JSON Patch, the tokens ^T and ^P of an update
// ("Real-Time Update" of the TLCP specification).
//
// It does not decide who gets a diff: that takes a receiver who has the value before
// and speaks the format. It holds nothing from one value to the next, has no clock,
// and bounds its work by counting it.
package diff

import (
	"github.com/halley-stream/halley/protocol"
)

// The lengths in bytes past which values are always told in full. Diffs are made on
// the way of an update: at these lengths they take some 0.5 and 1 ms at most.
const (
	valueMax    = 64 << 10
	documentMax = 16 << 10 // of JSON Patch
)

// Maker makes diffs. The zero value is ready for use. It keeps memory to make the
// next one faster, so it belongs to one goroutine.
type Maker struct {
	base, value []byte // without escapes
	text        textMaker
	diff        []byte
}

// Append appends the token that tells the value of the token tok as a diff from that
// of base; both are as protocol.AppendToken makes them. ok is false where tok itself
// is to be sent: one of the values is null, or does not suit the format, or the diff
// would take too long, or it would not be shorter.
//
// A field must stay with one format: after a JSON Patch clients refuse a TLCP-diff.
func (m *Maker) Append(dst []byte, f protocol.DiffFormat, base, tok []byte) (out []byte, ok bool) {
	// The longest escape is three bytes for one.
	if len(base) > 3*valueMax || len(tok) > 3*valueMax || len(tok) < leastToken(f) {
		return dst, false
	}
	var null, nullBefore bool
	var err, errBefore error
	m.base, nullBefore, errBefore = protocol.DecodeToken(base, m.base[:0])
	m.value, null, err = protocol.DecodeToken(tok, m.value[:0])
	if null || nullBefore || err != nil || errBefore != nil || len(m.base) > valueMax || len(m.value) > valueMax {
		return dst, false
	}
	switch f {
	case protocol.TLCPDiff:
		m.diff, ok = m.text.append(m.diff[:0], m.base, m.value)
	case protocol.JSONPatch:
		m.diff, ok = appendPatch(m.diff[:0], m.base, m.value)
	}
	if !ok {
		return dst, false
	}
	out = protocol.AppendDiff(dst, f, m.diff)
	if len(out)-len(dst) >= len(tok) {
		return dst, false
	}
	return out, true
}

// leastToken is the length of a token that no diff is shorter than.
func leastToken(f protocol.DiffFormat) int {
	if f == protocol.JSONPatch {
		return len(`^P[{"op":"remove","path":"/a"}]`) + 1
	}
	return len("^Tb") + 1
}
