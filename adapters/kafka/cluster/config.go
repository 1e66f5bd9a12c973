// Package cluster holds what is needed to reach a Kafka cluster: addresses, TLS
// and SASL as a configuration, and the connections made from it. The adapter and
// the publisher of ticks share it.
package cluster

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Config says where a cluster is and how to log in. The zero value of every field
// but Brokers is a default.
type Config struct {
	// Brokers are the addresses, as host:port, that are asked for the cluster's
	// layout; one that answers is enough. Required.
	Brokers []string `yaml:"brokers" doc:"Addresses of brokers, as host:port. One that answers is enough: it names the others."`
	// ClientID is the name that brokers see in their logs and quotas.
	// Default "halley".
	ClientID string `yaml:"client_id" doc:"The name that brokers see in their logs and quotas."`
	// DialTimeout is how long connecting may take, TLS and SASL included.
	// Default 5 s.
	DialTimeout time.Duration `yaml:"dial_timeout" min:"0s" doc:"How long connecting to a broker may take."`
	// TLS encrypts the connections.
	TLS TLS `yaml:"tls" doc:"Encryption of the connections to the brokers."`
	// SASL authenticates them.
	SASL SASL `yaml:"sasl" doc:"Authentication at the brokers."`
}

// TLS says how connections are encrypted. All certificates are PEM text.
type TLS struct {
	// Enabled turns TLS on.
	Enabled bool `yaml:"enabled" doc:"Turns TLS on."`
	// CA are the certificates of the authorities trusted. Default: the system's.
	CA string `yaml:"ca" secret:"true" doc:"Certificates of the authorities trusted, in PEM. Empty means the system's."`
	// Certificate and Key are the client's, where the brokers want one.
	Certificate string `yaml:"certificate" secret:"true" doc:"The client's certificate, in PEM, where the brokers want one."`
	Key         string `yaml:"key" secret:"true" doc:"The key of the client's certificate, in PEM."`
	// ServerName is the name expected in the brokers' certificates. Default: the
	// host of each broker's address.
	ServerName string `yaml:"server_name" doc:"The name expected in the brokers' certificates. Empty means the host of each address."`
	// InsecureSkipVerify accepts any certificate.
	InsecureSkipVerify bool `yaml:"insecure_skip_verify" doc:"Accepts any certificate. For tests only."`
}

// SASL says how to log in. No mechanism means no authentication.
type SASL struct {
	// Mechanism is empty, plain, scram-sha-256 or scram-sha-512.
	Mechanism string `yaml:"mechanism" doc:"Empty, plain, scram-sha-256 or scram-sha-512."`
	Username  string `yaml:"username" doc:"The user's name."`
	Password  string `yaml:"password" secret:"true" doc:"The password."`
}

// mechanisms are the values of SASL.Mechanism.
var mechanisms = []string{"", "plain", "scram-sha-256", "scram-sha-512"}

// WithDefaults returns c with the defaults in the place of zero values.
func (c Config) WithDefaults() Config {
	if c.ClientID == "" {
		c.ClientID = "halley"
	}
	if c.DialTimeout == 0 {
		c.DialTimeout = 5 * time.Second
	}
	return c
}

// Validate returns all faults of c, each with the name of its setting.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if len(c.Brokers) == 0 {
		fault("brokers: at least one address is needed, such as localhost:9092")
	}
	for i, b := range c.Brokers {
		if why := badAddress(b); why != "" {
			fault("brokers[%d]: %q %s; write for example localhost:9092", i, b, why)
		}
	}
	if c.DialTimeout < 0 {
		fault("dial_timeout: %v is negative", c.DialTimeout)
	}
	if err := c.TLS.validate(); err != nil {
		faults = append(faults, err)
	}
	if err := c.SASL.validate(); err != nil {
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// badAddress says what is wrong with the address of a broker, or nothing.
func badAddress(address string) string {
	host, port, err := net.SplitHostPort(address)
	switch n, portErr := strconv.Atoi(port); {
	case err != nil && !strings.Contains(address, ":"):
		return "has no port"
	case err != nil || strings.ContainsAny(host, "/, \t"):
		return "is not an address"
	case host == "":
		return "has no host"
	case portErr != nil || n < 1 || n > 65535:
		return "has no port from 1 to 65535"
	}
	return ""
}

func (t TLS) validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if !t.Enabled && t != (TLS{}) {
		fault("tls.enabled: is false, but other settings of tls are given")
	}
	if t.CA != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(t.CA)) {
		fault("tls.ca: holds no certificate in PEM")
	}
	switch {
	case t.Certificate == "" && t.Key != "":
		fault("tls.certificate: is missing, but tls.key is given")
	case t.Certificate != "" && t.Key == "":
		fault("tls.key: is missing, but tls.certificate is given")
	case t.Certificate != "":
		if _, err := tls.X509KeyPair([]byte(t.Certificate), []byte(t.Key)); err != nil {
			fault("tls.certificate: %w", err)
		}
	}
	return errors.Join(faults...)
}

func (s SASL) validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	switch {
	case !slices.Contains(mechanisms, strings.ToLower(s.Mechanism)):
		fault("sasl.mechanism: %q is not one of plain, scram-sha-256, scram-sha-512", s.Mechanism)
	case s.Mechanism == "" && (s.Username != "" || s.Password != ""):
		fault("sasl.mechanism: is missing, but a user or a password is given")
	case s.Mechanism != "" && s.Username == "":
		fault("sasl.username: is missing")
	}
	return errors.Join(faults...)
}
