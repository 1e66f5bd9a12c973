package protocol

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// ErrDiff says that a diff is malformed or does not fit the value it is applied to.
var ErrDiff = errors.New("bad diff")

// DiffWriter writes a TLCP-diff ("Appendix D: The custom TLCP-diff format"):
// sections that take turns, the first of which is a copy.
//
//	COPY n      the next n characters of the base
//	ADD  n text n characters of its own
//	DEL  n      the next n characters of the base are left out
//
// It may end after any of them, and what is left of the base then is left out.
// Characters are units of UTF-16. A number is written in base 26 with letters for
// digits, "a" for 0, of which all but the last are capitals: "d" is 3, "Bd" is 29.
// (A table of the specification has "Ad" for 29, against its own text; clients
// follow the text.)
//
//	w := protocol.BeginDiff(dst)
//	w.Copy(1)
//	w.Add([]byte("zap"), 3)
//	w.Delete(2)
//	w.Copy(3)
//	dst = w.End() // bdzapcd: "foobar" becomes "fzapbar"
type DiffWriter struct {
	dst  []byte
	next diffSection
}

type diffSection uint8

const (
	diffCopy diffSection = iota
	diffAdd
	diffDelete
	diffSections
)

// BeginDiff begins a diff that is appended to dst.
func BeginDiff(dst []byte) DiffWriter { return DiffWriter{dst: dst} }

// Copy takes over the next n characters of the base.
func (w *DiffWriter) Copy(n int) { w.section(diffCopy, n) }

// Add adds text, which has n characters.
func (w *DiffWriter) Add(text []byte, n int) {
	w.section(diffAdd, n)
	w.dst = append(w.dst, text...)
}

// Delete leaves out the next n characters of the base. At the end it is needless.
func (w *DiffWriter) Delete(n int) { w.section(diffDelete, n) }

// End returns the slice that BeginDiff was given, with the diff appended.
func (w *DiffWriter) End() []byte { return w.dst }

// section begins a section, after empty ones of those whose turn is before it.
func (w *DiffWriter) section(s diffSection, n int) {
	for ; w.next != s; w.next = (w.next + 1) % diffSections {
		w.dst = append(w.dst, 'a')
	}
	w.next = (s + 1) % diffSections
	w.dst = appendDiffNumber(w.dst, n)
}

func appendDiffNumber(dst []byte, n int) []byte {
	var digits [14]byte // as many as the greatest int has
	i := len(digits) - 1
	digits[i] = 'a' + byte(n%26)
	for n /= 26; n > 0; n /= 26 {
		i--
		digits[i] = 'A' + byte(n%26)
	}
	return append(dst, digits[i:]...)
}

// ApplyDiff appends what a TLCP-diff makes out of base. Both are UTF-8. An error is
// ErrDiff, wrapped.
func ApplyDiff(dst, base, diff []byte) ([]byte, error) {
	rest := diff
	for s := diffCopy; len(rest) > 0; s = (s + 1) % diffSections {
		n, after, ok := cutDiffNumber(rest)
		if !ok {
			return dst, fmt.Errorf("%w: no number: %.40q", ErrDiff, rest)
		}
		var part []byte
		if s == diffAdd {
			part, rest, ok = cutUnits(after, n)
		} else {
			rest = after
			part, base, ok = cutUnits(base, n)
		}
		if !ok {
			return dst, fmt.Errorf("%w: %d characters are not there: %.40q", ErrDiff, n, diff)
		}
		if s != diffDelete {
			dst = append(dst, part...)
		}
	}
	return dst, nil
}

// diffNumberMax bounds the numbers of a diff. No value is nearly as long.
const diffNumberMax = 1 << 30

func cutDiffNumber(diff []byte) (n int, rest []byte, ok bool) {
	for i, c := range diff {
		switch {
		case 'a' <= c && c <= 'z':
			return n*26 + int(c-'a'), diff[i+1:], true
		case 'A' <= c && c <= 'Z' && n < diffNumberMax/26:
			n = n*26 + int(c-'A')
		default:
			return 0, nil, false
		}
	}
	return 0, nil, false
}

// cutUnits cuts text behind n units of UTF-16; ok is false if there are fewer, or
// if that would part a surrogate pair.
func cutUnits(text []byte, n int) (before, after []byte, ok bool) {
	i := 0
	for n > 0 && i < len(text) {
		r, size := utf8.DecodeRune(text[i:])
		i += size
		n--
		if r > 0xFFFF {
			n--
		}
	}
	return text[:i], text[i:], n == 0
}
