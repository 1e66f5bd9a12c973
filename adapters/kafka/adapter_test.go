package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/compress"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/adaptertest"
	"github.com/halley-stream/halley/adapters/kafka"
	"github.com/halley-stream/halley/adapters/kafka/cluster"
	"github.com/halley-stream/halley/adapters/kafka/internal/fakebroker"
	fake "github.com/halley-stream/halley/adapters/kafka/internal/records/recordtest"
)

func TestRebuildsThenFollows(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("ticks", 2)
	put(c, "ticks", 0, 0, "IBM", `{"bid":180.36,"ask":180.40}`)
	put(c, "ticks", 0, 1, "IBM", `{"bid":180.37}`)
	put(c, "ticks", 1, 0, "AIG", `{"bid":48.1}`)
	s := play(t, c, kafka.Topic{Topic: "ticks"}).waitUp()
	if bid, ask, aig := s.Last("IBM", "bid"), s.Last("IBM", "ask"), s.Last("AIG", "bid"); bid != "180.37" || ask != "180.40" || aig != "48.1" {
		t.Errorf("IBM %s %s, AIG %s; want 180.37 180.40, 48.1", bid, ask, aig)
	}
	if downs := s.downs(); !slices.Equal(downs, []string{"rebuilding the last values"}) {
		t.Errorf("stale because of %q, want only the rebuilding", downs)
	}
	put(c, "ticks", 1, 1, "AIG", `{"bid":48.2}`)
	s.waitLast("AIG", "bid", "48.2")
	s.waitStats(func(got kafka.Stats) bool {
		return got.Records == 4 && got.Rebuilt && !got.Partial && got.Topics[0].Lag == 0 && got.Topics[0].Partitions == 2
	})
	if n := s.Count(adaptertest.EndOfSnapshot); n != 0 {
		t.Errorf("%d ends of snapshot; rows of MERGE need none", n)
	}
}

// What compaction and transactions leave behind made other readers loop, stall, or
// show marks as data.
func TestRebuildingEndsWhateverTheLogLooksLike(t *testing.T) {
	run := func(first, last int64) (records []fake.Record) {
		for o := first; o <= last; o++ {
			records = append(records, fake.Text(o, fmt.Sprint("K", o), fmt.Sprintf(`{"v":%d}`, o)))
		}
		return records
	}
	for _, log := range []struct {
		name    string
		batches []fake.Batch
		want    int // records
	}{
		{"whole", []fake.Batch{fake.Of(run(0, 19)...), fake.Of(run(20, 39)...)}, 40},
		{"an empty batch in the middle", []fake.Batch{fake.Of(run(0, 9)...), fake.Empty(10, 19), fake.Of(run(20, 39)...)}, 30},
		{"an empty batch first", []fake.Batch{fake.Empty(0, 9), fake.Of(run(10, 39)...)}, 30},
		{"the tail of a batch compacted away", []fake.Batch{fake.Of(run(0, 4)...).Until(19), fake.Of(run(20, 39)...)}, 25},
		{"the tail of the last batch compacted away", []fake.Batch{fake.Of(run(0, 19)...), fake.Of(run(20, 24)...).Until(39)}, 25},
		{"the last batch empty", []fake.Batch{fake.Of(run(0, 19)...), fake.Empty(20, 39)}, 20},
		{"all batches empty", []fake.Batch{fake.Empty(0, 19), fake.Empty(20, 39)}, 0},
		{"a mark at the end", []fake.Batch{fake.Of(run(0, 38)...).In(7), fake.Mark(39, 7, true)}, 39},
		{"zstd with the tail compacted away", []fake.Batch{fake.Of(run(0, 4)...).Compressed(compress.Zstd).Until(19), fake.Of(run(20, 24)...).Compressed(compress.Zstd).Until(39)}, 10},
		{"sparse", []fake.Batch{fake.Of(run(3, 3)...).Until(9), fake.Of(run(11, 11)...).Until(19), fake.Of(run(22, 22)...).Until(29), fake.Of(run(30, 30)...).Until(39)}, 4},
	} {
		for _, oneByOne := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, one by one %v", log.name, oneByOne), func(t *testing.T) {
				c := fakebroker.New(t, 1)
				if oneByOne {
					c.OneByOne()
				}
				c.Create("ticks", 1)
				for _, b := range log.batches {
					add(c, "ticks", 0, b)
				}
				s := play(t, c, kafka.Topic{Topic: "ticks"}).waitUp()
				if got := s.adapter.Stats(); got.Records != uint64(log.want) || len(got.Bad) > 0 {
					t.Errorf("%d records, bad %v; want %d, none", got.Records, got.Bad, log.want)
				}
				put(c, "ticks", 0, 40, "IBM", `{"bid":1}`)
				s.waitLast("IBM", "bid", "1")
				// One request per batch, one for the last record, and those that wait.
				if n := c.Asked(fakebroker.Fetch); n > len(log.batches)+4 {
					t.Errorf("%d fetches for %d batches", n, len(log.batches))
				}
			})
		}
	}
}

