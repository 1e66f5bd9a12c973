package protocol

import "strings"

// DiffFormat is a way to tell a value by how it differs from the one before it
// ("Real-Time Update"). It is named as in LS_supported_diffs.
type DiffFormat byte

// The formats that exist, from V24 on.
const (
	JSONPatch DiffFormat = 'P' // RFC 6902, from one JSON document to the next
	TLCPDiff  DiffFormat = 'T' // see DiffWriter
)

// DiffFormats is a set of formats.
type DiffFormats uint8

// The sets of one format each.
const (
	withJSONPatch DiffFormats = 1 << iota
	withTLCPDiff
)

// Has reports whether f is in the set.
func (s DiffFormats) Has(f DiffFormat) bool { return s&diffFormatsOf(f) != 0 }

// With returns s with f in it.
func (s DiffFormats) With(f DiffFormat) DiffFormats { return s | diffFormatsOf(f) }

// HasAll reports whether all of t is in s.
func (s DiffFormats) HasAll(t DiffFormats) bool { return s&t == t }

func diffFormatsOf(f DiffFormat) DiffFormats {
	switch f {
	case JSONPatch:
		return withJSONPatch
	case TLCPDiff:
		return withTLCPDiff
	}
	return 0
}

// Diffs returns the formats in which the client of a session takes values: none
// before V24, else those of LS_supported_diffs, or all if it did not say. Some
// clients take none and do not say so (the C++ SDK; Android without third-party
// libraries takes no JSONPatch), and end their session after the first, so diffs
// should be sent only where they were asked for.
func (c *Create) Diffs(v Version) DiffFormats {
	switch {
	case v < V24:
		return 0
	case !c.HasSupportedDiffs:
		return withJSONPatch | withTLCPDiff
	}
	var s DiffFormats
	for tag := range strings.SplitSeq(c.SupportedDiffs, ",") {
		if tag = strings.TrimSpace(tag); len(tag) == 1 {
			s |= diffFormatsOf(DiffFormat(tag[0]))
		}
	}
	return s
}

// AppendDiff appends the token that tells a value by a diff. What it refers to is
// the field's value in the last update of the item that the receiver got, which
// must not be null.
//
// A receiver keeps a value made by a JSONPatch as a document, not as the text that
// the server has: the next diff of that field must be a JSONPatch again. Any value
// told in full begins anew.
func AppendDiff(dst []byte, f DiffFormat, diff []byte) []byte {
	dst, _ = appendEscaped(append(dst, '^', byte(f)), diff, &valueEscapes)
	return dst
}

// cutDiff cuts a token made by AppendDiff.
func cutDiff(tok []byte) (f DiffFormat, escaped []byte, ok bool) {
	if len(tok) < 2 || tok[0] != '^' || tok[1]|0x20 < 'a' || tok[1]|0x20 > 'z' {
		return 0, nil, false
	}
	return DiffFormat(tok[1]), tok[2:], true
}
