package diff

import (
	"testing"

	"github.com/halley-stream/halley/protocol"
)

// FuzzTLCPDiff: a value comes out of its diff as it went in, and the diff is
// shorter.
func FuzzTLCPDiff(f *testing.F) {
	for _, seed := range [][2]string{
		{"foobar", "fzapbar"}, {"", "ab"}, {alphabet, alphabet + "!"}, {alphabet + alphabet, alphabet},
		{"日経平均株価", "日経平均株高"}, {"a\r\nb", "a\nb"}, {"e\u0301", "é"}, {"😀", "😁"}, {"\xff", "a"},
		{"aaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaabaaaaaaaabaaaaaaa"},
	} {
		f.Add(seed[0], seed[1])
	}
	var m Maker
	f.Fuzz(func(t *testing.T, base, value string) {
		// The values as a server has them: what is no UTF-8 is replaced.
		base, value = string([]rune(base)), string([]rune(value))
		checkRoundTrip(t, protocol.TLCPDiff, base, value, m.make(protocol.TLCPDiff, base, value))
	})
}

// FuzzJSONPatch: a document comes out of its patch as it went in, blanks and the
// order of members aside, by another library than the one that made the patch.
func FuzzJSONPatch(f *testing.F) {
	for _, seed := range [][2]string{
		{`{"a":1,"b":[1,2,{"c":null}],"d":"xxxxxxxxxxxxxxxxxxxxxxxxxxx"}`, `{"a":2,"b":[2,{"c":3}],"d":"xxxxxxxxxxxxxxxxxxxxxxxxxxx"}`},
		{`{"":{"":1},"~/":[],"pad":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}`, `{"":{"":2},"~/":[0],"pad":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}`},
		{`[[[1]],"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",2]`, `[[[]],"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]`},
		{`{"0":1,"-":2,"pad":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}`, `{"0":2,"-":2,"pad":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}`},
		{`{"s":"<>&\u2028\ud83d\ude00"}`, `{"s":"\\ud800\u0000"}`}, {`1`, `"a"`}, {`{}`, `x`},
	} {
		f.Add(seed[0], seed[1])
	}
	var m Maker
	f.Fuzz(func(t *testing.T, base, value string) {
		base, value = string([]rune(base)), string([]rune(value))
		checkRoundTrip(t, protocol.JSONPatch, base, value, m.make(protocol.JSONPatch, base, value))
	})
}

// FuzzApplyPatch: whatever stands where a patch should, it does not crash a client.
func FuzzApplyPatch(f *testing.F) {
	f.Add(`{"n":1}`, `[{"op":"replace","path":"/n","value":2}]`)
	f.Add(`{"a":[1,2]}`, `[{"op":"copy","from":"/a","path":"/b"},{"op":"move","from":"/a/0","path":"/c"}]`)
	f.Add(`[]`, `[{"op":"add","path":"","value":null},{"op":"test","path":"/-","value":{}}]`)
	f.Fuzz(func(t *testing.T, document, patch string) {
		out, err := ApplyPatch(nil, []byte(document), []byte(patch))
		if err != nil {
			return
		}
		if _, err := decode(out); err != nil {
			t.Fatalf("%q on %q: got %q", patch, document, out)
		}
	})
}
