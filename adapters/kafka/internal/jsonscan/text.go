package jsonscan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// str reads the rest of a string, behind its first quote, and reports whether it
// has escapes in it.
func (s *Scanner) str(i int) (end int, escaped bool) {
	t := s.text
	for {
		for len(t)-i >= 8 {
			if found := stops(binary.LittleEndian.Uint64(t[i:])); found != 0 {
				i += bits.TrailingZeros64(found) / 8
				break
			}
			i += 8
		}
		switch {
		case i >= len(t) || t[i] < ' ':
			return ^i, escaped
		case t[i] == '"':
			return i + 1, escaped
		case t[i] == '\\':
			escaped = true
			if i = s.escape(i + 1); i < 0 {
				return i, true
			}
		default: // one of the last seven bytes of the text
			i++
		}
	}
}

// stops returns a word whose lowest bit set belongs to the first byte of w that is
// a quote, a backslash or a control character; 0 when there is none.
func stops(w uint64) uint64 {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quote, slash := w^ones*'"', w^ones*'\\'
	return ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*' ')&^w) & tops
}

// escape reads the rest of an escape, behind its backslash.
func (s *Scanner) escape(i int) int {
	if i >= len(s.text) {
		return ^i
	}
	switch s.text[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		if _, ok := hex4(s.text[i+1:]); ok {
			return i + 5
		}
	}
	return ^i
}

// hex4 reads four hexadecimal digits at the start of b.
func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case digit(c):
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// unescape returns the text that raw, which is valid, stands for. Halves of
// surrogate pairs become U+FFFD.
func (s *Scanner) unescape(raw []byte) []byte {
	start := len(s.scratch)
	dst := s.scratch
	for i := 0; i < len(raw); {
		c := raw[i]
		if c != '\\' {
			dst = append(dst, c)
			i++
			continue
		}
		c = raw[i+1]
		i += 2
		switch c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, _ := hex4(raw[i:])
			i += 4
			if utf16.IsSurrogate(r) {
				second := rune(0)
				if len(raw)-i >= 6 && raw[i] == '\\' && raw[i+1] == 'u' {
					second, _ = hex4(raw[i+2:])
				}
				if r = utf16.DecodeRune(r, second); r != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
		default: // itself
			dst = append(dst, c)
		}
	}
	s.scratch = dst
	return dst[start:len(dst):len(dst)]
}