func TestAbortedTransactionsAreNotShown(t *testing.T) {
	for _, c := range []struct {
		name        string
		uncommitted bool
		want        string
	}{{"committed", false, "1"}, {"uncommitted", true, "3"}} {
		t.Run(c.name, func(t *testing.T) {
			k := fakebroker.New(t, 1)
			k.Create("ticks", 1)
			put(k, "ticks", 0, 0, "IBM", `{"bid":1}`)
			add(k, "ticks", 0, fake.Of(fake.Text(1, "IBM", `{"bid":2}`)).In(7))
			add(k, "ticks", 0, fake.Mark(2, 7, false))
			add(k, "ticks", 0, fake.Of(fake.Text(3, "IBM", `{"bid":3}`)).In(8)) // undecided
			k.Abort("ticks", 0, fakebroker.Aborted{Producer: 7, First: 1})
			k.Hold("ticks", 0, 3)
			s := playWith(t, k, adaptertest.Limits{}, kafka.Config{Topics: []kafka.Topic{{Topic: "ticks"}}, ReadUncommitted: c.uncommitted}).waitUp()
			if got := s.Last("IBM", "bid"); got != c.want {
				t.Errorf("bid %s, want %s", got, c.want)
			}
			add(k, "ticks", 0, fake.Mark(4, 8, true))
			k.Hold("ticks", 0, -1)
			s.waitLast("IBM", "bid", "3")
		})
	}
}

func TestManyPartitionsAreOneRequest(t *testing.T) {
	const partitions = 200
	c := fakebroker.New(t, 1)
	c.Create("ticks", partitions)
	for i := range partitions {
		put(c, "ticks", i, 0, fmt.Sprint("K", i), `{"v":1}`)
	}
	s := play(t, c, kafka.Topic{Topic: "ticks"}).waitUp()
	if offsets, fetches := c.Asked(fakebroker.ListOffsets), c.Asked(fakebroker.Fetch); offsets != 2 || fetches > 3 {
		t.Errorf("%d requests for offsets and %d for records of %d partitions", offsets, fetches, partitions)
	}
	if got := s.Last("K199", "v"); got != "1" {
		t.Errorf("K199 is %q", got)
	}
}

