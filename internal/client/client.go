// Package client is a TLCP client for our own tools and tests: one session over
// WebSocket, HTTP streaming or HTTP polling.
//
//	conn, err := client.Dial(ctx, client.Options{URL: "http://localhost:8080", AdapterSet: "DEMO"})
//	err = conn.Subscribe(1, client.Subscription{Adapter: "QUOTES", Mode: "MERGE", Group: "AAPL", Schema: "last"})
//	for {
//		line, err := conn.Next()
//		...
//	}
//
// It blocks and is meant for one session, not for a fleet of them. It follows
// rebinds, but does not connect again when the connection is lost: that is the
// caller's decision, and so is keeping the values of items (protocol.ItemState).
package client

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/halley-stream/halley/protocol"
)

// Transport is the way in which the lines of a session travel.
type Transport string

// The transports there are.
const (
	WebSocket Transport = "ws"
	HTTP      Transport = "http" // one endless response
	Poll      Transport = "poll" // a response for what there is, then the next
)

// Options say where to connect, and as whom.
type Options struct {
	// URL is the server's address: http://host:port, also with https, ws or wss,
	// and with a path if the server is behind one.
	URL string
	// Transport is WebSocket if empty.
	Transport Transport
	// AdapterSet is the server's default one if empty.
	AdapterSet string
	// User and Password are not sent if both are empty.
	User, Password string
	// Timeout bounds Dial, and how much later than promised the server's signs of
	// life may come. Default 5 s.
	Timeout time.Duration
}

// Subscription is what to subscribe to.
type Subscription struct {
	Adapter string // the server's default one if empty
	Mode    string // MERGE, DISTINCT, COMMAND or RAW
	// Group and Schema are by convention the names of items and of fields, with a
	// blank between them.
	Group, Schema string
	Selector      string
	Snapshot      bool
	// Frequency is a number, "unlimited" or "unfiltered"; empty is the server's
	// default.
	Frequency string
}

// Refused says that the server has refused the session, or ended it.
type Refused struct {
	Tag  protocol.Tag // CONERR, END or ERROR
	Code int
	Text string
}

// Error returns the server's text and code.
func (r *Refused) Error() string { return fmt.Sprintf("%s (%v %d)", r.Text, r.Tag, r.Code) }

// Errors of connections.
var (
	// ErrSilent says that the server gave no sign of life for longer than it
	// promised.
	ErrSilent = errors.New("the server has gone silent")
	// ErrClosed says that Close was called.
	ErrClosed = errors.New("connection closed")
)

// Conn is a session. Its methods belong to one goroutine, but for End and Close, which
// any may call.
type Conn struct {
	link    link
	session string // immutable after Dial
	request int    // the last request's number
	answers []byte // lines that came apart from the others
	text    []byte // what the server said
	read    int    // text[:read] has been taken

	patience time.Duration // how much later than promised a sign of life may come
	silence  time.Duration // how long the server may say nothing
	watch    *time.Timer   // ends the connection after that time

	ending sync.Once
	over   bool // the server has ended the session

	ctx   context.Context // done when the connection has ended, with the cause
	end   context.CancelCauseFunc
	ended chan struct{} // closed when the link has been closed as well
}

// link carries the text of a session over one transport.
type link interface {
	// create sends create_session with parameters, bind sends bind_session for a
	// session that has been told to.
	create(params []byte) error
	bind(session string) error
	// control sends a control request of a session. The answer comes with receive
	// if none is returned.
	control(session string, params []byte) (answer []byte, err error)
	// receive appends what comes next to dst.
	receive(dst []byte) ([]byte, error)
	// close makes all other methods return.
	close()
}

