package diff

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/halley-stream/halley/protocol"
)

func token(value string) []byte {
	tok, _ := protocol.AppendToken(nil, []byte(value))
	return tok
}

// make returns the token that Append makes for two values, or "" if there is none.
func (m *Maker) make(f protocol.DiffFormat, base, value string) string {
	out, ok := m.Append([]byte("<"), f, token(base), token(value))
	if !ok {
		if string(out) != "<" {
			panic("refused, and written " + string(out))
		}
		return ""
	}
	return string(out[1:])
}

const alphabet = "abcdefghijklmnopqrstuvwxyz"

func TestTLCPDiff(t *testing.T) {
	long := strings.Repeat(alphabet, 4)
	for _, c := range []struct{ name, base, value, want string }{
		{"one character in the middle", "the price is 10.5 today", "the price is 10.7 today", "^Tqb7bg"},
		{"the end is cut off", alphabet, alphabet[:20], "^Tu"},
		{"something at the end", alphabet, alphabet + "!", "^TBab!"},
		{"something at the start", alphabet, "!" + alphabet, "^Tab!aBa"},
		{"the start is cut off", alphabet, alphabet[3:], "^Taadx"},
		{"two places, far apart", long, "!" + long[1:80] + "!" + long[81:], "^Tab!bDbb!bx"},
		{"nothing in common", alphabet, "0123456789", ""},
		{"no shorter than the value", "abcd", "abcx", ""},
		{"an empty value before", "", alphabet, ""},
		{"escapes in what is added", alphabet, alphabet + "|", "^TBab%7C"},
		{"a value of its own", "^" + alphabet, "^" + alphabet + "!", "^TBbb!"},
		{"ideographs", "日経平均株価日経平均株価", "日経平均株価日経平均株高", "^Tlb高"},
		{"a surrogate pair", alphabet + "😀", alphabet + "😀!", ""},
		{"an accent of its own", alphabet + "e\u0301", alphabet + "e\u0301!", ""},
		{"CR and LF", alphabet + "\r\n", alphabet + "\r\n!", ""},
		{"LF", alphabet + "\n", alphabet + "\n!", "^TBbb!"},
	} {
		var m Maker
		got := m.make(protocol.TLCPDiff, c.base, c.value)
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		checkRoundTrip(t, protocol.TLCPDiff, c.base, c.value, got)
	}
}

func TestJSONPatch(t *testing.T) {
	pad := `,"pad":"` + strings.Repeat("x", 80) + `"}`
	doc := func(text string) string { return `{` + text + pad }
	for _, c := range []struct{ name, base, value, want string }{
		{"a member replaced", doc(`"n":1`), doc(`"n":2`), `^P[{"op":"replace","path":"/n","value":2}]`},
		{"a member added", doc(`"n":1`), doc(`"n":1,"m":null`), `^P[{"op":"add","path":"/m","value":null}]`},
		{"a member removed", doc(`"n":1,"m":true`), doc(`"n":1`), `^P[{"op":"remove","path":"/m"}]`},
		{"an element appended", doc(`"a":[1]`), doc(`"a":[1,2]`), `^P[{"op":"add","path":"/a/-","value":2}]`},
		{"elements removed", doc(`"a":[1,2,3]`), doc(`"a":[1]`), `^P[{"op":"remove","path":"/a/1"},{"op":"remove","path":"/a/1"}]`},
		{"a name with all that is special", doc(`"a/b~c|%":1`), doc(`"a/b~c|%":2`), `^P[{"op":"replace","path":"/a~1b~0c%7C%25","value":2}]`},
		{"no escapes for HTML", doc(`"n":1`), doc(`"n":"<&>"`), `^P[{"op":"replace","path":"/n","value":"<&>"}]`},
		{"a number is what is written", doc(`"n":1.0`), doc(`"n":1.10`), `^P[{"op":"replace","path":"/n","value":1.10}]`},
		{"null to a value", doc(`"n":null`), doc(`"n":{"x":[]}`), `^P[{"op":"replace","path":"/n","value":{"x":[]}}]`},
		{"blanks only", doc(`"n":1`), doc(`"n": 1`), ""},
		{"no shorter than the value", `{"n":1,"m":1234567890}`, `{"n":2,"m":1234567890}`, ""},
		{"no document before", "plain" + pad, doc(`"n":2`), ""},
		{"no document", doc(`"n":2`), "plain" + pad, ""},
		{"two documents", doc(`"n":2`) + `{}`, doc(`"n":3`) + `{}`, ""},
		{"an identifier past a double", doc(`"id":9007199254740993,"n":1`), doc(`"id":9007199254740993,"n":2`), ""},
		{"a price with many digits", doc(`"p":0.1234567890123456,"n":1`), doc(`"p":0.1234567890123456,"n":2`), ""},
		{"a number without end", doc(`"p":1e999,"n":1`), doc(`"p":1e999,"n":2`), ""},
		{"a number that is as good as nothing", doc(`"p":1e-999,"n":1`), doc(`"p":1e-999,"n":2`), ""},
		{"a name twice", doc(`"n":1,"n":1`), doc(`"n":1,"n":2`), ""},
		{"half a pair", doc(`"s":"\ud800"`), doc(`"s":"\ud801"`), ""},
		{"a backslash before a name", doc(`"s":"\\ud800","n":1`), doc(`"s":"\\ud800","n":2`), `^P[{"op":"replace","path":"/n","value":2}]`},
		{"a name that is refused in JavaScript", doc(`"__proto__":{"n":1}`), doc(`"__proto__":{"n":2}`), ""},
		{"too long", doc(`"n":1,"m":"` + strings.Repeat("y", documentMax) + `"`), doc(`"n":2,"m":"` + strings.Repeat("y", documentMax) + `"`), ""},
		{"too deep", strings.Repeat("[", 99) + "1" + strings.Repeat("]", 99), strings.Repeat("[", 99) + "2" + strings.Repeat("]", 99), ""},
	} {
		var m Maker
		got := m.make(protocol.JSONPatch, c.base, c.value)
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		checkRoundTrip(t, protocol.JSONPatch, c.base, c.value, got)
	}
}