func TestWhereReadingBegins(t *testing.T) {
	for _, c := range []struct {
		from kafka.Start
		want string // of the records 0 to 9, each one second after the other
	}{
		{kafka.Earliest(), "2 3 4 5 6 7 8 9"},
		{kafka.Latest(), ""},
		{kafka.Last(3), "7 8 9"},
		{kafka.Last(1000), "2 3 4 5 6 7 8 9"},
		{kafka.Since(time.UnixMilli(5500)), "6 7 8 9"},
		{kafka.Since(time.UnixMilli(0)), "2 3 4 5 6 7 8 9"},
		{kafka.Since(time.UnixMilli(99_000)), ""},
		{kafka.Ago(time.Minute), ""},
	} {
		t.Run(c.from.String(), func(t *testing.T) {
			k := fakebroker.New(t, 1)
			k.Create("ticks", 1)
			for o := range int64(10) {
				put(k, "ticks", 0, o, "K", fmt.Sprintf(`{"v":%d}`, o))
			}
			k.Trim("ticks", 0, 2)
			s := play(t, k, kafka.Topic{Topic: "ticks", From: c.from}).waitUp()
			put(k, "ticks", 0, 10, "K", `{"v":10}`)
			s.waitLast("K", "v", "10")
			got := ""
			for _, e := range s.EventsOf("K") {
				if v := e.Values["v"].Text; v != "10" {
					got += " " + v
				}
			}
			if want := c.want; got != "" && got[1:] != want || got == "" && want != "" {
				t.Errorf("read%s, want %s", got, want)
			}
		})
	}
}

func TestItemsWithSnapshots(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("orders", 2)
	put(c, "orders", 0, 0, "A", `{"size":1}`)
	put(c, "orders", 0, 1, "B", `{"size":2}`)
	add(c, "orders", 0, fake.Of(fake.Tombstone(2, "A")))
	put(c, "orders", 1, 0, "C", `{"size":3}`)
	s := play(t, c,
		kafka.Topic{Topic: "orders", Item: "book", Mode: "command"},
		kafka.Topic{Topic: "orders", Item: "log", Mode: "distinct"},
		kafka.Topic{Topic: "orders", Item: "raw", Mode: "RAW", Fields: map[string]string{"text": "#{VALUE}", "at": "#{PARTITION}/#{OFFSET}"}},
	).waitUp()
	s.WaitFor(func() bool { return s.Complete("book") && s.Complete("log") })
	if keys := s.Keys("book"); !slices.Equal(keys, []string{"B", "C"}) {
		t.Errorf("rows %q, want B and C", keys)
	}
	if row := s.Row("book", "C"); row["size"] != "3" || row["command"] != "UPDATE" {
		t.Errorf("row C is %v", row)
	}
	if n := len(s.EventsOf("log")); n != 4 { // three events and the end
		t.Errorf("%v", s.EventsOf("log"))
	}
	put(c, "orders", 1, 1, "D", `{"size":4}`)
	s.WaitFor(func() bool { return len(s.Keys("book")) == 3 })
	s.waitLast("raw", "at", "1/1")
	if s.Complete("raw") || s.Count(adaptertest.EndOfSnapshot) != 2 {
		t.Errorf("%d ends of snapshot, want 2", s.Count(adaptertest.EndOfSnapshot))
	}
}

func TestANewLeaderIsFound(t *testing.T) {
	c := fakebroker.New(t, 2)
	c.Create("ticks", 2)
	put(c, "ticks", 0, 0, "IBM", `{"bid":1}`)
	s := play(t, c, kafka.Topic{Topic: "ticks"}).waitUp()
	c.Lead("ticks", 0, 2)
	put(c, "ticks", 0, 1, "IBM", `{"bid":2}`)
	s.waitLast("IBM", "bid", "2")
	c.Lead("ticks", 0, 1)
	put(c, "ticks", 0, 2, "IBM", `{"bid":3}`)
	s.waitLast("IBM", "bid", "3")
	if got := s.EventsOf("IBM"); len(got) != 3 {
		t.Errorf("%v, want three updates", got)
	}
	if downs := s.downs(); len(downs) != 1 {
		t.Errorf("a new leader made the values stale: %q", downs)
	}
}

