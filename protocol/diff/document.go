package diff

import (
	"encoding/json"
	"strconv"
)

const (
	// depthMax bounds how deep documents nest: comparing takes time that grows with
	// the size times the depth.
	depthMax = 64
	// digitsMax is how many digits of a number survive in every client: that of a
	// double. A client that takes a patch writes the whole document anew.
	digitsMax = 15
)

// parseDocument parses a JSON document of which all clients, whatever their
// language, have the same idea once they have parsed and written it: no name twice
// in an object, no number that a double cannot hold, no half of a surrogate pair.
// ok is false for any other text.
func parseDocument(text []byte) (v any, ok bool) {
	if len(text) > documentMax {
		return nil, false
	}
	names, ok := survey(text)
	if !ok {
		return nil, false
	}
	v, err := decode(text)
	if err != nil {
		return nil, false
	}
	members, ok := check(v)
	return v, ok && members == names
}

// survey looks at a document before it is parsed, and counts the names that its
// objects have; ok is false if parsing it would be in vain.
func survey(text []byte) (names int, ok bool) {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			// Escapes of surrogates: not worth the distinction of halves from pairs.
			if i++; i+1 < len(text) && text[i] == 'u' && text[i+1]|0x20 == 'd' {
				return names, false
			}
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > depthMax {
				return names, false
			}
		case c == '}' || c == ']':
			depth--
		case c == ':':
			names++
		}
	}
	return names, depth == 0 && !quoted
}

// check counts the members of all objects of a document; ok is false if a number
// would not survive.
func check(v any) (members int, ok bool) {
	switch v := v.(type) {
	case json.Number:
		return 0, survives(v.String())
	case []any:
		for _, e := range v {
			n, ok := check(e)
			if members += n; !ok {
				return members, false
			}
		}
	case map[string]any:
		members = len(v)
		for _, e := range v {
			n, ok := check(e)
			if members += n; !ok {
				return members, false
			}
		}
	}
	return members, true
}

// survives reports whether a client that keeps numbers as doubles still has the one
// that was written.
func survives(number string) bool {
	digits := 0 // from the first that counts
	for i := 0; i < len(number) && number[i]|0x20 != 'e'; i++ {
		if c := number[i]; c >= '1' && c <= '9' || c == '0' && digits > 0 {
			digits++
		}
	}
	if digits > digitsMax {
		return false
	}
	f, err := strconv.ParseFloat(number, 64)
	return err == nil && (f != 0 || digits == 0)
}
