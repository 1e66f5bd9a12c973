package protocol

import (
	"strings"
	"unicode/utf8"
)

// What the escape tables say of a byte.
const (
	escaped  = 1 << iota // as %XX, wherever it stands
	leading              // as %XX, where it is the first of a value
	nonASCII             // part of a longer UTF-8 sequence, or of none
)

type escapeTable [256]uint8

func newEscapeTable(always, first string) (t escapeTable) {
	for c := utf8.RuneSelf; c < len(t); c++ {
		t[c] = nonASCII
	}
	for i := range len(first) {
		t[first[i]] |= leading
	}
	for i := range len(always) {
		t[always[i]] |= escaped
	}
	return t
}

var (
	// textEscapes are those of arguments of lines ("Common Response and
	// Notification Syntax"). Commas are among them even in the last argument,
	// where the specification allows them: official clients cut there.
	textEscapes = newEscapeTable("%\r\n,", "")
	// valueEscapes are those of the values of U.
	valueEscapes = newEscapeTable("%\r\n|", "#$^")
	// paramEscapes are those of parameters of requests.
	paramEscapes = newEscapeTable("%\r\n&=+ ", "")
)

// appendEscaped appends s with escapes as in t, and U+FFFD for each byte that is
// not UTF-8; replaced is how many of those there were.
func appendEscaped[T string | []byte](dst []byte, s T, t *escapeTable) (out []byte, replaced int) {
	done, stop := 0, uint8(escaped|leading|nonASCII)
	for i := 0; i < len(s); {
		switch class := t[s[i]] & stop; class {
		case 0:
			i++
		case nonASCII:
			r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
			if r == utf8.RuneError && size == 1 {
				dst = append(dst, s[done:i]...)
				dst = utf8.AppendRune(dst, utf8.RuneError)
				done, replaced = i+1, replaced+1
			}
			i += size
		default:
			dst = append(dst, s[done:i]...)
			dst = append(dst, '%', hexDigits[s[i]>>4], hexDigits[s[i]&15])
			i++
			done = i
		}
		stop = escaped | nonASCII
	}
	return append(dst, s[done:]...), replaced
}

const hexDigits = "0123456789ABCDEF"

// appendUnescaped appends s with every %XX resolved; ok is false if one of them
// is none. A plus is a plus.
func appendUnescaped(dst, s []byte) (out []byte, ok bool) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' {
			if c, ok = unhex(s[i:]); !ok {
				return dst, false
			}
			i += 2
		}
		dst = append(dst, c)
	}
	return dst, true
}

// unescape returns s as text, with every %XX resolved, or s as it is if one of
// them is none.
func unescape(s []byte) string {
	out, ok := appendUnescaped(make([]byte, 0, len(s)), s)
	if !ok {
		out = s
	}
	return strings.ToValidUTF8(string(out), string(utf8.RuneError))
}

// unhex returns the byte that the %XX at the start of s stands for.
func unhex(s []byte) (c byte, ok bool) {
	if len(s) < 3 {
		return 0, false
	}
	hi, lo := hexValue(s[1]), hexValue(s[2])
	return hi<<4 | lo, hi|lo < 16
}

func hexValue(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xFF
}
