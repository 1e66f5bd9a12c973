package extract_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/halley-stream/halley/adapters/kafka/internal/extract"
	"github.com/halley-stream/halley/adapters/kafka/internal/records"
	fake "github.com/halley-stream/halley/adapters/kafka/internal/records/recordtest"
)

// record returns r as it comes from a broker.
func record(t testing.TB, r fake.Record) *records.Record {
	t.Helper()
	var (
		reader records.Reader
		rec    records.Record
	)
	reader.Reset(fake.Of(r).Bytes(), 0, nil)
	if !reader.Next(&rec) {
		t.Fatal(reader.Err())
	}
	return &rec
}

var sample = fake.Record{
	Offset: 42, Time: 1700000000123,
	Key:   []byte(`IBM`),
	Value: []byte(`{"bid":180.360,"name":"I\"BM","flag":true,"none":null,"empty":"","deep":{"a b":[1,{"x":"y"}]},"list":[1,2]}`),
	Headers: []fake.Header{
		{Name: "id", Value: []byte("h1")}, {Name: "other", Value: []byte("h2")}, {Name: "id", Value: []byte("h3")}, {Name: "nil"},
	},
}

// show returns what Text returns, as a test writes it.
func show(value []byte, found bool) string {
	switch {
	case !found:
		return "absent"
	case value == nil:
		return "null"
	}
	return fmt.Sprintf("%q", value)
}

func TestText(t *testing.T) {
	for _, c := range []struct{ template, want string }{
		{"#{KEY}", `"IBM"`},
		{"plain", `"plain"`},
		{"quote-#{KEY}", `"quote-IBM"`},
		{"#{KEY}.#{VALUE.deep['a b'][0]}!", `"IBM.1!"`},
		{"#{VALUE.bid}", `"180.360"`},
		{"#{ VALUE.bid }", `"180.360"`},
		{"#{VALUE.name}", `"I\"BM"`},
		{"<#{VALUE.name}>", `"<I\"BM>"`},
		{"#{VALUE.flag}", `"true"`},
		{"#{VALUE.none}", `null`},
		{"x#{VALUE.none}", `null`},
		{"#{VALUE.empty}", `""`},
		{"#{VALUE.empty}#{VALUE.empty}", `""`},
		{"#{VALUE.nope}", `absent`},
		{"x#{VALUE.nope}", `absent`},
		{"#{VALUE.deep['a b'][1].x}", `"y"`},
		{"#{VALUE.list}", `"[1,2]"`},
		{"#{VALUE.list[1]}", `"2"`},
		{"#{VALUE.list[2]}", `absent`},
		{"#{TOPIC}", `"ticks"`},
		{"#{TOPIC}-#{PARTITION}-#{OFFSET}-#{TIMESTAMP}", `"ticks-3-42-1700000000123"`},
		{"#{OFFSET}", `"42"`},
		{"#{HEADERS.id}", `"h1"`},
		{"#{HEADERS['id']}", `"h1"`},
		{"#{HEADERS['id'][1]}", `"h3"`},
		{"#{HEADERS.id[2]}", `absent`},
		{"#{HEADERS[1]}", `"h2"`},
		{"#{HEADERS[9]}", `absent`},
		{"#{HEADERS.nil}", `null`},
		{"#{HEADERS.none}", `absent`},
		{"stock-#{symbol=KEY,bid=VALUE.bid}", `"stock-[symbol=IBM,bid=180.360]"`},
		{"stock-#{ symbol = KEY , x = VALUE['deep']['a b'][0] }", `"stock-[symbol=IBM,x=1]"`},
	} {
		var x extract.Extractor
		parsed, err := extract.Parse(c.template, "ticks")
		if err != nil {
			t.Errorf("%s: %v", c.template, err)
			continue
		}
		text := x.Add(parsed)
		if err := x.Load(record(t, sample), 3); err != nil {
			t.Fatal(err)
		}
		if got := show(x.Text(text)); got != c.want {
			t.Errorf("%s is %s, want %s", c.template, got, c.want)
		}
	}
}