// checkRoundTrip lets a client apply a diff.
func checkRoundTrip(t *testing.T, f protocol.DiffFormat, base, value, tok string) {
	t.Helper()
	if tok == "" {
		return
	}
	if len(tok) >= len(token(value)) {
		t.Fatalf("from %q to %q: %q is no shorter", base, value, tok)
	}
	state := protocol.NewItemState(1)
	state.TakeDiffs(ApplyPatch)
	if err := state.Apply(token(base)); err != nil {
		t.Fatal(err)
	}
	err := state.Apply([]byte(tok))
	got, ok := state.Value(0)
	if err != nil || !ok {
		t.Fatalf("from %q to %q by %q: %v", base, value, tok, err)
	}
	if same := string(got) == value; !same && (f != protocol.JSONPatch || !sameJSON(got, []byte(value))) {
		t.Fatalf("from %q to %q by %q: got %q", base, value, tok, got)
	}
}

func sameJSON(a, b []byte) bool {
	x, errX := decode(a)
	y, errY := decode(b)
	return errX == nil && errY == nil && reflect.DeepEqual(x, y)
}

func TestNoDiff(t *testing.T) {
	var m Maker
	doc := []byte(`{"n":1,"pad":"` + strings.Repeat("x", 99) + `"}`)
	huge := slices.Concat([]byte(`"`), bytes.Repeat([]byte("x"), valueMax), []byte(`"`))
	for name, c := range map[string]struct{ base, tok []byte }{
		"from null":           {[]byte("#"), doc},
		"to null":             {doc, []byte("#")},
		"to nothing":          {doc, []byte("$")},
		"from what is huge":   {huge, doc},
		"to what is huge":     {doc, huge},
		"from no token":       {[]byte("^3"), doc},
		"to no token":         {doc, []byte("^Tb%zz" + alphabet + alphabet)},
		"to what is not text": {doc, slices.Concat(doc, []byte("\xff"))},
	} {
		for _, f := range []protocol.DiffFormat{protocol.TLCPDiff, protocol.JSONPatch} {
			if out, ok := m.Append(nil, f, c.base, c.tok); ok || len(out) > 0 {
				t.Errorf("%s, %c: got %q", name, f, out)
			}
		}
	}
	if out, ok := m.Append(nil, 'X', doc, slices.Concat(doc, doc)); ok {
		t.Errorf("an unknown format: got %q", out)
	}
}

