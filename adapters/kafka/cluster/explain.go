package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/segmentio/kafka-go"
)

// Explain adds to an error of a request what a person can do about it, where the
// error alone does not say so. The error stays inside.
func Explain(err error) error {
	var (
		dns     *net.DNSError
		timeout net.Error
	)
	err = withoutCall(err)
	hint := ""
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ECONNREFUSED):
		hint = "nothing listens there; check brokers and that Kafka is running"
	case errors.As(err, &dns):
		hint = "check the host names in brokers"
	case errors.Is(err, kafka.SASLAuthenticationFailed):
		hint = "check sasl.username and sasl.password"
	case errors.Is(err, kafka.UnsupportedSASLMechanism):
		hint = "the brokers do not offer this sasl.mechanism"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		hint = "the broker closed the connection; if it does so every time, check whether it wants tls or sasl"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		hint = "no answer in time; check brokers and the network"
	default:
		return err
	}
	return fmt.Errorf("%w (%s)", err, hint)
}

// withoutCall takes the name of the library's method off, which tells a person nothing.
func withoutCall(err error) error {
	if inner := errors.Unwrap(err); inner != nil && strings.HasPrefix(err.Error(), "kafka.(*") {
		return inner
	}
	return err
}
