package protocol

import (
	"errors"
	"fmt"
)

// ErrToken says that a token of an update is not one value: it is malformed, or
// says that fields are unchanged, or is a diff.
var ErrToken = errors.New("no value")

// AppendToken appends the token of a value: what stands for it in an update. nil
// is null. A value is encoded once, where it enters the server; tokens are equal
// if the values are.
//
//	null "#"   empty "$"   else the value itself, with escapes
//
// Escapes are needed for what has a meaning in the list of values: a percent
// sign, the separator, line ends, and at the start the signs of null, empty and
// unchanged. A comma is none of them. replaced counts the bytes that were not
// UTF-8; each became U+FFFD.
func AppendToken(dst, value []byte) (out []byte, replaced int) {
	if len(value) == 0 {
		if value == nil {
			return append(dst, '#'), 0
		}
		return append(dst, '$'), 0
	}
	class := uint8(0)
	for _, c := range value { // without a branch: nearly all values are plain
		class |= valueEscapes[c]
	}
	if class != 0 {
		return appendEscaped(dst, value, &valueEscapes)
	}
	return append(dst, value...), 0
}

// DecodeToken appends the value that a token stands for. It returns ErrToken,
// wrapped, for what is not a value.
func DecodeToken(tok, dst []byte) (value []byte, null bool, err error) {
	if len(tok) > 0 {
		switch tok[0] {
		case '#':
			if len(tok) == 1 {
				return dst, true, nil
			}
		case '$':
			if len(tok) == 1 {
				return dst, false, nil
			}
		case '^':
		default:
			if out, ok := appendUnescaped(dst, tok); ok {
				return out, false, nil
			}
		}
	}
	return dst, false, fmt.Errorf("%w: %.40q", ErrToken, tok)
}
