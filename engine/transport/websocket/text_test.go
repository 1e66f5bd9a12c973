package websocket

import "testing"

// Text is checked alike wherever it is cut.
func TestTextCheck(t *testing.T) {
	for _, c := range []struct {
		text  string
		valid bool
	}{
		{"", true},
		{"a€𤭢bß", true},
		{"a€𤭢\xf4", false},
		{"a\xf0\x90\x80", false},
		{"\xf4\x8f\xbf\xbf", true},
		{"\xf4\x90\x80\x80", false},
		{"€\xed\xa0\x80", false},
		{"€\x80", false},
	} {
		for i := range len(c.text) + 1 {
			for j := i; j <= len(c.text); j++ {
				var check textCheck
				valid := true
				for _, part := range []string{c.text[:i], c.text[i:j], c.text[j:]} {
					valid = valid && check.write([]byte(part))
				}
				if got := valid && check.whole(); got != c.valid {
					t.Errorf("%q cut at %d and %d: got %v, want %v", c.text, i, j, got, c.valid)
				}
			}
		}
	}
}