func TestABrokerGoesAndComesBack(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("ticks", 1)
	put(c, "ticks", 0, 0, "IBM", `{"bid":1}`)
	s := play(t, c, kafka.Topic{Topic: "ticks"}).waitUp()
	c.Stop(1)
	s.waitDown("connection refused")
	if got := s.Last("IBM", "bid"); got != "1" {
		t.Errorf("bid %q while the broker is away, want 1", got)
	}
	c.Start(1)
	put(c, "ticks", 0, 1, "IBM", `{"bid":2}`)
	s.waitLast("IBM", "bid", "2")
	s.waitUp()
	if got := s.EventsOf("IBM"); len(got) != 2 {
		t.Errorf("%v, want two updates", got)
	}
	if got := s.adapter.Stats(); got.Reconnects == 0 {
		t.Error("no reconnects were counted")
	}
	if n := s.log.count("connection refused"); n > 4 {
		t.Errorf("the same fault was logged %d times", n)
	}
}

func TestACutConnectionIsNoTrouble(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("ticks", 1)
	s := play(t, c, kafka.Topic{Topic: "ticks"}).waitUp()
	for o := range int64(5) {
		c.Cut()
		put(c, "ticks", 0, o, "IBM", fmt.Sprintf(`{"bid":%d}`, o))
		s.waitLast("IBM", "bid", fmt.Sprint(o))
	}
	if downs := s.downs(); len(downs) != 1 || len(s.EventsOf("IBM")) != 5 {
		t.Errorf("stale because of %q, events %v", downs, s.EventsOf("IBM"))
	}
}

func TestAMissingTopicIsWaitedFor(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("other", 1)
	s := play(t, c, kafka.Topic{Topic: "other"}, kafka.Topic{Topic: "ticks"})
	s.waitDown(`topic "ticks" does not exist: create it, or correct topics[1].topic`)
	put(c, "other", 0, 0, "X", `{"bid":1}`)
	s.waitLast("X", "bid", "1") // others are not concerned
	c.Create("ticks", 1)
	put(c, "ticks", 0, 0, "IBM", `{"bid":1}`)
	s.waitLast("IBM", "bid", "1")
	s.waitUp()
}

func TestAWrongAddressIsTold(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("ticks", 1)
	c.Stop(1)
	s := play(t, c, kafka.Topic{Topic: "ticks"})
	s.waitDown("nothing listens there; check brokers")
	c.Start(1)
	s.waitUp()
}

func TestATopicMadeAgainIsReadFromTheFirstRecord(t *testing.T) {
	for _, c := range []struct {
		name     string
		metadata int16
		records  int64 // in the new topic, when the adapter finds it
	}{
		{"shorter than the old one", 13, 1},
		{"longer than the old one", 13, 10},
		{"shorter, by brokers without topic ids", 8, 1},
		{"longer, by brokers without topic ids", 8, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := fakebroker.New(t, 1)
			k.Offer(fakebroker.Metadata, c.metadata)
			k.Create("ticks", 2)
			put(k, "ticks", 0, 0, "OLD", `{"bid":1}`)
			put(k, "ticks", 0, 1, "IBM", `{"bid":2,"ask":2}`)
			put(k, "ticks", 1, 0, "OLD2", `{"bid":3}`)
			s := play(t, k, kafka.Topic{Topic: "ticks", From: kafka.Last(5)}).waitUp()
			if c.metadata < 12 { // such brokers only show that it is gone for a while
				k.Delete("ticks")
				s.waitDown("does not exist")
			}
			k.Create("ticks", 2)
			for o := range c.records {
				put(k, "ticks", 0, o, "IBM", fmt.Sprintf(`{"bid":%d}`, 100+o))
			}
			s.WaitFor(func() bool {
				return s.Last("OLD", "bid") == "" && s.Last("OLD2", "bid") == "" && s.Last("IBM", "ask") == "" &&
					s.Last("IBM", "bid") == fmt.Sprint(100+c.records-1)
			})
			s.waitUp()
			var read int64
			for _, e := range s.EventsOf("IBM") {
				if e.Kind == adaptertest.Clear {
					read = 0
				} else {
					read++
				}
			}
			if read != c.records {
				t.Errorf("%d of the new topic's %d records were read: %v", read, c.records, s.EventsOf("IBM"))
			}
		})
	}
}

