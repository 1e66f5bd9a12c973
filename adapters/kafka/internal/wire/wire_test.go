package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/halley-stream/halley/adapters/kafka/cluster"
	"github.com/halley-stream/halley/adapters/kafka/internal/fakebroker"
	fake "github.com/halley-stream/halley/adapters/kafka/internal/records/recordtest"
	"github.com/halley-stream/halley/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func connect(t *testing.T, c *fakebroker.Cluster) *cluster.Cluster {
	t.Helper()
	k, err := cluster.New(cluster.Config{Brokers: c.Addresses(), ClientID: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return k
}

// protocol.RawExchanger is a hook that kafka-go has for a case of its own, and
// that few others use. If a release drops it, this test tells.
func TestTheTransportLetsUsTalk(t *testing.T) {
	k := connect(t, fakebroker.New(t, 1))
	talked := 0
	e := &exchange{key: protocol.Fetch, broker: 1, talk: func(conn io.ReadWriter, version int16) error {
		talked++
		if version != fetchVersion {
			t.Errorf("the version agreed on is %d, want %d", version, fetchVersion)
		}
		return nil
	}}
	if err := e.do(t.Context(), k); err != nil || talked != 1 {
		t.Fatalf("talked %d times, %v; want once", talked, err)
	}
}

func TestTopics(t *testing.T) {
	for name, version := range map[string]int16{"with ids": 13, "without ids": 8} {
		t.Run(name, func(t *testing.T) {
			c := fakebroker.New(t, 2)
			c.Offer(fakebroker.Metadata, version)
			c.Create("first", 1)
			c.Create("ticks", 3)
			c.Lead("ticks", 1, 2)
			c.Lead("ticks", 2, 0)
			topics, err := NewClient(connect(t, c)).Topics(t.Context(), []string{"ticks", "none"})
			if err != nil || len(topics) != 2 {
				t.Fatal(topics, err)
			}
			ticks, none := topics[0], topics[1]
			if ticks.Err != nil || len(ticks.Partitions) != 3 || ticks.Partitions[1] != (Partition{1, 2, 1}) || ticks.Partitions[2].Leader != -1 {
				t.Errorf("ticks are %+v", ticks)
			}
			if hasID := ticks.ID != (ID{}); hasID != (version >= metadataWithIDs) {
				t.Errorf("the id is %v", ticks.ID)
			}
			if !errors.Is(none.Err, kafka.UnknownTopicOrPartition) || none.Name != "none" {
				t.Errorf("a topic that there is not is %+v", none)
			}
		})
	}
}

func TestOldBrokersAreTold(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("ticks", 1)
	c.Offer(fakebroker.ListOffsets, 4)
	c.Offer(fakebroker.Fetch, 10)
	k := connect(t, c)
	_, err := NewClient(k).Offsets(t.Context(), 1, ReadCommitted, First, []Place{{"ticks", 0, -1}})
	if err == nil || !strings.Contains(err.Error(), "too old: it speaks ListOffsets version 4, 5 is needed") {
		t.Errorf("offsets: %v", err)
	}
	f := NewFetcher(k)
	if err := f.Fetch(t.Context(), 1, []Want{{Place: Place{"ticks", 0, -1}}}); err == nil || !strings.Contains(err.Error(), "Fetch version 10, 11 is needed") {
		t.Errorf("fetch: %v", err)
	}
}

func TestOffsets(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("ticks", 2)
	c.Append("ticks", 0, 0, 9, nil)
	c.Trim("ticks", 0, 3)
	c.Hold("ticks", 0, 7)
	client := NewClient(connect(t, c))
	for _, q := range []struct {
		name      string
		isolation Isolation
		at, want  int64
	}{
		{"first", ReadCommitted, First, 3}, {"last", ReadUncommitted, Last, 10}, {"last committed", ReadCommitted, Last, 7},
		{"a time", ReadCommitted, 5000, 5}, {"a time past the end", ReadCommitted, 20_000, -1},
	} {
		got, err := client.Offsets(t.Context(), 1, q.isolation, q.at, []Place{{"ticks", 0, -1}, {"none", 7, -1}})
		if err != nil || len(got) != 2 || got[0].Offset != q.want || got[0].Err != nil || !errors.Is(got[1].Err, kafka.UnknownTopicOrPartition) {
			t.Errorf("%s: %+v, %v; want %d and an unknown topic", q.name, got, err, q.want)
		}
	}
}

func TestFetch(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("a", 2)
	c.Create("b", 1)
	data := fake.Of(fake.Text(0, "k", "v")).Bytes()
	c.Append("a", 0, 0, 0, data)
	c.Append("b", 0, 0, 0, data)
	c.Abort("b", 0, fakebroker.Aborted{Producer: 7, First: 0})
	f := NewFetcher(connect(t, c))
	f.MaxWait, f.MaxBytes, f.PartitionBytes, f.Isolation = time.Second, 1<<20, 1<<20, ReadCommitted
	for range 2 { // a Fetcher is used again
		if err := f.Fetch(t.Context(), 1, []Want{{Place: Place{"a", 0, 0}}, {Place: Place{"a", 1, 0}}, {Place: Place{"b", 0, 0}}, {Place: Place{"b", 0, 0}, Offset: 99}}); err != nil {
			t.Fatal(err)
		}
		var got []string
		var a Answer
		for f.Next(&a) {
			s := string(a.Topic) + strconv.Itoa(int(a.Partition))
			if a.Err != nil {
				s += " " + a.Err.(kafka.Error).Title()
			}
			if len(a.Records) > 0 {
				s += " records"
			}
			if len(a.Aborted) > 0 {
				s += " aborted"
			}
			got = append(got, s)
		}
		if want := "a0 records, a1, b0 records aborted, b0 Offset Out Of Range"; f.Err() != nil || strings.Join(got, ", ") != want {
			t.Errorf("got %s, %v; want %s", strings.Join(got, ", "), f.Err(), want)
		}
	}
}

func TestABrokerThatIsNotThere(t *testing.T) {
	c := fakebroker.New(t, 1)
	if err := NewFetcher(connect(t, c)).Fetch(t.Context(), 7, nil); err == nil || !strings.Contains(err.Error(), "broker 7 is not in the cluster") {
		t.Errorf("got %v", err)
	}
}

func TestCancellingEndsAFetchAtOnce(t *testing.T) {
	c := fakebroker.New(t, 1)
	c.Create("ticks", 1)
	f := NewFetcher(connect(t, c))
	f.MaxWait = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now()
	time.AfterFunc(20*time.Millisecond, cancel)
	if err := f.Fetch(ctx, 1, []Want{{Place: Place{"ticks", 0, 0}}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want Canceled", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	// The exchange is over: its buffers may be used again.
	f.MaxWait = 0
	if err := f.Fetch(t.Context(), 1, []Want{{Place: Place{"ticks", 0, 0}}}); err != nil {
		t.Error(err)
	}
}

// A broker that takes requests and says nothing, as behind a network that is gone.
func TestSilenceIsAnError(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(io.Discard, theirs)
	}()
	e := &exchange{wait: 20*time.Millisecond - silence, talk: func(conn io.ReadWriter, _ int16) error {
		var b buffers
		_, err := b.ask(conn, b.begin(protocol.Fetch, fetchVersion, plainHeader), plainHeader)
		return err
	}}
	if _, err := e.RawExchange(ours); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want a timeout", err)
	}
	ours.Close()
	<-done
}

func TestAnAbandonedExchangeNeverBegins(t *testing.T) {
	e := &exchange{talk: func(io.ReadWriter, int16) error { t.Error("it talked"); return nil }}
	e.end()
	if _, err := e.RawExchange(nil); !errors.Is(err, errAbandoned) {
		t.Errorf("got %v", err)
	}
}

// answering returns a connection on which each request is answered with bytes.
func answering(t *testing.T, response []byte) net.Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	done := make(chan struct{})
	t.Cleanup(func() { <-done })
	go func() {
		defer close(done)
		if _, err := theirs.Read(make([]byte, 1<<16)); err == nil {
			theirs.Write(response)
		}
		theirs.Close()
	}()
	return ours
}

