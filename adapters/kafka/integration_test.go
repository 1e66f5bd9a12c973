package kafka_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/halley-stream/halley/adapters/adaptertest"
	"github.com/halley-stream/halley/adapters/kafka"
	"github.com/halley-stream/halley/adapters/kafka/brokertest"
	"github.com/halley-stream/halley/adapters/kafka/cluster"
	fake "github.com/halley-stream/halley/adapters/kafka/internal/records/recordtest"
	"github.com/halley-stream/halley/adapters/kafka/publish"
)

// These tests run against a real broker. One serves them all, in turn; the last
// one kills it.
func TestRealBroker(t *testing.T) {
	b := brokertest.Start(t)
	for _, c := range []struct {
		name string
		test func(*testing.T, *brokertest.Broker)
	}{
		{"all codecs", allCodecs},
		{"a compacted topic", compactedTopic},
		{"transactions", transactions},
		{"where reading begins", realBeginnings},
		{"a topic made again", topicMadeAgain},
		{"new partitions", newPartitions},
		{"a topic is never created", neverCreated},
		{"the broker is stopped and killed", brokerGoes},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, b) })
	}
}

// follow runs an adapter on a real cluster.
func follow(t *testing.T, c cluster.Config, topics ...kafka.Topic) *stage {
	t.Helper()
	s := &stage{t: t, Feed: adaptertest.NewFeed(t), log: &logText{t: t}}
	var err error
	s.adapter, err = kafka.New(kafka.Config{
		Cluster: c, Topics: topics, MetadataRefresh: 100 * time.Millisecond, Log: slog.New(slog.NewTextHandler(s.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.stop = adaptertest.Run(t, s.adapter, s.Feed)
	return s
}

// topicWriter returns a Publisher to a new topic.
func topicWriter(t *testing.T, c publish.Config, layout publish.Layout) *publish.Publisher {
	t.Helper()
	p, err := publish.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	if err := p.Create(t.Context(), layout); err != nil {
		t.Fatal(err)
	}
	return p
}

// write writes a record; an empty value is a tombstone. It is tried again while
// the broker learns of a new topic.
func write(t *testing.T, p *publish.Publisher, key, value string) {
	t.Helper()
	r := publish.Record{Key: []byte(key)}
	if value != "" {
		r.Value = []byte(value)
	}
	eventually(t, func() bool { return p.Write(t.Context(), r) == nil })
}

func allCodecs(t *testing.T, b *brokertest.Broker) {
	for i, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		p := topicWriter(t, publish.Config{Cluster: b.Config(), Topic: "codec-" + codec, Compression: codec}, publish.Layout{Partitions: 1 + i})
		var records []publish.Record
		for n := range 5000 {
			records = append(records, publish.Record{Key: fmt.Appendf(nil, "K%d", n%100), Value: fmt.Appendf(nil, `{"n":%d,"text":"some text that compresses"}`, n)})
		}
		if err := p.Write(t.Context(), records...); err != nil {
			t.Fatal(err)
		}
		s := follow(t, b.Config(), kafka.Topic{Topic: "codec-" + codec}).waitUp()
		for k := range 100 {
			if got, want := s.Last(fmt.Sprint("K", k), "n"), fmt.Sprint(4900+k); got != want {
				t.Fatalf("%s: K%d is %q, want %s", codec, k, got, want)
			}
		}
		write(t, p, "K7", `{"n":-1}`)
		s.waitLast("K7", "n", "-1")
		if got := s.adapter.Stats(); got.Records != 5001 || len(got.Bad) > 0 || got.Topics[0].Partitions != 1+i {
			t.Errorf("%s: %+v", codec, got)
		}
		s.stop()
	}
}

func compactedTopic(t *testing.T, b *brokertest.Broker) {
	p := topicWriter(t, publish.Config{Cluster: b.Config(), Topic: "compacted"}, publish.Layout{Compact: true, Settings: map[string]string{
		"segment.ms": "100", "min.cleanable.dirty.ratio": "0.01", "delete.retention.ms": "100", "max.compaction.lag.ms": "100",
	}})
	// Rounds of values, until the broker has taken most of them away.
	written := uint64(0)
	for deadline := time.Now().Add(time.Minute); ; {
		for range 20 {
			for k := range 5 {
				write(t, p, fmt.Sprint("K", k), fmt.Sprintf(`{"n":%d}`, written))
				written++
			}
		}
		write(t, p, "gone", `{"n":1}`)
		write(t, p, "gone", "")
		written += 2
		s := follow(t, b.Config(), kafka.Topic{Topic: "compacted"}).waitUp()
		read := s.adapter.Stats().Records
		for k := range 5 {
			if got, want := s.Last(fmt.Sprint("K", k), "n"), fmt.Sprint(written-7+uint64(k)); got != want {
				t.Fatalf("K%d is %q, want %s", k, got, want)
			}
		}
		if got := s.Last("gone", "n"); got != "" {
			t.Errorf("a deleted key is %q", got)
		}
		s.stop()
		if read < written/2 {
			t.Logf("%d records written, %d left", written, read)
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the broker has not compacted: %d of %d records are left", read, written)
		}
	}
}

// transaction is a producer's transaction, spoken by hand.
type transaction struct {
	t        *testing.T
	client   *kafkago.Client
	id       string
	producer kafkago.ProducerSession
	sequence int32
}

func newTransaction(t *testing.T, b *brokertest.Broker, id string) *transaction {
	t.Helper()
	k, err := cluster.New(b.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	x := &transaction{t: t, client: k.Client(10 * time.Second), id: id}
	eventually(t, func() bool { // the coordinator has to come up first
		r, err := x.client.InitProducerID(t.Context(), &kafkago.InitProducerIDRequest{
			TransactionalID: id, TransactionTimeoutMs: 60_000, ProducerID: -1, ProducerEpoch: -1,
		})
		if err == nil && r.Error == nil {
			x.producer = *r.Producer
		}
		return err == nil && r.Error == nil
	})
	return x
}

func (x *transaction) write(topic, key, value string) {
	x.t.Helper()
	eventually(x.t, func() bool {
		r, err := x.client.AddPartitionsToTxn(x.t.Context(), &kafkago.AddPartitionsToTxnRequest{
			TransactionalID: x.id, ProducerID: x.producer.ProducerID, ProducerEpoch: x.producer.ProducerEpoch,
			Topics: map[string][]kafkago.AddPartitionToTxn{topic: {{Partition: 0}}},
		})
		return err == nil && r.Topics[topic][0].Error == nil
	})
	batch := fake.Of(fake.Record{Time: time.Now().UnixMilli(), Key: []byte(key), Value: []byte(value)}).In(int64(x.producer.ProducerID))
	batch.Epoch, batch.Sequence = int16(x.producer.ProducerEpoch), x.sequence
	x.sequence++
	data := batch.Bytes()
	data = append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...) // kafka-go leaves the length to us
	r, err := x.client.RawProduce(x.t.Context(), &kafkago.RawProduceRequest{
		Topic: topic, RequiredAcks: kafkago.RequireAll, TransactionalID: x.id,
		RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(data)},
	})
	if err = errors.Join(err, r.Error); err != nil {
		x.t.Fatal(err)
	}
}

func (x *transaction) end(commit bool) {
	x.t.Helper()
	eventually(x.t, func() bool {
		r, err := x.client.EndTxn(x.t.Context(), &kafkago.EndTxnRequest{
			TransactionalID: x.id, ProducerID: x.producer.ProducerID, ProducerEpoch: x.producer.ProducerEpoch, Committed: commit,
		})
		return err == nil && r.Error == nil
	})
}

func transactions(t *testing.T, b *brokertest.Broker) {
	p := topicWriter(t, publish.Config{Cluster: b.Config(), Topic: "transactions"}, publish.Layout{})
	write(t, p, "IBM", `{"n":1}`)
	aborting := newTransaction(t, b, "aborting")
	aborting.write("transactions", "IBM", `{"n":2}`)
	aborting.end(false)
	committing := newTransaction(t, b, "committing")
	committing.write("transactions", "AIG", `{"n":3}`)
	committing.end(true)
	open := newTransaction(t, b, "open")
	open.write("transactions", "IBM", `{"n":4}`)

	s := follow(t, b.Config(), kafka.Topic{Topic: "transactions"})
	s.waitLast("AIG", "n", "3")
	s.waitUp()
	if got := s.Last("IBM", "n"); got != "1" {
		t.Errorf("IBM is %s before the transaction is decided, want 1", got)
	}
	open.end(true)
	s.waitLast("IBM", "n", "4")
	for _, e := range s.EventsOf("IBM") {
		if e.Values["n"].Text == "2" {
			t.Error("an aborted record is shown")
		}
	}
	if got := s.adapter.Stats(); got.Records != 3 || len(got.Bad) > 0 {
		t.Errorf("%+v, want three records", got)
	}
}

func realBeginnings(t *testing.T, b *brokertest.Broker) {
	p := topicWriter(t, publish.Config{Cluster: b.Config(), Topic: "beginnings"}, publish.Layout{})
	base := time.Now().Add(-time.Hour).Truncate(time.Second)
	for n := range 10 {
		r := publish.Record{Key: []byte("K"), Value: fmt.Appendf(nil, `{"n":%d}`, n), Time: base.Add(time.Duration(n) * time.Minute)}
		eventually(t, func() bool { return p.Write(t.Context(), r) == nil })
	}
	for _, c := range []struct {
		from kafka.Start
		want uint64
	}{{kafka.Earliest(), 10}, {kafka.Latest(), 0}, {kafka.Last(4), 4}, {kafka.Since(base.Add(7 * time.Minute)), 3}, {kafka.Ago(time.Minute), 0}} {
		s := follow(t, b.Config(), kafka.Topic{Topic: "beginnings", From: c.from}).waitUp()
		if got := s.adapter.Stats().Records; got != c.want {
			t.Errorf("from %v: %d records, want %d", c.from, got, c.want)
		}
		s.stop()
	}
}

func topicMadeAgain(t *testing.T, b *brokertest.Broker) {
	layout := publish.Layout{Partitions: 2}
	p := topicWriter(t, publish.Config{Cluster: b.Config(), Topic: "again"}, layout)
	for n := range 20 {
		write(t, p, fmt.Sprint("OLD", n%4), fmt.Sprintf(`{"n":%d}`, n))
	}
	s := follow(t, b.Config(), kafka.Topic{Topic: "again"}).waitUp()
	k, err := cluster.New(b.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if _, err := k.Client(10*time.Second).DeleteTopics(t.Context(), &kafkago.DeleteTopicsRequest{Topics: []string{"again"}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return p.Create(t.Context(), layout) == nil })
	for n := range 60 { // longer than the old one
		write(t, p, fmt.Sprint("NEW", n%4), fmt.Sprintf(`{"n":%d}`, n))
	}
	s.WaitFor(func() bool {
		for i := range 4 {
			if s.Last(fmt.Sprint("OLD", i), "n") != "" || s.Last(fmt.Sprint("NEW", i), "n") != fmt.Sprint(56+i) {
				return false
			}
		}
		return true
	})
	events := 0
	for i := range 4 {
		for _, e := range s.EventsOf(fmt.Sprint("NEW", i)) {
			if events++; e.Kind == adaptertest.Clear {
				events = 0
			}
		}
	}
	if events < 15 {
		t.Errorf("only %d of the new topic's records were read", events)
	}
}

func newPartitions(t *testing.T, b *brokertest.Broker) {
	p := topicWriter(t, publish.Config{Cluster: b.Config(), Topic: "growing"}, publish.Layout{})
	write(t, p, "K0", `{"n":0}`)
	s := follow(t, b.Config(), kafka.Topic{Topic: "growing", From: kafka.Latest()}).waitUp()
	k, err := cluster.New(b.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	r, err := k.Client(10*time.Second).CreatePartitions(t.Context(), &kafkago.CreatePartitionsRequest{
		Topics: []kafkago.TopicPartitionsConfig{{Name: "growing", Count: 4, TopicPartitionAssignments: []kafkago.TopicPartitionAssignment{{BrokerIDs: []int32{1}}, {BrokerIDs: []int32{1}}, {BrokerIDs: []int32{1}}}}},
	})
	if err = errors.Join(err, r.Errors["growing"]); err != nil {
		t.Fatal(err)
	}
	grown, err := publish.New(publish.Config{Cluster: b.Config(), Topic: "growing"})
	if err != nil {
		t.Fatal(err)
	}
	defer grown.Close()
	for n := range 40 {
		write(t, grown, fmt.Sprint("K", n), `{"n":1}`)
	}
	s.WaitFor(func() bool {
		for n := range 40 {
			if s.Last(fmt.Sprint("K", n), "n") != "1" {
				return false
			}
		}
		return true
	})
	s.waitStats(func(got kafka.Stats) bool { return got.Topics[0].Partitions == 4 })
}

func neverCreated(t *testing.T, b *brokertest.Broker) {
	s := follow(t, b.Config(), kafka.Topic{Topic: "misspelt"})
	s.waitDown(`topic "misspelt" does not exist`)
	p, err := publish.New(publish.Config{Cluster: b.Config(), Topic: "misspelt"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Check(t.Context()); !errors.Is(err, publish.ErrNoTopic) {
		t.Errorf("the topic is there: %v", err)
	}
}

func brokerGoes(t *testing.T, b *brokertest.Broker) {
	p := topicWriter(t, publish.Config{Cluster: b.Config(), Topic: "outage"}, publish.Layout{Partitions: 3})
	for n := range 30 {
		write(t, p, fmt.Sprint("K", n), `{"n":1}`)
	}
	s := follow(t, b.Config(), kafka.Topic{Topic: "outage"}).waitUp()
	for round, end := range []func(){b.Stop, b.Kill} {
		end()
		s.waitDown("connection refused")
		for n := range 30 {
			if got, want := s.Last(fmt.Sprint("K", n), "n"), fmt.Sprint(round+1); got != want {
				t.Fatalf("round %d: K%d is %q while the broker is away, want %s", round, n, got, want)
			}
		}
		b.Restart()
		for n := range 30 {
			write(t, p, fmt.Sprint("K", n), fmt.Sprintf(`{"n":%d}`, round+2))
		}
		s.WaitFor(func() bool {
			for n := range 30 {
				if s.Last(fmt.Sprint("K", n), "n") != fmt.Sprint(round+2) {
					return false
				}
			}
			return true
		})
		s.waitUp()
	}
	if got := s.adapter.Stats(); got.Lost > 0 || len(got.Bad) > 0 || got.Reconnects == 0 {
		t.Errorf("%+v", got)
	}
}

// A broker that wants TLS and a password.
func TestRealBrokerWithTLSAndSASL(t *testing.T) {
	certificate, key := selfSigned(t)
	escape := func(text string) string { return strings.ReplaceAll(text, "\n", `\n`) }
	b := brokertest.Start(t,
		"listeners=SASL_SSL://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
		"advertised.listeners=SASL_SSL://127.0.0.1:{port}",
		"listener.security.protocol.map=SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
		"inter.broker.listener.name=SASL_SSL",
		"sasl.mechanism.inter.broker.protocol=PLAIN",
		"sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512",
		`listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="admin" user_admin="admin" user_halley="secret";`,
		`listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;`,
		"ssl.keystore.type=PEM",
		"ssl.keystore.certificate.chain="+escape(certificate),
		"ssl.keystore.key="+escape(key),
		"ssl.truststore.type=PEM",
		"ssl.truststore.certificates="+escape(certificate),
		"ssl.endpoint.identification.algorithm=",
	)
	good := b.Config()
	good.TLS = cluster.TLS{Enabled: true, CA: certificate}
	good.SASL = cluster.SASL{Mechanism: "plain", Username: "halley", Password: "secret"}
	p := topicWriter(t, publish.Config{Cluster: good, Topic: "ticks"}, publish.Layout{})
	write(t, p, "IBM", `{"bid":1}`)
	addScramUser(t, good, "scram", "secret too")

	scram := good
	scram.SASL = cluster.SASL{Mechanism: "scram-sha-512", Username: "scram", Password: "secret too"}
	for name, c := range map[string]cluster.Config{"plain": good, "scram": scram} {
		s := follow(t, c, kafka.Topic{Topic: "ticks"}).waitUp()
		if got := s.Last("IBM", "bid"); got != "1" {
			t.Errorf("%s: bid %q", name, got)
		}
		s.stop()
	}

	wrong, stranger, open, plain := good, good, good, good
	wrong.SASL.Password = "wrong"
	stranger.TLS.CA, _ = selfSigned(t)
	open.SASL = cluster.SASL{}
	plain.TLS = cluster.TLS{}
	for _, c := range []struct {
		name string
		cfg  cluster.Config
		want string
	}{
		{"a wrong password", wrong, "check sasl.username and sasl.password"},
		{"a certificate that is not trusted", stranger, "certificate"},
		{"no password", open, "whether it wants tls or sasl"},
		{"no TLS", plain, "whether it wants tls or sasl"},
	} {
		t.Run(c.name, func(t *testing.T) {
			follow(t, c.cfg, kafka.Topic{Topic: "ticks"}).waitDown(c.want)
		})
	}
}

// addScramUser makes a user whose password the broker keeps.
func addScramUser(t *testing.T, c cluster.Config, user, password string) {
	t.Helper()
	k, err := cluster.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	const iterations = 4096
	salt := []byte("salt")
	salted, err := pbkdf2.Key(sha512.New, password, salt, iterations, sha512.Size)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := k.Client(0).AlterUserScramCredentials(ctx, &kafkago.AlterUserScramCredentialsRequest{
		Upsertions: []kafkago.UserScramCredentialsUpsertion{{
			Name: user, Mechanism: kafkago.ScramMechanismSha512, Iterations: iterations,
			Salt: salt, SaltedPassword: salted,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range r.Results {
		if result.Error != nil {
			t.Fatal(result.Error)
		}
	}
}

// selfSigned returns a certificate for 127.0.0.1 that has signed itself, and its
// key, as PEM.
func selfSigned(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "broker"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}