func TestTheWholeValueNeedNotBeJSON(t *testing.T) {
	var x extract.Extractor
	parsed, _ := extract.Parse("#{VALUE}", "ticks")
	text := x.Add(parsed)
	if err := x.Load(record(t, fake.Text(0, "k", "not { JSON")), 0); err != nil {
		t.Fatal(err)
	}
	if got := show(x.Text(text)); got != `"not { JSON"` {
		t.Errorf("got %s", got)
	}
}

func TestKeysMayBeJSON(t *testing.T) {
	var x extract.Extractor
	parsed, _ := extract.Parse("#{KEY.s}/#{KEY}", "ticks")
	text := x.Add(parsed)
	if err := x.Load(record(t, fake.Text(0, `{"s":"IBM"}`, "")), 0); err != nil {
		t.Fatal(err)
	}
	if got := show(x.Text(text)); got != `"IBM/{\"s\":\"IBM\"}"` {
		t.Errorf("got %s", got)
	}
	if err := x.Load(record(t, fake.Text(0, `IBM`, "")), 0); err == nil || !strings.Contains(err.Error(), "key: ") {
		t.Errorf("a key that is no JSON: %v", err)
	}
}

func TestMissingKeysAndValues(t *testing.T) {
	var x extract.Extractor
	var texts []extract.Text
	for _, template := range []string{"#{KEY}", "#{VALUE}", "#{VALUE.a}", "#{KEY.a}"} {
		parsed, _ := extract.Parse(template, "ticks")
		texts = append(texts, x.Add(parsed))
	}
	full, none := record(t, fake.Text(0, `{"a":1}`, `{"a":2}`)), record(t, fake.Record{})
	for _, c := range []struct {
		rec  *records.Record
		want string
	}{{full, `"{\"a\":1}" "{\"a\":2}" "2" "1"`}, {none, "null null absent absent"}, {full, `"{\"a\":1}" "{\"a\":2}" "2" "1"`}} {
		if err := x.Load(c.rec, 0); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, text := range texts {
			got = append(got, show(x.Text(text)))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestAll(t *testing.T) {
	var x extract.Extractor
	names := map[int]string{}
	path, err := extract.ParseAll("#{VALUE.*}")
	if err != nil {
		t.Fatal(err)
	}
	x.AddAll(path, func(name []byte, number int) bool {
		names[number] = string(name)
		return true
	})
	if err := x.Load(record(t, sample), 0); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range x.Found() {
		if value, ok := x.Scalar(n); ok {
			got = append(got, names[n]+"="+show(value, true))
		}
	}
	if want := `bid="180.360" name="I\"BM" flag="true" none=null empty=""`; strings.Join(got, " ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, " "), want)
	}
}

func TestFaults(t *testing.T) {
	for _, c := range []struct{ template, want string }{
		{"", "is empty"},
		{"#{}", "does not begin with one of"},
		{"#{key}", "does not begin with one of KEY, VALUE, TOPIC"},
		{"#{KEYS}", "does not begin"},
		{"#{VALUE.a", "a closing brace is missing"},
		{"#{VALUE['}]}", "a closing brace is missing"},
		{"#{VALUE.}", "a name is missing"},
		{"#{VALUE[x]}", "neither a number nor a name in quotes"},
		{"#{VALUE a}", "does not begin"},
		{"#{TOPIC.a}", "TOPIC has nothing inside"},
		{"#{OFFSET[0]}", "OFFSET has nothing inside"},
		{"#{HEADERS}", "HEADERS needs a name or a position"},
		{"#{HEADERS.a.b}", "goes too deep"},
		{"#{HEADERS[0][1]}", "goes too deep"},
		{"#{VALUE.*}", "stands for many values"},
		{"#{a=KEY,VALUE}", "has no name"},
		{"#{=KEY}", "is not a name"},
		{"#{a=KEY,}", "has no name"},
		{"#{a=}", "does not begin"},
	} {
		if _, err := extract.Parse(c.template, "ticks"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.template, err, c.want)
		}
	}
	for _, text := range []string{"", "*", "VALUE.*", "#{VALUE}", "#{KEY.*}", "#{HEADERS.*}", "#{VALUE.*.a}", "x#{VALUE.*}"} {
		if _, err := extract.ParseAll(text); err == nil {
			t.Errorf("%q is taken for all fields of an object", text)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		template, name string
		want           bool
	}{
		{"#{KEY}", "IBM", true},
		{"#{KEY}", "", false},
		{"quote-#{KEY}", "quote-IBM", true},
		{"quote-#{KEY}", "quote-", false},
		{"quote-#{KEY}", "trade-IBM", false},
		{"#{KEY}-quote", "IBM-quote", true},
		{"#{KEY}-quote", "-quote", false},
		{"#{KEY}-quote", "IBM-quote-quote", true},
		{"#{KEY}-#{VALUE.a}", "a-b", true},
		{"#{KEY}-#{VALUE.a}", "a-", false},
		{"#{KEY}-#{VALUE.a}", "--", false},
		{"#{KEY}-#{VALUE.a}", "---", true},
		{"#{KEY}--#{VALUE.a}", "a--b", true},
		{"#{KEY}.#{VALUE.a}.x", "a.x.x", true},
		{"#{KEY}.#{VALUE.a}.x", "a.b.x.y", false},
		{"#{KEY}#{VALUE.a}", "ab", true},
		{"#{KEY}#{VALUE.a}", "a", false},
		{"#{TOPIC}", "ticks", true},
		{"#{TOPIC}", "other", false},
		{"all", "all", true},
		{"all", "alle", false},
		{"stock-#{symbol=KEY}", "stock-[symbol=IBM]", true},
		{"stock-#{symbol=KEY}", "stock-[name=IBM]", false},
	} {
		parsed, err := extract.Parse(c.template, "ticks")
		if err != nil {
			t.Fatal(err)
		}
		if got := parsed.Match(c.name); got != c.want {
			t.Errorf("%s makes %q: %v, want %v", c.template, c.name, got, c.want)
		}
	}
}

func TestUses(t *testing.T) {
	parsed, _ := extract.Parse("#{KEY}-#{VALUE.a}", "ticks")
	if !parsed.Uses(extract.Key) || !parsed.Uses(extract.Value) || parsed.Uses(extract.Headers) {
		t.Error("a template does not know what it uses")
	}
}

func TestExtractingDoesNotAllocate(t *testing.T) {
	var x extract.Extractor
	var texts []extract.Text
	for _, template := range []string{"quote-#{KEY}", "#{VALUE.bid}", "#{VALUE.name}", "#{OFFSET}", "#{HEADERS['id'][1]}"} {
		parsed, _ := extract.Parse(template, "ticks")
		texts = append(texts, x.Add(parsed))
	}
	rec := record(t, sample)
	if n := testing.AllocsPerRun(100, func() {
		if x.Load(rec, 0) != nil {
			panic("load")
		}
		for _, text := range texts {
			x.Text(text)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzParse checks that what a template is written as is read as the same again,
// and that it says of every name that it makes that it can make it.
func FuzzParse(f *testing.F) {
	for _, template := range []string{"quote-#{KEY}", "#{a=VALUE.x['y z'][2],b=KEY}!", "#{TOPIC}#{HEADERS[0]}#{OFFSET}", "#{VALUE['it\\'s']}", "#{", "#{VALUE['\v']}"} {
		f.Add(template, `{"x":{"y z":[1,2,3]},"it's":"-"}`)
	}
	f.Fuzz(func(t *testing.T, template, value string) {
		parsed, err := extract.Parse(template, "ticks")
		if err != nil {
			return
		}
		written := parsed.String()
		again, err := extract.Parse(written, "ticks")
		if err != nil || again.String() != written {
			t.Fatalf("%q is written as %q, and that is read as %v, %v", template, written, again, err)
		}
		var x extract.Extractor
		text := x.Add(parsed)
		r := sample
		r.Value = []byte(value)
		if x.Load(record(t, r), 0) != nil {
			return
		}
		// Parts that come out empty make names that are not expected to match.
		if name, _ := x.Text(text); len(name) > 0 && !strings.Contains(value, `""`) && value != "" && !parsed.Match(string(name)) {
			t.Errorf("%q makes %q and does not know it", template, name)
		}
	})
}