// A text that is edited here and there is told in little more than its edits.
func TestTLCPDiffIsShort(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var m Maker
	for range 300 {
		text := make([]byte, 200+rng.IntN(800))
		for i := range text {
			text[i] = alphabet[rng.IntN(26)]
		}
		edited, edits := slices.Clone(text), 1+rng.IntN(8)
		for range edits {
			at := rng.IntN(len(edited))
			switch rng.IntN(3) {
			case 0:
				edited[at] = '!'
			case 1:
				edited = slices.Insert(edited, at, '+')
			case 2:
				edited = slices.Delete(edited, at, at+1)
			}
		}
		tok := m.make(protocol.TLCPDiff, string(text), string(edited))
		if most := 3 + 2 + edits*6; tok == "" || len(tok) > most {
			t.Errorf("%d edits took %q, want at most %d bytes", edits, tok, most)
		}
		checkRoundTrip(t, protocol.TLCPDiff, string(text), string(edited), tok)
	}
}

// Two long texts that have nothing to do with each other do not take long.
func TestTLCPDiffIsBounded(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	random := func(n int, letters string) string {
		text := make([]byte, n)
		for i := range text {
			text[i] = letters[rng.IntN(len(letters))]
		}
		return string(text)
	}
	var m Maker
	for _, letters := range []string{"ab", alphabet} {
		a, b := random(valueMax, letters), random(valueMax, letters)
		if tok := m.make(protocol.TLCPDiff, a, b); tok != "" {
			checkRoundTrip(t, protocol.TLCPDiff, a, b, tok)
		}
	}
	// With a common start and end, what is between is replaced as a whole.
	start, end := random(999, alphabet), random(999, alphabet)
	a, b := start+random(500, "01")+end, start+random(500, "23")+end
	tok := m.make(protocol.TLCPDiff, a, b)
	if len(tok) == 0 || len(tok) > 520 {
		t.Errorf("got %d bytes, want little more than 500", len(tok))
	}
	checkRoundTrip(t, protocol.TLCPDiff, a, b, tok)
}

func TestApplyPatchRefuses(t *testing.T) {
	for _, c := range []struct{ document, patch string }{
		{"plain", `[]`},
		{`{}`, `{}`},
		{`{}`, `plain`},
		{`{}`, `[{"op":"replace","path":"/n","value":1}]`},
		{`{}`, `[{"op":"jump","path":"/n"}]`},
		{`{"n":[1]}`, `[{"op":"remove","path":"/n/-1"}]`},
		{`{"n":1}`, `[{"op":"test","path":"/n","value":2}]`},
	} {
		if got, err := ApplyPatch([]byte("x"), []byte(c.document), []byte(c.patch)); !errors.Is(err, protocol.ErrDiff) || string(got) != "x" {
			t.Errorf("%s on %s: got %q, %v, want %v", c.patch, c.document, got, err, protocol.ErrDiff)
		}
	}
}

// TestUpdates reads the stories of fields told by diffs.
func TestUpdates(t *testing.T) {
	text, err := os.ReadFile("../testdata/update-diffs.json")
	if err != nil {
		t.Fatal(err)
	}
	var stories []struct {
		Name    string
		Fields  int
		Updates []struct {
			Body    string
			Values  []*string
			Changed []int
			Error   bool
		}
	}
	if err := json.Unmarshal(text, &stories); err != nil || len(stories) == 0 {
		t.Fatal(err)
	}
	for _, story := range stories {
		t.Run(story.Name, func(t *testing.T) {
			state := protocol.NewItemState(story.Fields)
			state.TakeDiffs(ApplyPatch)
			for _, u := range story.Updates {
				err := state.Apply([]byte(u.Body))
				if u.Error {
					if !errors.Is(err, protocol.ErrUpdate) {
						t.Errorf("%q: got %v, want %v", u.Body, err, protocol.ErrUpdate)
					}
					return
				}
				if err != nil {
					t.Fatalf("%q: %v", u.Body, err)
				}
				for i, want := range u.Values {
					got, ok := state.Value(i)
					if ok != (want != nil) || ok && string(got) != *want {
						t.Errorf("%q: value %d: got %q, %v", u.Body, i+1, got, ok)
					}
					if state.Changed(i) != slices.Contains(u.Changed, i+1) {
						t.Errorf("%q: changed %d: got %v", u.Body, i+1, state.Changed(i))
					}
				}
			}
		})
	}
}