func TestNewPartitionsAreReadFromTheFirstRecord(t *testing.T) {
	c := fakebroker.New(t, 2)
	c.Create("ticks", 1)
	s := play(t, c, kafka.Topic{Topic: "ticks", From: kafka.Latest()}).waitUp()
	c.Grow("ticks", 2)
	c.Lead("ticks", 2, 2)
	put(c, "ticks", 1, 0, "A", `{"bid":1}`)
	put(c, "ticks", 2, 0, "B", `{"bid":2}`)
	s.waitLast("A", "bid", "1")
	s.waitLast("B", "bid", "2")
	if downs := s.downs(); len(downs) != 1 {
		t.Errorf("new partitions made the values stale: %q", downs)
	}
	s.waitStats(func(got kafka.Stats) bool { return got.Topics[0].Partitions == 3 })
}

func TestRetentionOvertakesTheReader(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("ticks", 1)
	put(c, "ticks", 0, 0, "IBM", `{"bid":0}`)
	s := play(t, c, kafka.Topic{Topic: "ticks"}).waitUp()
	c.Stop(1)
	for o := range int64(9) {
		put(c, "ticks", 0, o+1, "IBM", fmt.Sprintf(`{"bid":%d}`, o+1))
	}
	c.Trim("ticks", 0, 8)
	c.Start(1)
	s.waitLast("IBM", "bid", "9")
	if got := s.adapter.Stats(); got.Lost != 7 || len(s.EventsOf("IBM")) != 3 {
		t.Errorf("%d lost, %v; want 7 lost, and the records 0, 8, 9", got.Lost, s.EventsOf("IBM"))
	}
}

func TestTheEndOfAPartitionGoesBack(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("ticks", 1)
	put(c, "ticks", 0, 0, "IBM", `{"bid":1,"ask":1}`)
	put(c, "ticks", 0, 1, "IBM", `{"bid":2,"last":2}`)
	put(c, "ticks", 0, 2, "AIG", `{"bid":3}`)
	s := play(t, c, kafka.Topic{Topic: "ticks"}).waitUp()
	c.Truncate("ticks", 0, 1)
	s.WaitFor(func() bool {
		return s.Last("IBM", "bid") == "1" && s.Last("IBM", "last") == "" && s.Last("AIG", "bid") == ""
	})
	s.waitUp()
}

func TestPassingErrorsOfPartitions(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("ticks", 2)
	c.Fail("ticks", 0, 6, 5, 3, 9, 56, 74, 76, 100)
	put(c, "ticks", 0, 0, "IBM", `{"bid":1}`)
	put(c, "ticks", 1, 0, "AIG", `{"bid":1}`)
	s := play(t, c, kafka.Topic{Topic: "ticks"})
	s.waitLast("AIG", "bid", "1") // is not held up
	s.waitLast("IBM", "bid", "1")
	s.waitUp()
	if !s.log.has("partition ticks/0") || !s.log.has("partition ticks/0 is back") {
		t.Error("a partition that fails again and again is not told")
	}
}

func TestDamagedBatches(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("ticks", 1)
	bad := fake.Of(fake.Text(0, "IBM", `{"bid":0}`)).Bytes()
	bad[len(bad)-1] ^= 1
	c.Append("ticks", 0, 0, 0, bad)
	old := fake.Of(fake.Text(1, "IBM", `{"bid":1}`)).Bytes()
	old[fake.AtMagic] = 1
	c.Append("ticks", 0, 1, 1, old)
	put(c, "ticks", 0, 2, "IBM", `{"bid":2}`)
	s := play(t, c, kafka.Topic{Topic: "ticks"}).waitUp()
	if got := s.adapter.Stats(); got.Bad["batch"] != 2 || s.Last("IBM", "bid") != "2" {
		t.Errorf("bad %v, bid %s; want two batches passed over", got.Bad, s.Last("IBM", "bid"))
	}
	if n := c.Asked(fakebroker.Fetch); n < 4 {
		t.Errorf("%d fetches: a wrong sum should be tried again", n)
	}
}

