package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// metadataTTL bounds the age of what the transport itself knows of the brokers:
// how soon requests find one that has a new address.
const metadataTTL = 2 * time.Second

// closePatience is how long Close waits for kafka-go to let go of its connections.
const closePatience = 500 * time.Millisecond

// Cluster is a set of connections to the brokers of a cluster, made when they are
// needed. Its methods may be called from any goroutine; Close ends it.
type Cluster struct {
	// Addr and Transport are what requests of kafka-go want. Immutable.
	Addr      net.Addr
	Transport *kafka.Transport

	cancel context.CancelFunc
	dial   net.Dialer

	mu     sync.Mutex
	closed bool
	open   map[*conn]struct{}
	gone   chan struct{} // closed when open is empty after closed was set
}

// errClosed is the answer to a dial after Close.
var errClosed = errors.New("cluster closed")

// New returns a Cluster for c, which must be valid. Nothing is dialled yet. The
// transport's own view of the cluster is limited to the topics given, if any.
func New(c Config, topics ...string) (*Cluster, error) {
	c = c.WithDefaults()
	mechanism, err := c.SASL.mechanism()
	if err != nil {
		return nil, err
	}
	encryption, err := c.TLS.config()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	k := &Cluster{
		Addr:   kafka.TCP(c.Brokers...),
		cancel: cancel,
		// One address that does not answer must not use up the time for the others.
		dial: net.Dialer{Timeout: c.DialTimeout / time.Duration(min(len(c.Brokers), 3))},
		open: make(map[*conn]struct{}),
		gone: make(chan struct{}),
	}
	k.Transport = &kafka.Transport{
		Dial:           k.connect,
		DialTimeout:    c.DialTimeout,
		MetadataTTL:    metadataTTL,
		MetadataTopics: topics,
		ClientID:       c.ClientID,
		TLS:            encryption,
		SASL:           mechanism,
		Context:        ctx,
	}
	return k, nil
}

// Client returns a client for what is asked rarely: creating topics and the like.
func (k *Cluster) Client(timeout time.Duration) *kafka.Client {
	return &kafka.Client{Addr: k.Addr, Transport: k.Transport, Timeout: timeout}
}

// Close closes all connections. kafka-go runs a goroutine for each of them, so
// Close waits, not for long, until it has let go of them. No request may be under
// way.
func (k *Cluster) Close() {
	k.cancel()
	k.Transport.CloseIdleConnections()
	k.mu.Lock()
	if !k.closed {
		k.closed = true
		k.checkGone()
	}
	k.mu.Unlock()
	patience := time.NewTimer(closePatience)
	defer patience.Stop()
	select {
	case <-k.gone:
	case <-patience.C:
		k.abandon()
	}
}

// abandon closes the connections that kafka-go still holds.
func (k *Cluster) abandon() {
	k.mu.Lock()
	left := make([]*conn, 0, len(k.open))
	for c := range k.open {
		left = append(left, c)
	}
	k.mu.Unlock()
	for _, c := range left {
		c.Close()
	}
}

func (k *Cluster) connect(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := k.dial.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	tracked := &conn{Conn: c, cluster: k}
	k.mu.Lock()
	closed := k.closed
	if !closed {
		k.open[tracked] = struct{}{}
	}
	k.mu.Unlock()
	if closed {
		c.Close()
		return nil, errClosed
	}
	return tracked, nil
}

// checkGone is called with k.mu held.
func (k *Cluster) checkGone() {
	if k.closed && len(k.open) == 0 {
		close(k.gone)
	}
}

// conn is a connection that tells its cluster when it is closed.
type conn struct {
	net.Conn
	cluster *Cluster
	once    sync.Once
}

// Close implements net.Conn.
func (c *conn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		c.cluster.mu.Lock()
		delete(c.cluster.open, c)
		c.cluster.checkGone()
		c.cluster.mu.Unlock()
	})
	return err
}

func (s SASL) mechanism() (sasl.Mechanism, error) {
	var (
		m   sasl.Mechanism
		err error
	)
	switch strings.ToLower(s.Mechanism) {
	case "":
	case "plain":
		m = plain.Mechanism{Username: s.Username, Password: s.Password}
	case "scram-sha-256":
		m, err = scram.Mechanism(scram.SHA256, s.Username, s.Password)
	case "scram-sha-512":
		m, err = scram.Mechanism(scram.SHA512, s.Username, s.Password)
	default:
		err = fmt.Errorf("%q is unknown", s.Mechanism)
	}
	if err != nil {
		return nil, fmt.Errorf("sasl.mechanism: %w", err)
	}
	return m, nil
}

func (t TLS) config() (*tls.Config, error) {
	if !t.Enabled {
		return nil, nil
	}
	c := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         t.ServerName,
		InsecureSkipVerify: t.InsecureSkipVerify,
	}
	if t.CA != "" {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(t.CA)) {
			return nil, errors.New("tls.ca: holds no certificate in PEM")
		}
	}
	if t.Certificate != "" {
		pair, err := tls.X509KeyPair([]byte(t.Certificate), []byte(t.Key))
		if err != nil {
			return nil, fmt.Errorf("tls.certificate: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
