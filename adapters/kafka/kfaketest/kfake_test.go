package kfaketest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/halley-stream/halley/adapters/adaptertest"
	"github.com/halley-stream/halley/adapters/kafka"
	"github.com/halley-stream/halley/adapters/kafka/cluster"
	"github.com/halley-stream/halley/adapters/kafka/publish"
	"github.com/halley-stream/halley/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// newCluster returns a cluster in process.
func newCluster(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func config(c *kfake.Cluster) cluster.Config { return cluster.Config{Brokers: c.ListenAddrs()} }

// follow runs an adapter for a topic.
func follow(t *testing.T, c cluster.Config, topic string) (*adaptertest.Feed, *kafka.Adapter) {
	t.Helper()
	a, err := kafka.New(kafka.Config{Cluster: c, Topics: []kafka.Topic{{Topic: topic}}, MetadataRefresh: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	feed := adaptertest.NewFeed(t)
	adaptertest.Run(t, a, feed)
	return feed, a
}

// publisher returns a Publisher to a topic.
func publisher(t testing.TB, c cluster.Config, topic string) *publish.Publisher {
	t.Helper()
	p, err := publish.New(publish.Config{Cluster: c, Topic: topic})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func write(t testing.TB, p *publish.Publisher, records ...publish.Record) {
	t.Helper()
	if err := p.Write(t.Context(), records...); err != nil {
		t.Fatal(err)
	}
}

func record(key string, n int) publish.Record {
	return publish.Record{Key: []byte(key), Value: fmt.Appendf(nil, `{"n":%d}`, n)}
}

// Brokers of old and new releases.
func TestReleases(t *testing.T) {
	for name, versions := range map[string]*kversion.Versions{
		"2.8": kversion.V2_8_0(), "3.9": kversion.V3_9_0(), "4.0": kversion.V4_0_0(), "newest": kversion.Tip(),
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, kfake.NumBrokers(3), kfake.SeedTopics(6, "ticks"), kfake.MaxVersions(versions))
			p := publisher(t, config(c), "ticks")
			for n := range 50 {
				write(t, p, record(fmt.Sprint("K", n%20), n))
			}
			feed, a := follow(t, config(c), "ticks")
			feed.WaitFor(feed.IsUp)
			for k := range 20 {
				want := 40 + k
				if k >= 10 {
					want = 20 + k
				}
				if got := feed.Last(fmt.Sprint("K", k), "n"); got != fmt.Sprint(want) {
					t.Errorf("K%d is %q, want %d", k, got, want)
				}
			}
			write(t, p, record("K7", 99))
			feed.WaitFor(func() bool { return feed.Last("K7", "n") == "99" })
			if s := a.Stats(); s.Records != 51 || s.Topics[0].Partitions != 6 || len(s.Bad) > 0 || s.Reconnects > 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestLeadersMove(t *testing.T) {
	c := newCluster(t, kfake.NumBrokers(3), kfake.SeedTopics(3, "ticks"))
	p := publisher(t, config(c), "ticks")
	feed, a := follow(t, config(c), "ticks")
	feed.WaitFor(feed.IsUp)
	for n := range 12 {
		for partition := range int32(3) {
			if err := c.MoveTopicPartition("ticks", partition, (partition+int32(n))%3); err != nil {
				t.Fatal(err)
			}
		}
		for k := range 6 {
			write(t, p, record(fmt.Sprint("K", k), n))
		}
		feed.WaitFor(func() bool {
			for k := range 6 {
				if feed.Last(fmt.Sprint("K", k), "n") != fmt.Sprint(n) {
					return false
				}
			}
			return true
		})
	}
	// Each record once, in order.
	for k := range 6 {
		if events := feed.EventsOf(fmt.Sprint("K", k)); len(events) != 12 {
			t.Errorf("K%d: %v", k, events)
		}
	}
	if s := a.Stats(); s.Records != 72 || len(s.Bad) > 0 {
		t.Errorf("%+v", s)
	}
}

func TestAbortedTransactions(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(1, "ticks"))
	producer, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.TransactionalID("tx"), kgo.DefaultProduceTopic("ticks"))
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	for n := range 10 {
		commit := kgo.TransactionEndTry(n%2 == 0)
		if err := producer.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := producer.ProduceSync(t.Context(), kgo.KeySliceRecord([]byte("K"), fmt.Appendf(nil, `{"n":%d}`, n))).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		if err := producer.EndTransaction(t.Context(), commit); err != nil {
			t.Fatal(err)
		}
	}
	feed, a := follow(t, config(c), "ticks")
	feed.WaitFor(feed.IsUp)
	if s := a.Stats(); s.Records != 15 || feed.Last("K", "n") != "8" {
		t.Errorf("%d records, the last %s; want 15, 8", s.Records, feed.Last("K", "n"))
	}
}

// Java clients write to the same partitions: a key must not change its partition
// with the program that writes it.
func TestKeysGoWhereOtherClientsPutThem(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(7, "ours", "theirs"))
	p := publisher(t, config(c), "ours")
	theirs, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.DefaultProduceTopic("theirs"))
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	const keys = 100
	want := map[string]int32{}
	for k := range keys {
		r := theirs.ProduceSync(t.Context(), kgo.KeySliceRecord(fmt.Append(nil, "K", k), []byte("{}")))
		first, err := r.First()
		if err != nil {
			t.Fatal(err)
		}
		want[string(first.Key)] = first.Partition
		write(t, p, record(fmt.Sprint("K", k), k))
	}
	reader, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics("ours"))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	ctx, cancel := context.WithTimeout(t.Context(), adaptertest.Patience)
	defer cancel()
	for seen := 0; seen < keys; {
		fetches := reader.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		for _, r := range fetches.Records() {
			seen++
			if r.Partition != want[string(r.Key)] {
				t.Errorf("%s is in partition %d, other clients put it into %d", r.Key, r.Partition, want[string(r.Key)])
			}
		}
	}
}

const tick = `{"symbol":"IBM","time":35999123,"bid":180.36,"bidSize":300,"ask":180.41,"askSize":200,"exchange":"N","condition":"R","last":180.38,"volume":1204500}`

// BenchmarkFollow reads a topic of ticks from a cluster in the same process, which
// works as hard as the adapter.
func BenchmarkFollow(b *testing.B) {
	const n = 500_000
	c := newCluster(b, kfake.NumBrokers(1), kfake.SeedTopics(4, "ticks"))
	p := publisher(b, config(c), "ticks")
	var records []publish.Record
	for i := range n {
		records = append(records, publish.Record{Key: fmt.Appendf(nil, "SYM%04d", i%1000), Value: []byte(tick)})
		if len(records) == 10_000 {
			write(b, p, records...)
			records = records[:0]
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		a, err := kafka.New(kafka.Config{Cluster: config(c), Topics: []kafka.Topic{{Topic: "ticks"}}})
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(b.Context())
		feed := &until{Discard: adaptertest.NewDiscard(), up: cancel}
		if err := a.Run(ctx, feed); err != nil {
			b.Fatal(err)
		}
		if feed.Updates() != n {
			b.Fatal(a.Stats())
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
}

// until is a Discard that calls up when the last values are there.
type until struct {
	*adaptertest.Discard
	up func()
}

// Up implements adapters.Feed.
func (u *until) Up() { u.up() }
