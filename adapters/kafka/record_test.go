package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/compress"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/adaptertest"
	"github.com/halley-stream/halley/adapters/kafka/internal/extract"
	fake "github.com/halley-stream/halley/adapters/kafka/internal/records/recordtest"
	"github.com/halley-stream/halley/adapters/kafka/internal/wire"
)

// bench is a follower without a broker: it is given answers as if one had sent
// them.
type bench struct {
	*follower
	h *holding
}

func newBench(t testing.TB, feed adapters.Feed, c Topic) *bench {
	t.Helper()
	cfg := Config{Topics: []Topic{c}}.withDefaults()
	m, err := newMapping(cfg.Topics[0])
	if err != nil {
		t.Fatal(err)
	}
	tp := &topic{name: c.Topic, mappings: []*mapping{m}}
	p := newPartition(tp, 0)
	tp.partitions = []*partition{p}
	p.placed, p.goal = true, 1<<40
	r := &run{cfg: cfg, feed: feed, log: slog.New(slog.DiscardHandler), stats: new(counters), items: items{feed: feed}, topics: []*topic{tp}}
	f := &follower{run: r, mappers: make(map[*mapping]*mapper), fetcher: new(wire.Fetcher)}
	return &bench{f, &holding{partition: p}}
}

// give takes batches of records as an answer that begins at the start of the
// partition.
func (b *bench) give(data []byte) error {
	b.h.next = 0
	b.answer.Records = data
	err := b.take(context.Background(), b.h)
	b.flush()
	return err
}

// say takes a few records, and returns what the feed was told, in one line each.
func say(t *testing.T, c Topic, rs ...fake.Record) ([]string, *bench) {
	t.Helper()
	feed := adaptertest.NewFeed(t)
	b := newBench(t, feed, c)
	for i := range rs {
		rs[i].Offset = int64(i)
	}
	if err := b.give(fake.Of(rs...).Bytes()); err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, e := range feed.Events() {
		said = append(said, e.String())
	}
	return said, b
}

func record(key, value string) fake.Record {
	return fake.Record{Key: []byte(key), Value: []byte(value), Time: 1700000000123}
}

