package http1

import "bytes"

// class says in which places of a head a byte may stand.
type class uint8

const (
	inToken  class = 1 << iota // RFC 9110 5.6.2: methods, field names
	inValue                    // RFC 9110 5.5: field values
	inTarget                   // request targets; this is all that a query may have
	inPath                     // RFC 3986 3.3: pchar and "/"
	inHost                     // names and addresses, see checkHost
)

var classes = func() (t [256]class) {
	set := func(c class, chars string) {
		for i := range len(chars) {
			t[chars[i]] |= c
		}
	}
	span := func(c class, from, to int) {
		for i := from; i <= to; i++ {
			t[i] |= c
		}
	}
	for _, alnum := range [][2]int{{'0', '9'}, {'A', 'Z'}, {'a', 'z'}} {
		span(inToken|inPath|inHost, alnum[0], alnum[1])
	}
	set(inToken, "!#$%&'*+-.^_`|~")
	// field-vchar, SP and HTAB; obs-text is let through as opaque bytes.
	set(inValue, " \t")
	span(inValue, 0x21, 0x7e)
	span(inValue, 0x80, 0xff)
	// Visible ASCII, but for what RFC 3986 3.4 does not allow in a query and no
	// browser leaves in one either.
	span(inTarget, 0x21, 0x7e)
	for _, c := range `"#<>` {
		t[c] &^= inTarget
	}
	set(inPath, "-._~%!$&'()*+,;=:@/")
	set(inHost, "-._")
	return t
}()

func (c class) has(b byte) bool { return classes[b]&c != 0 }

// prefix is the number of leading bytes of p that belong to the class.
func (c class) prefix(p []byte) int {
	for i, b := range p {
		if classes[b]&c == 0 {
			return i
		}
	}
	return len(p)
}

// IsToken reports whether s is a token of RFC 9110 5.6.2.
func IsToken(s string) bool {
	for i := range len(s) {
		if !inToken.has(s[i]) {
			return false
		}
	}
	return s != ""
}

// equalFold reports whether p is the lower-case ASCII text lower but for the case
// of its letters. Unlike bytes.EqualFold it folds ASCII only: a chunKed with a
// Kelvin sign in it is not chunked.
func equalFold[T []byte | string](p T, lower string) bool {
	if len(p) != len(lower) {
		return false
	}
	for i := range len(lower) {
		if toLower(p[i]) != lower[i] {
			return false
		}
	}
	return true
}

func toLower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// trimBlanks cuts the optional whitespace of RFC 9110 5.6.3 from both ends.
func trimBlanks(p []byte) []byte { return bytes.Trim(p, " \t") }
