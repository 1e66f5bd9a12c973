package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/segmentio/kafka-go/protocol"

	"github.com/halley-stream/halley/adapters/kafka/cluster"
)

// exchange is one request with its response, as kafka-go's transport carries it:
// the transport gives a connection to the right broker, and the exchange does the
// talking there. That is what protocol.RawExchanger is for.
//
// The talk runs in a goroutine of the transport's, which goes on when the
// caller's context is done. So an exchange is used once, and do makes sure that
// it is over, or will never begin, before it returns: the buffers that it writes
// to are free again.
type exchange struct {
	key    protocol.ApiKey
	broker int32
	// wait is how long the broker may be silent before it answers, beyond what it
	// may always be.
	wait time.Duration
	// talk is what happens on the connection. version is the highest version of
	// key that both the broker and kafka-go know.
	talk func(conn io.ReadWriter, version int16) error

	version int16 // set by Required, in the goroutine that talks

	mu        sync.Mutex
	conn      io.ReadWriter // while it talks
	abandoned bool
	over      chan struct{} // made when it begins to talk, closed when it is done
}

// anyBroker is the id of no broker: the request goes to one of the addresses
// configured.
const anyBroker = -1

// errAbandoned ends an exchange that nobody waits for any more.
var errAbandoned = errors.New("request abandoned")

var (
	_ protocol.RawExchanger  = (*exchange)(nil)
	_ protocol.BrokerMessage = (*exchange)(nil)
)

// do sends the request and waits for the end of the response, until ctx is done.
func (e *exchange) do(ctx context.Context, k *cluster.Cluster) error {
	_, err := k.Transport.RoundTrip(ctx, k.Addr, e)
	e.end()
	return err
}

// end abandons the exchange if it has not begun, and else waits until it is over.
func (e *exchange) end() {
	e.mu.Lock()
	e.abandoned = true
	if conn, ok := e.conn.(interface{ SetDeadline(time.Time) error }); ok {
		_ = conn.SetDeadline(time.Unix(1, 0)) // a connection that is gone needs none
	}
	over := e.over
	e.mu.Unlock()
	if over != nil {
		<-over
	}
}

// ApiKey implements protocol.Message.
func (e *exchange) ApiKey() protocol.ApiKey { return e.key }

// Broker implements protocol.BrokerMessage.
func (e *exchange) Broker(layout protocol.Cluster) (protocol.Broker, error) {
	if e.broker == anyBroker {
		return protocol.Broker{ID: anyBroker}, nil
	}
	b, ok := layout.Brokers[e.broker]
	if !ok {
		return protocol.Broker{}, fmt.Errorf("broker %d is not in the cluster", e.broker)
	}
	return b, nil
}

// Required implements protocol.RawExchanger.
func (e *exchange) Required(versions map[protocol.ApiKey]int16) bool {
	e.version = versions[e.key]
	return true
}

// RawExchange implements protocol.RawExchanger.
func (e *exchange) RawExchange(conn io.ReadWriter) (protocol.Message, error) {
	e.mu.Lock()
	if e.abandoned {
		e.mu.Unlock()
		return nil, errAbandoned
	}
	e.conn, e.over = conn, make(chan struct{})
	e.mu.Unlock()
	err := e.talk(line{conn, e}, e.version)
	e.mu.Lock()
	e.conn = nil
	close(e.over)
	e.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return e, nil
}

// silence is how long a broker may say nothing when it should. A response may take
// longer as a whole, as long as it goes on.
const silence = 5 * time.Second

// line is a connection on which silence is an error: each Read has its own time.
type line struct {
	io.ReadWriter
	exchange *exchange
}

// Read implements io.Reader.
func (l line) Read(p []byte) (int, error) {
	l.exchange.allow()
	return l.ReadWriter.Read(p)
}

// allow gives the next Read its time. What was abandoned gets none.
func (e *exchange) allow() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if conn, ok := e.conn.(interface{ SetReadDeadline(time.Time) error }); ok && !e.abandoned {
		_ = conn.SetReadDeadline(time.Now().Add(e.wait + silence)) // as above
	}
}

// maxResponse bounds the length of a response. A batch of records is sent whole,
// however small the limits in a Fetch, so this has to be above the largest batch
// that brokers take: their message.max.bytes, 1 MiB unless changed.
const maxResponse = 256 << 20

// bufferKept is how much memory buffers keep for the next response.
const bufferKept = 32 << 20

// buffers are the request and the response of an exchange, for use by the next.
type buffers struct {
	clientID    string
	correlation int32
	request     []byte
	response    []byte
}

// header is the form of the frames around a request and its response.
type header int

const (
	plainHeader    header = 1
	flexibleHeader header = 2 // with tagged fields
)

// begin starts a request; the body is appended to what it returns.
func (b *buffers) begin(key protocol.ApiKey, version int16, h header) []byte {
	b.correlation++
	dst := append(b.request[:0], 0, 0, 0, 0) // the length, see ask
	dst = appendInt16(dst, int16(key))
	dst = appendInt16(dst, version)
	dst = appendInt32(dst, b.correlation)
	dst = appendString(dst, b.clientID)
	if h == flexibleHeader {
		dst = append(dst, 0)
	}
	return dst
}

// ask sends the request and reads the response, whose body it returns. It is valid
// until the next call.
func (b *buffers) ask(conn io.ReadWriter, request []byte, h header) (reader, error) {
	b.request = request
	binary.BigEndian.PutUint32(request, uint32(len(request)-4))
	if _, err := conn.Write(request); err != nil {
		return reader{}, err
	}
	var size [4]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return reader{}, err
	}
	n := int(int32(binary.BigEndian.Uint32(size[:])))
	if n < 4 || n > maxResponse {
		return reader{}, fmt.Errorf("%w: its length is %d", ErrMalformed, n)
	}
	if cap(b.response) < n || cap(b.response) > bufferKept && n <= bufferKept {
		b.response = make([]byte, n+n/4)
	}
	b.response = b.response[:n]
	if _, err := io.ReadFull(conn, b.response); err != nil {
		return reader{}, err
	}
	r := reader{buf: b.response}
	if id := r.int32(); id != b.correlation {
		return reader{}, fmt.Errorf("%w: it answers request %d, not %d", ErrMalformed, id, b.correlation)
	}
	if h == flexibleHeader {
		r.skipTags()
	}
	return r, r.err
}