func TestMappings(t *testing.T) {
	for _, c := range []struct {
		name    string
		topic   Topic
		records []fake.Record
		want    string
	}{
		{"all scalars by default", Topic{}, []fake.Record{record("IBM", `{"bid":180.360,"name":"I\"BM","ok":true,"deep":{"x":1},"list":[1]}`)},
			`Update(IBM, bid=180.360 name=I"BM ok=true)`},
		{"null is null, absent is left as it was", Topic{}, []fake.Record{record("IBM", `{"bid":1,"ask":2}`), record("IBM", `{"ask":null}`)},
			`Update(IBM, ask=2 bid=1); Update(IBM, ask=null)`},
		{"the last of equal names", Topic{}, []fake.Record{record("IBM", `{"bid":1,"bid":2}`)}, `Update(IBM, bid=2)`},
		{"some fields", Topic{Fields: map[string]string{"b": "#{VALUE.bid}", "id": "#{KEY}/#{OFFSET}", "x": "#{VALUE.deep.x}"}},
			[]fake.Record{record("IBM", `{"bid":1,"ask":2,"deep":{"x":"y"}}`), record("IBM", `{"ask":2}`)},
			`Update(IBM, b=1 id=IBM/0 x=y); Update(IBM, id=IBM/1)`},
		{"all and some", Topic{Fields: map[string]string{"*": "#{VALUE.*}", "bid": "#{VALUE.ask}", "at": "#{TIMESTAMP}"}},
			[]fake.Record{record("IBM", `{"bid":1,"ask":2}`)}, `Update(IBM, ask=2 at=1700000000123 bid=2)`},
		{"all of an inner object", Topic{Fields: map[string]string{"*": "#{VALUE.quote.*}"}},
			[]fake.Record{record("IBM", `{"quote":{"bid":1,"ask":2},"x":3}`)}, `Update(IBM, ask=2 bid=1)`},
		{"a name from the value", Topic{Item: "quote-#{VALUE.symbol}"}, []fake.Record{record("", `{"symbol":"IBM","bid":1}`)},
			`Update(quote-IBM, bid=1 symbol=IBM)`},
		{"a name with parameters", Topic{Item: "quote-#{s=KEY,v=VALUE.venue}"}, []fake.Record{record("IBM", `{"venue":"N"}`)},
			`Update(quote-[s=IBM,v=N], venue=N)`},
		{"one item for a topic", Topic{Item: "#{TOPIC}"}, []fake.Record{record("a", `{"x":1}`), record("b", `{"x":2}`)},
			`Update(ticks, x=1); Update(ticks, x=2)`},
		{"a record without fields is nothing new", Topic{}, []fake.Record{record("IBM", `{}`), record("IBM", `{"deep":{}}`), record("IBM", `null`), record("IBM", `7`)}, ``},
		{"a name that is an empty text is no field", Topic{}, []fake.Record{record("IBM", `{"":1,"a":2}`)}, `Update(IBM, a=2)`},
		{"no JSON is needed for the whole value", Topic{Fields: map[string]string{"line": "#{VALUE}"}}, []fake.Record{record("IBM", `hello`), record("IBM", ``)},
			`Update(IBM, line=hello); Update(IBM, line=)`},
		{"a header", Topic{Fields: map[string]string{"h": "#{HEADERS.h}"}}, []fake.Record{{Key: []byte("IBM"), Value: []byte{}, Headers: []fake.Header{{Name: "h", Value: []byte("v")}}}},
			`Update(IBM, h=v)`},

		{"a tombstone clears", Topic{}, []fake.Record{record("IBM", `{"bid":1}`), {Key: []byte("IBM")}, record("IBM", `{"ask":2}`)},
			`Update(IBM, bid=1); Clear(IBM); Update(IBM, ask=2)`},
		{"a tombstone for an item that was never there", Topic{}, []fake.Record{{Key: []byte("IBM")}}, ``},
		{"events have no tombstones", Topic{Mode: "distinct"}, []fake.Record{record("IBM", `{"a":1}`), {Key: []byte("IBM")}}, `Update(IBM, a=1)`},
		{"ticks neither", Topic{Mode: "raw"}, []fake.Record{record("IBM", `{"a":1}`), {Key: []byte("IBM")}}, `Update(IBM, a=1)`},

		{"rows by key", Topic{Mode: "command", Item: "book"}, []fake.Record{record("B1", `{"size":1}`), record("B2", `{"size":2}`), {Key: []byte("B1")}},
			`Update(book, command=UPDATE key=B1 size=1); Update(book, command=UPDATE key=B2 size=2); Update(book, command=DELETE key=B1)`},
		{"rows with commands of their own", Topic{Mode: "COMMAND", Item: "#{KEY}", Fields: map[string]string{"key": "#{VALUE.id}", "command": "#{VALUE.op}", "size": "#{VALUE.size}"}},
			[]fake.Record{record("book", `{"id":7,"op":"add","size":1}`), record("book", `{"id":7,"op":"DELETE"}`)},
			`Update(book, command=ADD key=7 size=1); Update(book, command=DELETE key=7)`},
		{"names of rows in the value do not count", Topic{Mode: "command", Item: "book"}, []fake.Record{record("B1", `{"key":"x","command":"DELETE","size":1}`)},
			`Update(book, command=UPDATE key=B1 size=1)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.topic.Topic = "ticks"
			said, b := say(t, c.topic, c.records...)
			if got := strings.Join(said, "; "); got != c.want {
				t.Errorf("said %s\nwant %s", got, c.want)
			}
			if bad := b.run.stats.allBad(); len(bad) > 0 {
				t.Errorf("bad records: %v", bad)
			}
		})
	}
}

func TestBadRecords(t *testing.T) {
	book := map[string]string{"key": "#{VALUE.id}", "command": "#{VALUE.op}"}
	for _, c := range []struct {
		name   string
		topic  Topic
		record fake.Record
		want   string
	}{
		{"no JSON", Topic{}, record("IBM", `{"bid":}`), badJSON},
		{"no key for the name", Topic{}, fake.Record{Value: []byte(`{}`)}, badItem},
		{"no value for the name", Topic{Item: "#{VALUE.s}"}, record("IBM", `{}`), badItem},
		{"a name too long", Topic{}, record(strings.Repeat("x", maxItemName+1), `{}`), badItem},
		{"a tombstone that does not tell the name", Topic{Item: "#{VALUE.s}"}, fake.Record{Key: []byte("IBM")}, badTombstone},
		{"a tombstone that does not tell the row", Topic{Mode: "command", Item: "book", Fields: book}, fake.Record{Key: []byte("IBM")}, badTombstone},
		{"no key for the row", Topic{Mode: "command", Item: "book", Fields: book}, record("IBM", `{"op":"ADD"}`), badRow},
		{"no command", Topic{Mode: "command", Item: "book", Fields: book}, record("IBM", `{"id":1}`), badRow},
		{"an unknown command", Topic{Mode: "command", Item: "book", Fields: book}, record("IBM", `{"id":1,"op":"DROP"}`), badRow},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.topic.Topic = "ticks"
			said, b := say(t, c.topic, c.record)
			if bad := b.run.stats.allBad(); len(said) > 0 || len(bad) != 1 || bad[c.want] != 1 {
				t.Errorf("said %v, bad %v; want one bad for %q", said, bad, c.want)
			}
		})
	}
}

func TestBadThingsAreLoggedNowAndThen(t *testing.T) {
	var c counters
	now := time.Unix(0, 0)
	if silent, tell := c.add("json", 1, now); !tell || silent != 0 {
		t.Error("the first is not told")
	}
	if _, tell := c.add("json", 2, now.Add(tellEvery-1)); tell {
		t.Error("the second is told too soon")
	}
	if _, tell := c.add("item", 1, now.Add(1)); !tell {
		t.Error("the first of another kind is not told")
	}
	if silent, tell := c.add("json", 1, now.Add(tellEvery)); !tell || silent != 2 {
		t.Errorf("later: told %v, %d silent; want true, 2", tell, silent)
	}
	if got := c.allBad(); got["json"] != 4 || got["item"] != 1 {
		t.Errorf("counted %v", got)
	}
}

func TestBackoffGrowsAndIsBounded(t *testing.T) {
	for failures, most := range []time.Duration{1: 50 * time.Millisecond, 2: 100 * time.Millisecond, 6: 1600 * time.Millisecond, 7: longestDelay, 100: longestDelay} {
		if most == 0 {
			continue
		}
		if d := backoff(failures); d < most/2 || d > most {
			t.Errorf("after %d failures it waits %v, want %v to %v", failures, d, most/2, most)
		}
	}
}

func TestMapperErrorsAreOfTheFeed(t *testing.T) {
	m, err := newMapping(Topic{Topic: "t", Item: "#{KEY}", Fields: map[string]string{"a": "#{KEY}", "b": "#{KEY}"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newMapper(m, adaptertest.NewFeedWith(t, adaptertest.Limits{Fields: 1})); !errors.Is(err, adapters.ErrTooManyFields) {
		t.Errorf("%v, want ErrTooManyFields", err)
	}
}

const tick = `{"symbol":"IBM","time":35999123,"bid":180.36,"bidSize":300,"ask":180.41,"askSize":200,"exchange":"N","condition":"R","last":180.38,"volume":1204500}`

// ticks returns batches of 1000 ticks of 1000 symbols.
func ticks(n int, codec compress.Compression) []byte {
	var data []byte
	for from := 0; from < n; from += 1000 {
		var rs []fake.Record
		for o := from; o < from+1000; o++ {
			rs = append(rs, fake.Text(int64(o), fmt.Sprintf("SYM%04d", o*7919%1000), tick))
		}
		data = fake.Of(rs...).Compressed(codec).Append(data)
	}
	return data
}

// mappings are those that figures are given for.
var mappings = []struct {
	name  string
	topic Topic
}{
	{"all ten", Topic{Topic: "ticks"}},
	{"five of ten", Topic{Topic: "ticks", Fields: map[string]string{
		"bid": "#{VALUE.bid}", "ask": "#{VALUE.ask}", "last": "#{VALUE.last}", "volume": "#{VALUE.volume}", "time": "#{VALUE.time}"}}},
	{"name from the value", Topic{Topic: "ticks", Item: "quote-#{VALUE.symbol}", Fields: map[string]string{"bid": "#{VALUE.bid}", "ask": "#{VALUE.ask}"}}},
	{"rows", Topic{Topic: "ticks", Mode: "command", Item: "all"}},
}

func TestRecordPathDoesNotAllocate(t *testing.T) {
	data := ticks(1000, compress.None)
	for _, c := range mappings {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, adaptertest.NewDiscard(), c.topic)
			if err := b.give(data); err != nil {
				t.Fatal(err)
			}
			if n := testing.AllocsPerRun(20, func() {
				if b.give(data) != nil {
					panic("give")
				}
			}); n != 0 {
				t.Errorf("%v allocations for 1000 records", n)
			}
			if got := b.run.stats.records.Load(); got != 22_000 || len(b.run.stats.allBad()) > 0 {
				t.Errorf("%d records, bad %v", got, b.run.stats.allBad())
			}
		})
	}
}

// BenchmarkRecord is the way of a record from the response to the feed: batches,
// checksum, JSON, mapping, the item's handle, hand-over.
func BenchmarkRecord(b *testing.B) {
	for _, codec := range []compress.Compression{compress.None, compress.Lz4} {
		data := ticks(10_000, codec)
		for _, c := range mappings {
			b.Run(c.name+" "+codec.String(), func(b *testing.B) {
				feed := adaptertest.NewDiscard()
				f := newBench(b, feed, c.topic)
				b.ReportAllocs()
				for b.Loop() {
					if err := f.give(data); err != nil {
						b.Fatal(err)
					}
				}
				if feed.Updates() != f.run.stats.records.Load() {
					b.Fatal(f.run.stats.allBad())
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(feed.Updates()), "ns/record")
			})
		}
	}
}

// The names that a mapping makes are those that it says it can make.
func TestNamesMatchTheirTemplates(t *testing.T) {
	for _, item := range []string{"#{KEY}", "q-#{VALUE.symbol}", "#{s=KEY,p=PARTITION}", "#{KEY}.#{VALUE.bid}"} {
		parsed, err := extract.Parse(item, "ticks")
		if err != nil {
			t.Fatal(err)
		}
		feed := adaptertest.NewFeed(t)
		b := newBench(t, feed, Topic{Topic: "ticks", Item: item})
		if err := b.give(fake.Of(fake.Text(0, "IBM", tick)).Bytes()); err != nil {
			t.Fatal(err)
		}
		names := slices.Collect(func(yield func(string) bool) {
			for name := range b.h.items[0] {
				if !yield(name) {
					return
				}
			}
		})
		if len(names) != 1 || !parsed.Match(names[0]) {
			t.Errorf("%s makes %q and does not know it", item, names)
		}
	}
}
