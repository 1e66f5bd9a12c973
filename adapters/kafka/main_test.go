package kafka_test

import (
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters/adaptertest"
	"github.com/halley-stream/halley/adapters/kafka"
	"github.com/halley-stream/halley/adapters/kafka/cluster"
	"github.com/halley-stream/halley/adapters/kafka/internal/fakebroker"
	fake "github.com/halley-stream/halley/adapters/kafka/internal/records/recordtest"
	"github.com/halley-stream/halley/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// stage is an adapter that runs on a cluster in miniature.
type stage struct {
	*adaptertest.Feed
	t       *testing.T
	cluster *fakebroker.Cluster
	adapter *kafka.Adapter
	stop    func()
	log     *logText
}

// play runs an adapter for the topics on c.
func play(t *testing.T, c *fakebroker.Cluster, topics ...kafka.Topic) *stage {
	t.Helper()
	return playWith(t, c, adaptertest.Limits{}, kafka.Config{Topics: topics})
}

// playWith is play with limits of the feed and more settings.
func playWith(t *testing.T, c *fakebroker.Cluster, limits adaptertest.Limits, cfg kafka.Config) *stage {
	t.Helper()
	s := &stage{t: t, cluster: c, Feed: adaptertest.NewFeedWith(t, limits), log: &logText{t: t}}
	cfg.Cluster = cluster.Config{Brokers: c.Addresses()}
	cfg.MetadataRefresh = 20 * time.Millisecond
	cfg.Log = slog.New(slog.NewTextHandler(s.log, nil))
	var err error
	if s.adapter, err = kafka.New(cfg); err != nil {
		t.Fatal(err)
	}
	s.stop = adaptertest.Run(t, s.adapter, s.Feed)
	return s
}

// waitUp waits until the values are rebuilt and live.
func (s *stage) waitUp() *stage {
	s.t.Helper()
	s.WaitFor(s.IsUp)
	return s
}

// waitLast waits until a field has a value.
func (s *stage) waitLast(item, field, want string) {
	s.t.Helper()
	s.WaitFor(func() bool { return s.Last(item, field) == want })
}

// waitStats waits until the figures are as they should be. They change without the
// feed being told.
func (s *stage) waitStats(done func(kafka.Stats) bool) {
	s.t.Helper()
	eventually(s.t, func() bool { return done(s.adapter.Stats()) })
}

// eventually waits for something that nobody tells of.
func eventually(t *testing.T, done func() bool) {
	t.Helper()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(adaptertest.Patience); !done(); <-poll.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain", adaptertest.Patience)
		}
	}
}

// downs returns the reasons for which the values were said to be stale.
func (s *stage) downs() []string {
	var reasons []string
	for _, e := range s.Events() {
		if e.Kind == adaptertest.Down {
			reasons = append(reasons, e.Err.Error())
		}
	}
	return reasons
}

// waitDown waits until the values are said to be stale for a reason with a text in
// it.
func (s *stage) waitDown(text string) {
	s.t.Helper()
	s.WaitFor(func() bool {
		downs := s.downs()
		return !s.IsUp() && len(downs) > 0 && strings.Contains(downs[len(downs)-1], text)
	})
}

// add appends a batch to a partition of the cluster.
func add(c *fakebroker.Cluster, topic string, partition int, b fake.Batch) {
	last := b.Last
	if n := len(b.Records); n > 0 {
		last = max(last, b.Records[n-1].Offset)
	}
	c.Append(topic, partition, b.Base, last, b.Bytes())
}

// put appends one record to a partition.
func put(c *fakebroker.Cluster, topic string, partition int, offset int64, key, value string) {
	add(c, topic, partition, fake.Of(fake.Text(offset, key, value)))
}

// logText collects what is logged, and shows it when the test fails.
type logText struct {
	t    *testing.T
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.t.Logf("%s", p)
	return l.text.Write(p)
}

func (l *logText) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), text)
}

func (l *logText) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}
