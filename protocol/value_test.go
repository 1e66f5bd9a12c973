package protocol

import (
	"bytes"
	"strings"
	"testing"
)

func TestAppendTokenReplacesWhatIsNotUTF8(t *testing.T) {
	for _, c := range []struct {
		value, token string
		replaced     int
	}{
		{"\xff", "\ufffd", 1},
		{"a\xffb", "a\ufffdb", 1},
		{"\xc3", "\ufffd", 1},
		{"\xc3\xa0\xc3", "à\ufffd", 1},
		{"\xe2\x82", "\ufffd\ufffd", 2},
		{"\xed\xa0\x80", "\ufffd\ufffd\ufffd", 3}, // half of a surrogate pair
		{"\xf0\x9f\x98|", "\ufffd\ufffd\ufffd%7C", 3},
		{"\xff%\xff", "\ufffd%25\ufffd", 2},
		{"\ufffd", "\ufffd", 0},
	} {
		got, replaced := AppendToken(nil, []byte(c.value))
		if string(got) != c.token || replaced != c.replaced {
			t.Errorf("%q: got %q, %d, want %q, %d", c.value, got, replaced, c.token, c.replaced)
		}
	}
}

// Every byte, first and not, is either itself or an escape of itself.
func TestAppendTokenOfEachByte(t *testing.T) {
	for c := range 0x80 {
		for _, value := range []string{string(rune(c)), "x" + string(rune(c)), string(rune(c)) + "x"} {
			tok, _ := AppendToken(nil, []byte(value))
			needs := strings.ContainsAny(value, "%|\r\n") || strings.ContainsAny(value[:1], "#$^")
			if escapes := bytes.IndexByte(tok, '%') >= 0; escapes != needs {
				t.Errorf("%q: got %q", value, tok)
			}
			if got, null, err := DecodeToken(tok, nil); string(got) != value || null || err != nil {
				t.Errorf("%q: got %q back, %v, %v", value, got, null, err)
			}
		}
	}
}
