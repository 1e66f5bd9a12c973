package jsonscan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// path parses a path that is known to be right.
func path(t testing.TB, text string) Path {
	t.Helper()
	p, err := ParsePath(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var kindNames = []string{"absent", "null", "bool", "number", "string", "object", "array"}

// show returns a value as a test writes it: "number 1.50".
func show(s *Scanner, number int) string {
	v, k := s.Value(number)
	return strings.TrimSpace(kindNames[k] + " " + string(v))
}

func TestValues(t *testing.T) {
	for _, c := range []struct{ name, text, path, want string }{
		{"the whole text", ` [1] `, ``, `array [1]`},
		{"a number keeps its text", `{"a":1.50}`, `.a`, `number 1.50`},
		{"an exponent", `{"a":-0.5E+10}`, `.a`, `number -0.5E+10`},
		{"a string", `{"a":"x y"}`, `.a`, `string x y`},
		{"an empty string", `{"a":""}`, `.a`, `string`},
		{"a string with escapes", `{"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}`, `.a`, "string \"\\/\b\f\n\r\té😀"},
		{"half a surrogate pair", `{"a":"\ud83dx\ude00"}`, `.a`, "string \ufffdx\ufffd"},
		{"a high half before an escape of another kind", `{"a":"\ud83d\u0041"}`, `.a`, "string \ufffdA"},
		{"true", `{"a":true}`, `.a`, `bool true`},
		{"false", `{"a":false}`, `.a`, `bool false`},
		{"null is not absent", `{"a":null}`, `.a`, `null null`},
		{"absent", `{"b":1}`, `.a`, `absent`},
		{"an object is its JSON", `{"a":{"b": [1, 2]}}`, `.a`, `object {"b": [1, 2]}`},
		{"nested", `{"x":{"a":0},"a":{"b":{"c":7}}}`, `.a.b.c`, `number 7`},
		{"an element", `{"a":[1,{"b":2},3]}`, `.a[2]`, `number 3`},
		{"inside an element", `{"a":[1,{"b":2},3]}`, `.a[1].b`, `number 2`},
		{"past the end", `{"a":[1]}`, `.a[1]`, `absent`},
		{"the root is an array", `[[1,2],[3]]`, `[1][0]`, `number 3`},
		{"a quoted key", `{"a.b c":1}`, `['a.b c']`, `number 1`},
		{"a key with escapes in the text", `{"\u0061":1}`, `.a`, `number 1`},
		{"the last of equal names", `{"a":1,"a":2}`, `.a`, `number 2`},
		{"a number instead of an object", `{"a":5}`, `.a.b`, `absent`},
		{"blanks everywhere", " {\t\"a\" :\r\n 1 , \"b\" : [ ] , \"c\" : { } } ", `.a`, `number 1`},
		{"a long string", `{"a":"` + strings.Repeat("0123456789", 20) + `"}`, `.a`, `string ` + strings.Repeat("0123456789", 20)},
		{"not ASCII", `{"kurs":"Köln 5 €"}`, `.kurs`, `string Köln 5 €`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s Scanner
			n := s.Add(path(t, c.path))
			if err := s.Scan([]byte(c.text)); err != nil {
				t.Fatal(err)
			}
			if got := show(&s, n); got != c.want {
				t.Errorf("%s in %s is %q, want %q", c.path, c.text, got, c.want)
			}
		})
	}
}

func TestInvalidTexts(t *testing.T) {
	for _, text := range []string{
		``, ` `, `{`, `}`, `[`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{a:1}`, `{"a" 1}`, `[1,]`, `[,1]`, `[1 2]`,
		`01`, `-`, `1.`, `.5`, `1e`, `1e+`, `+1`, `0x1`, `NaN`, `tru`, `nul`, `falsey`, `"`, `"a`, `"\`, `"\x"`, `"\u12"`, `"\u12g4"`,
		"\"a\nb\"", "\"\x01\"", `1 2`, `{}{}`, `"a" b`, "\ufeff1", `'a'`, `{"a":1}}`,
		strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1),
	} {
		var s Scanner
		s.Add(nil)
		if err := s.Scan([]byte(text)); !errors.Is(err, ErrSyntax) {
			t.Errorf("%q: %v, want ErrSyntax", text, err)
		}
	}
}