func TestRebuildingTakesTooLong(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("ticks", 1)
	put(c, "ticks", 0, 0, "A", `{"bid":1}`)
	c.Append("ticks", 0, 1, 99, nil) // which never comes
	s := playWith(t, c, adaptertest.Limits{}, kafka.Config{
		SnapshotTimeout: 50 * time.Millisecond,
		Topics:          []kafka.Topic{{Topic: "ticks", Item: "table", Mode: "command"}},
	}).waitUp()
	s.WaitFor(func() bool { return s.Complete("table") })
	if got := s.adapter.Stats(); !got.Partial || got.Rebuilt || got.Topics[0].Lag != 99 || !s.log.has("not complete yet") {
		t.Errorf("%+v; want it to be told", got)
	}
}

func TestBadRecordsArePassedOver(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("ticks", 1)
	offset := int64(0)
	next := func(r fake.Record) {
		r.Offset = offset
		add(c, "ticks", 0, fake.Of(r))
		offset++
	}
	for _, value := range []string{`{`, `nonsense`, ``, `{"symbol":"X",}`} {
		next(fake.Record{Key: []byte("k"), Value: []byte(value)})
	}
	next(fake.Record{Key: []byte("k"), Value: []byte(`{"bid":1}`)})
	next(fake.Record{Key: []byte("k"), Value: []byte(`{"symbol":""}`)})
	next(fake.Record{Key: []byte("k"), Value: []byte(`{"symbol":null}`)})
	next(fake.Record{Key: []byte("k"), Value: []byte(`[]`)})
	next(fake.Record{Key: []byte("k")})
	next(fake.Record{Value: []byte(`{"symbol":"IBM","bid":5}`)}) // a good one
	s := play(t, c, kafka.Topic{Topic: "ticks", Item: "#{VALUE.symbol}"}).waitUp()
	bad := s.adapter.Stats().Bad
	if bad["json"] != 4 || bad["item"] != 4 || bad["tombstone"] != 1 || s.Last("IBM", "bid") != "5" {
		t.Errorf("bad %v, bid %s", bad, s.Last("IBM", "bid"))
	}
	if n := s.log.count("record passed over"); n != 3 {
		t.Errorf("%d lines in the log, want one of each kind", n)
	}
}

func TestTheFeedIsFull(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("ticks", 1)
	put(c, "ticks", 0, 0, "A", `{"a":1,"b":2,"c":3}`)
	put(c, "ticks", 0, 1, "B", `{"a":1}`)
	put(c, "ticks", 0, 2, "A", `{"a":4,"b":5,"c":6,"d":7}`)
	s := playWith(t, c, adaptertest.Limits{Items: 1, Fields: 2}, kafka.Config{Topics: []kafka.Topic{{Topic: "ticks"}}}).waitUp()
	if bad := s.adapter.Stats().Bad; bad["items"] != 1 || bad["fields"] != 3 || s.Last("A", "b") != "5" {
		t.Errorf("bad %v, b %s", bad, s.Last("A", "b"))
	}
}

