package protocol

import (
	"slices"
	"testing"
)

func TestCounted(t *testing.T) {
	want := []Tag{TagSUBOK, TagSUBCMD, TagUNSUB, TagEOS, TagCS, TagOV, TagCONF, TagU, TagMSGDONE, TagMSGFAIL}
	for tag := range TagMSGFAIL + 2 {
		if tag.Counted() != slices.Contains(want, tag) {
			t.Errorf("%v: got %v", tag, tag.Counted())
		}
	}
	if got := (TagMSGFAIL + 1).String(); got != TagUnknown.String() {
		t.Errorf("a tag that is none: got %v", got)
	}
}

func TestMessageOfBadEscapes(t *testing.T) {
	for text, want := range map[string]string{
		"a%2Cb": "a,b", "a+b": "a+b", "50%": "50%", "%2": "%2", "%2C%": "%2C%", "%ff": "\ufffd",
	} {
		n, err := ParseLine([]byte("END,1," + text))
		if err != nil || n.Message() != want {
			t.Errorf("%q: got %q, %v, want %q", text, n.Message(), err, want)
		}
	}
}

func TestSkipped(t *testing.T) {
	for line, want := range map[string]int64{
		"MSGFAIL,S,9,39,3": 3, "MSGFAIL,S,9,38,": 1, "MSGFAIL,S,9,39,x": 0, "MSGFAIL,S,9,34,3": 0, "REQERR,9,39,3": 0,
	} {
		n, err := ParseLine([]byte(line))
		if got := n.Skipped(); err != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", line, got, err, want)
		}
	}
}

// cutAll cuts the lines off a stream that arrives in two pieces.
func cutAll(first, second []byte) (lines []string, rest []byte) {
	var data []byte
	for _, piece := range [][]byte{first, second} {
		data = append(data, piece...)
		for {
			line, more, ok := CutLine(data)
			if !ok {
				break
			}
			lines, data = append(lines, string(line)), more
		}
	}
	return lines, data
}

func TestStreamEqualsAnySplitOfIt(t *testing.T) {
	var stream []byte
	var want []string
	for _, c := range load[lineCase](t, "lines.json") {
		stream = append(append(stream, c.Line...), "\r\n"...)
		want = append(want, c.Line)
	}
	stream = append(stream, "U,1,1,a\nb\r"...)
	for i := range stream {
		got, rest := cutAll(stream[:i], stream[i:])
		if !slices.Equal(got, want) || string(rest) != "U,1,1,a\nb\r" {
			t.Fatalf("split at %d: got %q and %q", i, got, rest)
		}
	}
}