func TestDepth(t *testing.T) {
	var s Scanner
	if err := s.Scan([]byte(strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth))); err != nil {
		t.Errorf("depth %d: %v", maxDepth, err)
	}
}

func TestManyPathsInOneWalk(t *testing.T) {
	var s Scanner
	a, b, c := s.Add(path(t, ".a")), s.Add(path(t, ".b.c")), s.Add(path(t, ".b"))
	if again := s.Add(path(t, ".a")); again != a {
		t.Errorf("the same path got the number %d and then %d", a, again)
	}
	for _, text := range []string{`{"a":1,"b":{"c":2}}`, `{"b":{"c":2},"x":9,"a":1}`} {
		if err := s.Scan([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(show(&s, a), "; ", show(&s, b), "; ", show(&s, c)); got != `number 1; number 2; object {"c":2}` {
			t.Errorf("%s: %s", text, got)
		}
	}
	if err := s.Scan([]byte(`{}`)); err != nil || show(&s, a) != "absent" || len(s.Found()) != 0 {
		t.Errorf("values of one text are still there in the next: %s", show(&s, a))
	}
}

func TestAllScalars(t *testing.T) {
	var s Scanner
	symbol := s.Add(path(t, ".symbol"))
	s.Add(path(t, ".deep.x"))
	s.AddAll(nil)
	names := map[int]string{}
	var asked []string
	s.Name = func(name []byte, number int) bool {
		asked = append(asked, string(name))
		if string(name) == "unwanted" {
			return false
		}
		names[number] = string(name)
		return true
	}
	for _, c := range []struct{ text, want string }{
		{`{"symbol":"IBM","bid":1,"obj":{"z":1},"unwanted":2,"ask":null}`, `symbol=string IBM bid=number 1 ask=null null`},
		{`{"ask":3,"bid":"4","obj":5}`, `ask=number 3 bid=string 4 obj=number 5`},
		{`{"bid":[1],"ask":6}`, `ask=number 6`},
		{`{"deep":{"x":1},"ask":7}`, `ask=number 7`},
		{`{"deep":8}`, `deep=number 8`},
	} {
		if err := s.Scan([]byte(c.text)); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range s.Found() {
			if _, k := s.Value(n); names[n] != "" && k.Scalar() {
				got = append(got, names[n]+"="+show(&s, n))
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %s, want %s", c.text, strings.Join(got, " "), c.want)
		}
	}
	if names[symbol] != "symbol" {
		t.Errorf("the name of a value that a path leads to as well is %q", names[symbol])
	}
	if want := []string{"symbol", "bid", "unwanted", "ask", "obj", "deep"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %q, want %q", asked, want)
	}
}

func TestPaths(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{``, ``}, {`.a`, `.a`}, {`.a.b`, `.a.b`}, {`[0]`, `[0]`}, {`.a[12].b['c']`, `.a[12].b.c`}, {`["a"]`, `.a`},
		{`['a.b']`, `['a.b']`}, {`['it\'s']`, `['it\'s']`}, {`['']`, `['']`}, {`['a]b']`, `['a]b']`}, {`.größe`, `.größe`},
	} {
		p, err := ParsePath(c.text)
		if err != nil || p.String() != c.want {
			t.Errorf("%s is %q, %v; want %q", c.text, p.String(), err, c.want)
		}
	}
	for _, text := range []string{`a`, `.`, `..a`, `.a.`, `[`, `[]`, `[-1]`, `[a]`, `[1`, `['a]`, `['a'`, `[1.5]`, `.a b`, `[99999999999]`, `[10000]`, `.*`} {
		if p, err := ParsePath(text); err == nil {
			t.Errorf("%s is taken for %q, want an error", text, p.String())
		}
	}
}

const tick = `{"symbol":"IBM","time":35999123,"bid":180.36,"bidSize":300,"ask":180.41,"askSize":200,"exchange":"N","condition":"R","last":180.38,"volume":1204500}`

func tickScanner(t testing.TB) *Scanner {
	s := new(Scanner)
	for _, p := range []string{".symbol", ".bid", ".ask", ".last", ".volume"} {
		s.Add(path(t, p))
	}
	return s
}

func TestScanDoesNotAllocate(t *testing.T) {
	s := tickScanner(t)
	all := new(Scanner)
	all.AddAll(nil)
	all.Name = func([]byte, int) bool { return true }
	text, escaped := []byte(tick), []byte(`{"symbol":"\u0049BM","bid":"\n"}`)
	if n := testing.AllocsPerRun(100, func() {
		for _, s := range []*Scanner{s, all} {
			for _, text := range [][]byte{text, escaped} {
				if s.Scan(text) != nil {
					panic(text)
				}
				for _, n := range s.Found() {
					s.Value(n)
				}
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkScanFiveOfTen(b *testing.B) {
	s, text := tickScanner(b), []byte(tick)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Scan(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScanAll(b *testing.B) {
	s, text := new(Scanner), []byte(tick)
	s.AddAll(nil)
	s.Name = func([]byte, int) bool { return true }
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Scan(text); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzScan holds the scanner against encoding/json: both take the same texts, and
// find the same at the paths of the scanner. Bytes that are no UTF-8 become U+FFFD in
// encoding/json; the scanner leaves them to the engine.
func FuzzScan(f *testing.F) {
	for _, text := range []string{tick, `{"a":{"b":[1,"\u00e9\ud83d\ude00",null]},"a":true}`, `[[1,2],{"b":-0.5e3}]`, `"\ud800"`, "{\"a\":\"\xff\"}", `1e999`, `{"a":1}x`} {
		f.Add([]byte(text))
	}
	paths := []string{"", ".a", ".a.b", ".a.b[1]", "[1].b", "[0][1]"}
	f.Fuzz(func(t *testing.T, text []byte) {
		var s Scanner
		for _, p := range paths {
			s.Add(path(t, p))
		}
		s.AddAll(nil)
		s.Name = func([]byte, int) bool { return true }
		err := s.Scan(text)
		if bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) > maxDepth {
			return
		}
		if valid := json.Valid(text); valid != (err == nil) {
			t.Fatalf("%q: json says %v, the scanner %v", text, valid, err)
		}
		if err != nil {
			return
		}
		for n, p := range paths {
			want, kind := lookup(text, path(t, p))
			got, gotKind := s.Value(n)
			if gotKind != kind || kind == String && string([]rune(string(got))) != want || kind != String && string(got) != want {
				t.Errorf("%s in %q is %v %q, want %v %q", p, text, gotKind, got, kind, want)
			}
		}
	})
}

// lookup finds a value the slow way.
func lookup(text []byte, p Path) (string, Kind) {
	text = bytes.TrimSpace(text)
	if len(p) > 0 {
		var object map[string]json.RawMessage
		var array []json.RawMessage
		switch step := p[0]; {
		case step.IsIndex && json.Unmarshal(text, &array) == nil && step.Index < len(array):
			return lookup(array[step.Index], p[1:])
		case !step.IsIndex && text[0] == '{' && json.Unmarshal(text, &object) == nil && object[step.Key] != nil:
			return lookup(object[step.Key], p[1:])
		}
		return "", Absent
	}
	switch text[0] {
	case '"':
		var s string
		if err := json.Unmarshal(text, &s); err != nil {
			panic(err)
		}
		return s, String
	case '{':
		return string(text), Object
	case '[':
		return string(text), Array
	case 't', 'f':
		return string(text), Bool
	case 'n':
		return string(text), Null
	}
	return string(text), Number
}