func TestRunEndsAtOnce(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("ticks", 1)
	for name, begin := range map[string]func(*testing.T) *stage{
		"while it waits for records": func(t *testing.T) *stage {
			return playWith(t, c, adaptertest.Limits{}, kafka.Config{Topics: []kafka.Topic{{Topic: "ticks"}}, Fetch: kafka.Fetch{MaxWait: 20 * time.Second}}).waitUp()
		},
		"while it waits for a topic": func(t *testing.T) *stage {
			s := play(t, c, kafka.Topic{Topic: "nope"})
			s.waitDown("does not exist")
			return s
		},
		"while it waits for a broker": func(t *testing.T) *stage {
			away := fakebroker.New(t, 1)
			away.Stop(1)
			s := play(t, away, kafka.Topic{Topic: "ticks"})
			s.waitDown("connection refused")
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			began := time.Now()
			s.stop()
			if took := time.Since(began); took > time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestRunEndsWhileTheFeedIsFull(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("ticks", 1)
	put(c, "ticks", 0, 0, "IBM", `{"bid":1}`)
	f := adaptertest.NewFeedWith(t, adaptertest.Limits{Batches: 1})
	held, err := f.Batch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a, err := kafka.New(kafka.Config{Cluster: cluster.Config{Brokers: c.Addresses()}, Topics: []kafka.Topic{{Topic: "ticks"}}})
	if err != nil {
		t.Fatal(err)
	}
	stop := adaptertest.Run(t, a, f)
	eventually(t, func() bool { return c.Asked(fakebroker.Fetch) > 0 })
	began := time.Now()
	stop()
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %v", took)
	}
	held.Send()
}

func TestRunReturnsWhatTheFeedSays(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("ticks", 1)
	put(c, "ticks", 0, 0, "IBM", `{"bid":1}`)
	a, err := kafka.New(kafka.Config{Cluster: cluster.Config{Brokers: c.Addresses()}, Topics: []kafka.Topic{{Topic: "ticks"}}})
	if err != nil {
		t.Fatal(err)
	}
	f := adaptertest.NewFeed(t)
	f.Close()
	if err := a.Run(t.Context(), f); !errors.Is(err, adapters.ErrClosed) {
		t.Errorf("a closed feed: %v, want ErrClosed", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Run(ctx, f); err != nil {
		t.Errorf("cancelled: %v, want nil", err)
	}
}

func TestItRunsAgain(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("ticks", 1)
	put(c, "ticks", 0, 0, "IBM", `{"bid":1}`)
	s := play(t, c, kafka.Topic{Topic: "ticks"}).waitUp()
	s.stop()
	again := adaptertest.NewFeed(t)
	adaptertest.Run(t, s.adapter, again)
	again.WaitFor(func() bool { return again.IsUp() && again.Last("IBM", "bid") == "1" })
	if got := s.adapter.Stats(); got.Records != 2 || !got.Rebuilt {
		t.Errorf("%+v, want the records of both lives", got)
	}
}

func TestTheCatalogKnowsWhatTheTemplatesMake(t *testing.T) {
	a, err := kafka.New(kafka.Config{
		Cluster: cluster.Config{Brokers: []string{"localhost:9092"}},
		Topics: []kafka.Topic{
			{Topic: "ticks", Item: "quote-#{KEY}"},
			{Topic: "orders", Item: "#{TOPIC}", Mode: "command"},
			{Topic: "orders", Item: "#{TOPIC}", Mode: "distinct"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		modes adapters.ModeSet
	}{
		{"quote-IBM", adapters.Modes(adapters.Merge)},
		{"orders", adapters.Modes(adapters.Command, adapters.Distinct)},
		{"quote-", 0}, {"IBM", 0}, {"", 0},
	} {
		traits, err := a.Describe(c.name)
		_, subscribed := a.Subscribe(t.Context(), adapters.NewItem(c.name, 1))
		if c.modes == 0 && (!errors.Is(err, adapters.ErrUnknownItem) || !errors.Is(subscribed, adapters.ErrUnknownItem)) {
			t.Errorf("%q: %v, %v; want ErrUnknownItem", c.name, err, subscribed)
		} else if c.modes != 0 && (err != nil || subscribed != nil || traits.Modes != c.modes) {
			t.Errorf("%q: %v, %v, %v", c.name, traits, err, subscribed)
		}
	}
	if s := a.Stats(); len(s.Topics) != 2 || s.Topics[0].Name != "ticks" {
		t.Errorf("figures before Run: %+v", s)
	}
}