// Dial opens a session. ctx bounds the opening only. The error is a *Refused if
// the server does not want the session.
func Dial(ctx context.Context, o Options) (*Conn, error) {
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	base, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	c := &Conn{patience: o.Timeout, silence: o.Timeout, ended: make(chan struct{})}
	c.ctx, c.end = context.WithCancelCause(context.Background())
	switch o.Transport {
	case WebSocket, "":
		c.link, err = dialWebSocket(ctx, base)
	case HTTP, Poll:
		c.link = newHTTPLink(c.ctx, base, o.Transport == Poll)
	default:
		err = fmt.Errorf("unknown transport %q; there are ws, http and poll", o.Transport)
	}
	if err != nil {
		c.end(err)
		return nil, err
	}
	context.AfterFunc(c.ctx, func() {
		c.link.close()
		close(c.ended)
	})
	c.watch = time.AfterFunc(c.silence, func() { c.end(ErrSilent) })
	stop := context.AfterFunc(ctx, func() { c.end(ctx.Err()) })
	if err = c.open(o); !stop() {
		err = ctx.Err()
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// open creates the session and waits for the answer.
func (c *Conn) open(o Options) error {
	// The kind of client; servers take any.
	p := protocol.AppendParam(nil, "LS_cid", "mgQkwtwdysogQz2BJ4Ji kOj2Bg")
	p = protocol.AppendParam(p, "LS_send_sync", "false")
	p = protocol.AppendParam(p, "LS_supported_diffs", "") // an ItemState takes none by itself
	if o.AdapterSet != "" {
		p = protocol.AppendParam(p, "LS_adapter_set", o.AdapterSet)
	}
	if o.User != "" || o.Password != "" {
		p = protocol.AppendParam(p, "LS_user", o.User)
		p = protocol.AppendParam(p, "LS_password", o.Password)
	}
	if err := c.link.create(p); err != nil {
		return c.cause(err)
	}
	for c.session == "" {
		if _, err := c.next(); err != nil {
			return err
		}
	}
	return nil
}

// Session returns the session's name.
func (c *Conn) Session() string { return c.session }

// Subscribe asks for a subscription under a number of the caller's choice, from 1
// up. Next returns the answer: a REQOK or REQERR whose Name is the number that
// Subscribe returns.
func (c *Conn) Subscribe(number int, s Subscription) (request string, err error) {
	c.request++
	request = strconv.Itoa(c.request)
	p := protocol.AppendParam(nil, "LS_reqId", request)
	p = protocol.AppendParam(p, "LS_op", "add")
	p = protocol.AppendParam(p, "LS_subId", strconv.Itoa(number))
	p = protocol.AppendParam(p, "LS_mode", s.Mode)
	p = protocol.AppendParam(p, "LS_group", s.Group)
	p = protocol.AppendParam(p, "LS_schema", s.Schema)
	for _, optional := range [][2]string{
		{"LS_data_adapter", s.Adapter},
		{"LS_selector", s.Selector},
		{"LS_requested_max_frequency", s.Frequency},
	} {
		if optional[1] != "" {
			p = protocol.AppendParam(p, optional[0], optional[1])
		}
	}
	p = protocol.AppendParam(p, "LS_snapshot", strconv.FormatBool(s.Snapshot))
	answer, err := c.link.control(c.session, p)
	c.answers = append(c.answers, answer...)
	return request, c.cause(err)
}

// Next waits for the next line about a subscription or a request, and returns it.
// It is valid until the next call. What the server says about the connection is
// dealt with here. The error is a *Refused when the server has ended the session.
func (c *Conn) Next() (protocol.Notification, error) {
	for {
		n, err := c.next()
		if err != nil {
			return n, err
		}
		if n.Tag.Counted() || n.Tag == protocol.TagREQOK || n.Tag == protocol.TagREQERR {
			return n, nil
		}
	}
}

// Buffered reports whether Next has a line already.
func (c *Conn) Buffered() bool {
	_, _, ok := protocol.CutLine(c.text[c.read:])
	return ok
}

// endWithin is how long the server has to say that it has ended a session.
const endWithin = time.Second

// End asks the server to end the session; Next then returns a *Refused, or ErrClosed
// where the server does not answer. Without it the session is left to the server's
// time-out, and until then counts among those that it may have.
func (c *Conn) End() {
	c.ending.Do(func() {
		late := time.AfterFunc(endWithin, func() { c.end(ErrClosed) })
		context.AfterFunc(c.ctx, func() { late.Stop() })
		p := protocol.AppendParam(nil, "LS_reqId", "end")
		p = protocol.AppendParam(p, "LS_op", "destroy")
		if _, err := c.link.control(c.session, p); err != nil {
			c.end(ErrClosed) // nobody will answer
		}
	})
}

// Leave ends the session as End does, and waits until that has happened.
func (c *Conn) Leave() {
	if c.over || c.ctx.Err() != nil {
		return
	}
	c.End()
	for {
		if _, err := c.next(); err != nil {
			return
		}
	}
}

// Close ends the connection; a Next that waits returns ErrClosed. The session is left to
// the server's time-out, unless it has been ended.
func (c *Conn) Close() {
	c.end(ErrClosed)
	c.watch.Stop()
	<-c.ended
}

// next waits for a line of any kind and does what it says about the connection.
func (c *Conn) next() (protocol.Notification, error) {
	line, err := c.line()
	if err != nil {
		return protocol.Notification{}, c.cause(err)
	}
	n, err := protocol.ParseLine(line)
	if err != nil {
		return n, err
	}
	switch n.Tag {
	case protocol.TagCONOK:
		if c.session == "" {
			c.session = string(n.Name)
		}
		// Of a poll this is the time for which it may be held.
		c.silence = c.patience + time.Duration(n.Number)*time.Millisecond
	case protocol.TagLOOP:
		err = c.rebind(time.Duration(n.Number) * time.Millisecond)
	case protocol.TagCONERR, protocol.TagEND, protocol.TagERROR:
		c.over = true
		err = &Refused{Tag: n.Tag, Code: n.Code, Text: n.Message()}
	}
	return n, err
}

// rebind binds the session again after a time.
func (c *Conn) rebind(after time.Duration) error {
	c.watch.Reset(after + c.patience)
	if after > 0 {
		wait := time.NewTimer(after)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-c.ctx.Done():
		}
	}
	return c.cause(c.link.bind(c.session))
}

// line returns the next line.
func (c *Conn) line() ([]byte, error) {
	if line, rest, ok := protocol.CutLine(c.answers); ok {
		c.answers = rest
		return line, nil
	}
	for {
		line, rest, ok := protocol.CutLine(c.text[c.read:])
		if ok {
			c.read = len(c.text) - len(rest)
			return line, nil
		}
		c.text = c.text[:copy(c.text, c.text[c.read:])]
		c.read = 0
		c.watch.Reset(c.silence)
		var err error
		if c.text, err = c.link.receive(c.text); err != nil {
			return nil, err
		}
		if len(c.text) > lineMax {
			return nil, fmt.Errorf("the server sent more than %d bytes without a line end", lineMax)
		}
	}
}

// lineMax bounds what is kept of a server that does not keep to the protocol.
const lineMax = 64 << 20

// cause returns why the connection has ended, rather than what the link says when
// it is closed.
func (c *Conn) cause(err error) error {
	if err != nil && c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	return err
}

// parseURL returns the server's address with the scheme http or https, and with
// the path that all requests start with.
func parseURL(text string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	switch u.Scheme {
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	case "http", "https":
	default:
		return nil, fmt.Errorf("%q is not the address of a server, such as http://localhost:8080", text)
	}
	if u.Host == "" {
		return nil, fmt.Errorf("%q has no host; write it as http://localhost:8080", text)
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + "/lightstreamer"
	u.RawQuery, u.Fragment = "", ""
	return u, nil
}
