package websocket

import "unicode/utf8"

// textCheck checks text for UTF-8 that comes in pieces. It fails at the first byte
// that makes the text invalid, also in the middle of a character.
type textCheck struct {
	part [utf8.UTFMax]byte // the beginning of a character
	n    uint8             // how much of part is used, at most 3 bytes
}

// write takes the next piece and reports whether the text can still be valid.
func (t *textCheck) write(p []byte) bool {
	for t.n > 0 && len(p) > 0 {
		t.part[t.n] = p[0]
		t.n++
		p = p[1:]
		if part := t.part[:t.n]; utf8.FullRune(part) {
			if !utf8.Valid(part) {
				return false
			}
			t.n = 0
		}
	}
	// A character that goes on in the next piece has at most three bytes here.
	for i := len(p) - 1; i >= 0 && i >= len(p)-3; i-- {
		if utf8.RuneStart(p[i]) {
			if !utf8.FullRune(p[i:]) {
				t.n = uint8(copy(t.part[:], p[i:]))
				p = p[:i]
			}
			break
		}
	}
	return utf8.Valid(p)
}

// whole reports whether the text may end here.
func (t *textCheck) whole() bool { return t.n == 0 }
