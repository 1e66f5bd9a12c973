package diff

import "unicode/utf8"

// A TLCP-diff counts characters. The specification means units of UTF-16 and
// forbids surrogate pairs, so that code points will do; but there are clients in
// languages where a letter and the accent behind it, or CR and LF, count as one. So
// only values are told by diffs whose characters are one of each, wherever they
// stand.

// single are the ranges of such characters, in order; CR is not among them.
var single = [...]struct{ first, last rune }{
	{'\r' + 1, 0x02FF},
	{0x0370, 0x0482}, // Greek, Cyrillic; combining marks are on both sides
	{0x048A, 0x052F},
	{0x2010, 0x2027}, // punctuation
	{0x20A0, 0x20CF}, // currencies
	{0x2100, 0x214F}, // letterlike
	{0x3000, 0x3029}, // punctuation of Chinese, Japanese and Korean
	{0x3041, 0x3096}, // kana
	{0x30A0, 0x30FF},
	{0x4E00, 0x9FFF}, // ideographs
	{0xAC00, 0xD7A3}, // Hangul syllables
	{0xFF01, 0xFF60}, // wide forms
}

func isSingle(r rune) bool {
	if r < '\r' {
		return true
	}
	for _, s := range single {
		if r <= s.last {
			return r >= s.first
		}
	}
	return false
}

// appendRunes appends the characters of text; ok is false if not all are single.
func appendRunes(dst []rune, text []byte) (out []rune, ok bool) {
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			if r, size = utf8.DecodeRune(text[i:]); r == utf8.RuneError {
				return dst, false
			}
		}
		if !isSingle(r) {
			return dst, false
		}
		dst = append(dst, r)
		i += size
	}
	return dst, true
}
