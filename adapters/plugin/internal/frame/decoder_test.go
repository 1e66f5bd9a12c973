package frame

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/adaptertest"
)

// ear is a Decoder with a Feed behind it.
type ear struct {
	*Decoder
	feed  *adaptertest.Feed
	items *Items
}

func newEar(t testing.TB, limits adaptertest.Limits) *ear {
	e := &ear{feed: adaptertest.NewFeedWith(t, limits), items: new(Items)}
	e.Decoder = NewDecoder(e.feed, e.items, slog.New(slog.DiscardHandler))
	return e
}

// begin subscribes an item and returns its number.
func (e *ear) begin(t *testing.T, name string) (adapters.Item, uint64) {
	t.Helper()
	item := e.feed.Begin(name, adapters.Merge)
	n, err := e.items.Begin(item)
	if err != nil {
		t.Fatal(err)
	}
	return item, n
}

func row(values ...string) (fields []adapters.Field, out [][]byte) {
	for i, v := range values {
		fields = append(fields, adapters.Field(i))
		if v == "null" {
			out = append(out, nil)
		} else {
			out = append(out, []byte(v))
		}
	}
	return fields, out
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	e := newEar(t, adaptertest.Limits{BatchSize: 2})
	_, n := e.begin(t, "IBM")
	long := strings.Repeat("x", 300)
	b := AppendField(nil, 0, "bid")
	b = AppendField(b, 1, "ask")
	b = AppendDefine(b, 0, adapters.Distinct, adapters.WithSnapshot, "news")
	fields, values := row("180.36", "null")
	b = AppendRow(b, OpSnapshot, n, fields, values)
	b = AppendItem(b, OpEndOfSnapshot, n)
	fields, values = row("", long)
	b = AppendRow(b, OpUpdate, n, fields, values)
	b = AppendRow(b, OpUpdate|OpDefined, 0, fields[1:], values[1:])
	b = AppendItem(b, OpClear, n)
	b = AppendFail(b, OpFail, n, "halted")
	if err := e.Decode(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(e.feed.Events())
	want := "[Snapshot(IBM, ask=null bid=180.36) EndOfSnapshot(IBM) Update(IBM, ask=" + long + " bid=) Update(news, ask=" + long + ") Clear(IBM) Fail(IBM: halted)]"
	if got != want {
		t.Errorf("it was read as\n%s, want\n%s", got, want)
	}
	if v, _ := e.feed.Value("IBM", "bid"); v.Null {
		t.Error("an empty text became null")
	}
}

func TestTheExampleOfTheDocumentation(t *testing.T) {
	e := newEar(t, adaptertest.Limits{})
	for i := range 8 {
		e.begin(t, fmt.Sprintf("I%d", i))
	}
	example := "\x06\x00\x03bid" + "\x06\x01\x03ask" + "\x02\x07\x02\x00\x07180.36\x01\x00" + "\x03\x07" + "\x01\x07\x01\x01\x07180.40" +
		"\x07\x00\x01\x01\x03IBM" + "\x82\x00\x02\x00\x07180.36\x01\x00"
	if err := e.Decode(t.Context(), []byte(example)); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(e.feed.Events()), "[Snapshot(I7, ask=null bid=180.36) EndOfSnapshot(I7) Update(I7, ask=180.40) Snapshot(IBM, ask=null bid=180.36)]"; got != want {
		t.Errorf("it was read as %s, want %s", got, want)
	}
}

func TestWhatIsLateIsDropped(t *testing.T) {
	e := newEar(t, adaptertest.Limits{})
	first, n := e.begin(t, "IBM")
	say := func(n uint64, value string) {
		t.Helper()
		fields, values := row(value)
		if err := e.Decode(t.Context(), AppendRow(nil, OpUpdate, n, fields, values)); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Decode(t.Context(), AppendField(nil, 0, "bid")); err != nil {
		t.Fatal(err)
	}
	say(n, "1")
	e.items.End(first)
	e.feed.End(first)
	say(n, "2")
	_, again := e.begin(t, "AIG")
	say(n, "3")
	say(again, "4")
	if again == n || slotOf(again) != slotOf(n) {
		t.Errorf("the numbers are %d and %d, want another one of the same slot", n, again)
	}
	if e.Late() != 2 || e.feed.Late() != 0 || e.feed.Last("IBM", "bid") != "1" || e.feed.Last("AIG", "bid") != "4" {
		t.Errorf("%d were late, IBM %q, AIG %q", e.Late(), e.feed.Last("IBM", "bid"), e.feed.Last("AIG", "bid"))
	}
	if _, ok := e.items.End(first); ok {
		t.Error("an item ended twice")
	}
}

func TestWhatTheFeedRefusesIsDropped(t *testing.T) {
	e := newEar(t, adaptertest.Limits{Fields: 1, Items: 1})
	b := AppendField(AppendField(nil, 0, "bid"), 1, "ask")
	b = AppendDefine(b, 0, adapters.Merge, adapters.NoSnapshot, "A")
	b = AppendDefine(b, 1, adapters.Merge, adapters.NoSnapshot, "B")
	fields, values := row("1", "2")
	b = AppendRow(b, OpUpdate|OpDefined, 0, fields, values)
	b = AppendRow(b, OpUpdate|OpDefined, 1, fields, values)
	if err := e.Decode(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(e.feed.Events()); got != "[Update(A, bid=1)]" {
		t.Errorf("it was read as %s", got)
	}
}

func TestFaults(t *testing.T) {
	fields, values := row("1")
	good := AppendRow(nil, OpUpdate, 0, fields, values)
	for name, c := range map[string]struct {
		frame []byte
		want  string
	}{
		"no operation":               {[]byte{9, 0}, "the byte 9, which is no operation (at byte 0 of a frame of 2)"},
		"an item nobody asked":       {AppendItem(nil, OpClear, 1), "item 1, which nobody has asked for"},
		"a later number":             {AppendItem(nil, OpClear, 1<<slotBits), "which nobody has asked for"},
		"an item never defined":      {AppendItem(nil, OpClear|OpDefined, 0), "item 0, which was never defined"},
		"a field never defined":      {append([]byte{OpUpdate, 0, 1}, 1, 0), "field 1, which was never defined"},
		"a field out of order":       {AppendField(nil, 2, "x"), "a definition of number 2, where 1 is next"},
		"a field without a name":     {AppendField(nil, 1, ""), "empty name"},
		"a field with a name":        {AppendField(nil, 1, strings.Repeat("x", NameMax+1)), "a name of 4097 bytes"},
		"a name of other bytes":      {AppendField(nil, 1, "\xff"), "not UTF-8"},
		"a mode that is none":        {AppendDefine(nil, 0, 9, 0, "x"), "an item of mode 9"},
		"too many fields":            {[]byte{OpUpdate, 0, 0xff, 0xff, 3}, "an update of 65535 fields"},
		"half an update":             {good[:len(good)-1], "past the end"},
		"nothing but a byte":         {[]byte{OpUpdate}, "past the end"},
		"a number without an end":    {[]byte{OpUpdate, 0xff, 0xff}, "past the end"},
		"a number too large":         {append([]byte{OpClear}, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"...), "past the end"},
		"a length too large":         {append([]byte{OpUpdate, 0, 1, 0}, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"...), "past the end"},
		"a failure without a reason": {AppendItem(nil, OpFail, 0), "past the end"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEar(t, adaptertest.Limits{})
			e.begin(t, "IBM")
			if err := e.Decode(t.Context(), append(AppendField(nil, 0, "bid"), good...)); err != nil {
				t.Fatal(err)
			}
			err := e.Decode(t.Context(), c.frame)
			var fault *Fault
			if !errors.As(err, &fault) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestAnUpdateAllocatesNothing(t *testing.T) {
	d, frame := benchmarkFrame(t)
	if n := testing.AllocsPerRun(100, func() {
		if err := d.Decode(t.Context(), frame); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("a frame of updates allocates %v times", n)
	}
}

// FuzzDecode looks for frames that make the decoder panic, or hand over what it should
// not: the Feed finds slots and items that it did not give out.
func FuzzDecode(f *testing.F) {
	fields, values := row("180.36", "null", "")
	b := AppendField(AppendField(AppendField(nil, 0, "key"), 1, "command"), 2, "c")
	b = AppendDefine(b, 0, adapters.Merge, adapters.WithSnapshot, "IBM")
	b = AppendRow(b, OpSnapshot|OpDefined, 0, fields, values)
	b = AppendRow(b, OpUpdate, 1, fields, values)
	b = AppendItem(b, OpEndOfSnapshot, 0)
	f.Add(b, uint16(10))
	f.Add(AppendFail(nil, OpFail, 0, "x"), uint16(3))
	f.Fuzz(func(t *testing.T, b []byte, cut uint16) {
		discard := adaptertest.NewDiscard()
		items := new(Items)
		for i := range 3 {
			if _, err := items.Begin(adapters.NewItem(fmt.Sprint(i), uint64(i+1))); err != nil {
				t.Fatal(err)
			}
		}
		d := NewDecoder(discard, items, slog.New(slog.DiscardHandler))
		at := min(int(cut), len(b))
		err := d.Decode(t.Context(), b[:at])
		if err == nil {
			err = d.Decode(t.Context(), b[at:])
		}
		var fault *Fault
		if err != nil && !errors.As(err, &fault) {
			t.Errorf("an error that is no fault: %v", err)
		}
	})
}
