package cluster

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/halley-stream/halley/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// certificate returns a certificate that has signed itself, and its key, as PEM.
func certificate(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
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

func TestValidate(t *testing.T) {
	cert, key := certificate(t)
	_, other := certificate(t)
	brokers := []string{"localhost:9092"}
	for _, c := range []struct {
		name string
		cfg  Config
		want string // the faults' beginnings
	}{
		{"the least", Config{Brokers: brokers}, ""},
		{"all", Config{Brokers: []string{"a:1", "[::1]:65535", "b.example:9092"}, ClientID: "x", DialTimeout: time.Second,
			TLS:  TLS{Enabled: true, CA: cert, Certificate: cert, Key: key, ServerName: "x"},
			SASL: SASL{Mechanism: "SCRAM-SHA-512", Username: "u", Password: "p"}}, ""},
		{"no brokers", Config{}, "brokers: at least one"},
		{"bad addresses", Config{Brokers: []string{"", "host", ":9092", "host:0", "host:x", "a/b:1", "host:65536"}},
			"brokers[0]: brokers[1]: brokers[2]: brokers[3]: brokers[4]: brokers[5]: brokers[6]:"},
		{"settings of TLS without TLS", Config{Brokers: brokers, TLS: TLS{CA: cert}}, "tls.enabled: is false"},
		{"no certificates", Config{Brokers: brokers, TLS: TLS{Enabled: true, CA: "x"}}, "tls.ca: holds no certificate"},
		{"a key alone", Config{Brokers: brokers, TLS: TLS{Enabled: true, Key: key}}, "tls.certificate: is missing"},
		{"a certificate alone", Config{Brokers: brokers, TLS: TLS{Enabled: true, Certificate: cert}}, "tls.key: is missing"},
		{"a key of another certificate", Config{Brokers: brokers, TLS: TLS{Enabled: true, Certificate: cert, Key: other}}, "tls.certificate: tls: private key does not match"},
		{"a password alone", Config{Brokers: brokers, SASL: SASL{Password: "p"}}, "sasl.mechanism: is missing"},
		{"no user", Config{Brokers: brokers, SASL: SASL{Mechanism: "plain"}}, "sasl.username: is missing"},
		{"a negative time", Config{Brokers: brokers, DialTimeout: -1}, "dial_timeout: -1ns is negative"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.cfg.Validate()
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				k, err := New(c.cfg)
				if err != nil {
					t.Fatal(err)
				}
				k.Close()
				return
			}
			for _, want := range strings.SplitAfter(c.want, ": ")[:strings.Count(c.want, ": ")] {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q", err, want)
				}
			}
		})
	}
}

func TestCloseClosesConnections(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	k, err := New(Config{Brokers: []string{l.Addr().String()}})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := k.connect(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	k.Close() // nobody else will close conn
	if _, err := accepted.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the connection is still open: %v", err)
	}
	conn.Close()
	k.Close()
	if _, err := k.connect(t.Context(), "tcp", l.Addr().String()); !errors.Is(err, errClosed) {
		t.Errorf("connecting after Close: %v", err)
	}
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, "nothing listens there"},
		{&net.DNSError{Err: "no such host", Name: "x"}, "check the host names"},
		{fmt.Errorf("x: %w", kafka.SASLAuthenticationFailed), "check sasl.username"},
		{kafka.UnsupportedSASLMechanism, "do not offer this sasl.mechanism"},
		{io.ErrUnexpectedEOF, "whether it wants tls or sasl"},
		{context.DeadlineExceeded, "no answer in time"},
		{errors.New("something else"), "something else"},
	} {
		if got := Explain(c.err); !strings.Contains(got.Error(), c.want) || !errors.Is(got, c.err) {
			t.Errorf("%v is explained as %v, want %q", c.err, got, c.want)
		}
	}
	if got := Explain(fmt.Errorf("kafka.(*Client).Metadata: %w", syscall.ECONNREFUSED)); !strings.HasPrefix(got.Error(), "connection refused (") {
		t.Errorf("of a call of the library's it says %q", got)
	}
	if Explain(nil) != nil {
		t.Error("nothing is explained as something")
	}
}