func TestMalformedResponses(t *testing.T) {
	frame := func(correlation int32, body ...byte) []byte {
		return append(appendInt32(appendInt32(nil, int32(4+len(body))), correlation), body...)
	}
	for _, c := range []struct {
		name     string
		response []byte
		want     error
	}{
		{"none", nil, io.EOF},
		{"cut off", frame(1, 1, 2, 3)[:9], io.ErrUnexpectedEOF},
		{"a negative length", binary.BigEndian.AppendUint32(nil, 1<<31), ErrMalformed},
		{"a huge length", appendInt32(nil, maxResponse+1), ErrMalformed},
		{"another request's", frame(2), ErrMalformed},
		{"right", frame(1, 1, 2, 3), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b buffers
			r, err := b.ask(answering(t, c.response), b.begin(protocol.Fetch, 11, plainHeader), plainHeader)
			if !errors.Is(err, c.want) || err == nil && len(r.buf) != 3 {
				t.Errorf("got %v, %v; want %v", r.buf, err, c.want)
			}
		})
	}
}

func TestLargeBuffersAreNotKept(t *testing.T) {
	var b buffers
	for _, n := range []int{bufferKept + 1, 3} {
		response := appendInt32(appendInt32(nil, int32(4+n)), b.correlation+1)
		if _, err := b.ask(answering(t, append(response, make([]byte, n)...)), b.begin(protocol.Fetch, 11, plainHeader), plainHeader); err != nil {
			t.Fatal(err)
		}
	}
	if cap(b.response) > bufferKept {
		t.Errorf("%d bytes are kept", cap(b.response))
	}
}

// FuzzResponses checks that no response makes the readers panic or claim memory
// for what it does not have.
func FuzzResponses(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 'a', 0, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{2, 1, 1, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F})
	f.Fuzz(func(t *testing.T, body []byte) {
		fetcher := &Fetcher{rest: reader{buf: body}}
		fetcher.begin()
		var a Answer
		for n := 0; fetcher.Next(&a); n++ {
			if n > len(body) {
				t.Fatal("more answers than bytes")
			}
		}
		r := reader{buf: body}
		readTopicsWithIDs(&r)
		r = reader{buf: body}
		readTopicsPlain(&r)
		r = reader{buf: body}
		readOffsets(&r)
	})
}
