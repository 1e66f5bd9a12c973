package e2e

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/halley-stream/halley/protocol"
)

// survivor is a client with one aim: whatever happens to its connections, its session
// goes on. It asks for everything again that it has no answer to.
type survivor struct {
	address   string
	transport string // ws, http or poll

	session string
	count   int64 // data lines that it has
	surplus int64 // those to come that it has already
	broken  bool  // the connection was lost
	stream  stream
	text    []byte // that came
	over    bool   // nothing will come any more
	asked   int    // number of the last request
	wishes  []*request

	confirmed map[int]int // CONFs by subscription
	ended     map[int]bool
	fields    map[int]*protocol.ItemState
	lines     map[int][]string // values of updates by subscription
	removed   map[int]bool
	answers   []string // to messages

	history []string
}

// request is something that the client asks for until it is done.
type request struct {
	name, body string
	sent       bool
	done       func() bool
}

// stream is a connection on which the session's lines come.
type stream interface {
	read() ([]byte, error)
	close()
}

func newSurvivor(address, transport string) *survivor {
	return &survivor{
		address: address, transport: transport, confirmed: make(map[int]int), ended: make(map[int]bool),
		fields: make(map[int]*protocol.ItemState), lines: make(map[int][]string), removed: make(map[int]bool),
	}
}

// want adds a request.
func (s *survivor) want(name, body string, done func() bool) {
	s.wishes = append(s.wishes, &request{name: name, body: body, done: done})
}

// add subscribes, with as many fields.
func (s *survivor) add(sub, fields int, parameters string) {
	s.fields[sub] = protocol.NewItemState(fields)
	s.want("control", fmt.Sprintf("LS_op=add&LS_subId=%d&%s", sub, parameters), func() bool { return s.confirmed[sub] > 0 })
}

// until goes on until a condition is met and all wishes are.
func (s *survivor) until(met func() bool) error {
	deadline := time.Now().Add(patience)
	for !s.done() || !met() {
		if time.Now().After(deadline) {
			return fmt.Errorf("it comes to nothing: %q", s.history)
		}
		if err := s.step(deadline); err != nil {
			return fmt.Errorf("%w after %q", err, s.history)
		}
	}
	return nil
}

func (s *survivor) done() bool {
	for _, w := range s.wishes {
		if !w.done() {
			return false
		}
	}
	return true
}

// step takes one line, or does what must be done before one can come.
func (s *survivor) step(deadline time.Time) error {
	if s.stream == nil && s.connect(deadline) != nil {
		s.lost()
		return nil
	}
	if s.session != "" {
		for _, w := range s.wishes {
			if !w.sent && !w.done() {
				return s.ask(w, deadline)
			}
		}
	}
	line, rest, ok := protocol.CutLine(s.text)
	switch {
	case ok:
		s.text = rest
		return s.take(line)
	case s.over:
		s.lost()
	default:
		piece, err := s.stream.read()
		s.text, s.over = append(s.text, piece...), err != nil
	}
	return nil
}

// lost notes that the connection has broken.
func (s *survivor) lost() {
	s.history = append(s.history, "-- lost")
	s.leave()
	s.broken = true
	for _, w := range s.wishes {
		w.sent = false
	}
}

func (s *survivor) leave() {
	if s.stream != nil {
		s.stream.close()
	}
	s.stream, s.text, s.over = nil, nil, false
}

// connect begins the session, or goes on with it.
func (s *survivor) connect(deadline time.Time) (err error) {
	name, body := "create_session", "LS_cid=x&LS_adapter_set=TEST&LS_supported_diffs="
	if s.session != "" {
		name, body = "bind_session", "LS_session="+s.session
		if s.broken {
			body += "&LS_recovery_from=" + strconv.FormatInt(s.count, 10)
		}
	}
	s.broken, s.surplus = false, 0
	body += "&LS_send_sync=false"
	s.history = append(s.history, "> "+name+" "+body)
	switch s.transport {
	case "ws":
		socket, err := dialSocket(s.address, deadline)
		if err != nil {
			return err
		}
		s.stream = socket
		return errors.Join(socket.send("wsok"), socket.send(name+"\r\n"+body))
	case "poll":
		body += "&LS_polling=true&LS_polling_millis=0&LS_idle_millis=10000"
	}
	s.stream, err = post(s.address, name, body, deadline)
	return err
}

// ask sends a request. Over HTTP it has a connection of its own, whose loss does not
// concern the session.
func (s *survivor) ask(w *request, deadline time.Time) error {
	s.asked++
	body := fmt.Sprintf("LS_reqId=%d&LS_session=%s&%s", s.asked, s.session, w.body)
	s.history = append(s.history, "> "+body)
	w.sent = true
	if socket, ok := s.stream.(*socket); ok {
		if socket.send(w.name+"\r\n"+body) != nil {
			s.lost()
		}
		return nil
	}
	r, err := post(s.address, w.name, body, deadline)
	if err != nil {
		w.sent = false
		return nil
	}
	defer r.close()
	var answer []byte
	for err == nil {
		var piece []byte
		piece, err = r.read()
		answer = append(answer, piece...)
	}
	line, _, ok := protocol.CutLine(answer)
	if !ok {
		w.sent = false
		s.history = append(s.history, "-- no answer")
		return nil
	}
	return s.take(line)
}

// take takes a line.
func (s *survivor) take(line []byte) error {
	s.history = append(s.history, "< "+string(line))
	n, err := protocol.ParseLine(line)
	if err != nil {
		return err
	}
	if n.Tag.Counted() {
		if s.surplus > 0 {
			s.surplus--
			return nil
		}
		s.count++
	}
	switch n.Tag {
	case protocol.TagCONOK:
		if s.session != "" && s.session != string(n.Name) {
			return fmt.Errorf("the session is another: %s", n.Name)
		}
		s.session = string(n.Name)
	case protocol.TagPROG:
		if s.surplus = s.count - n.Number; s.surplus < 0 {
			return fmt.Errorf("the server goes on at %d, but only %d have come", n.Number, s.count)
		}
	case protocol.TagLOOP:
		s.leave()
	case protocol.TagCONERR, protocol.TagEND, protocol.TagERROR, protocol.TagMSGFAIL:
		return fmt.Errorf("the server says %s", line)
	case protocol.TagREQERR:
		// What was answered before may not be there any more.
		if n.Code != protocol.ReqSubscriptionNotFound && n.Code != protocol.ReqMessageOld && n.Code != protocol.ReqMessageRepeated {
			return fmt.Errorf("the server says %s", line)
		}
	case protocol.TagCONF:
		s.confirmed[n.Sub]++
	case protocol.TagEOS:
		s.ended[n.Sub] = true
	case protocol.TagUNSUB:
		s.removed[n.Sub] = true
	case protocol.TagMSGDONE:
		s.answers = append(s.answers, n.Message())
	case protocol.TagU:
		return s.update(&n)
	}
	return nil
}

func (s *survivor) update(n *protocol.Notification) error {
	state := s.fields[n.Sub]
	if err := state.Apply(n.Text); err != nil {
		return err
	}
	var values []byte
	for i := range state.Len() {
		v, ok := state.Value(i)
		if i > 0 {
			values = append(values, ' ')
		}
		if !ok {
			v = []byte("-")
		}
		values = append(values, v...)
	}
	s.lines[n.Sub] = append(s.lines[n.Sub], string(values))
	return nil
}

// response is an HTTP response that is read as it comes.
type response struct {
	conn   net.Conn
	reader *bufio.Reader
	body   io.ReadCloser // nil until the head has come
	buf    [4096]byte
}

// post sends a request on a connection of its own.
func post(address, name, body string, deadline time.Time) (*response, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(deadline)
	if _, err = fmt.Fprintf(conn, "POST /lightstreamer/%s.txt?LS_protocol=TLCP-2.5.0 HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", name, len(body), body); err != nil {
		conn.Close()
		return nil, err
	}
	return &response{conn: conn, reader: bufio.NewReader(conn)}, nil
}

func (r *response) read() ([]byte, error) {
	if r.body == nil {
		head, err := http.ReadResponse(r.reader, nil)
		if err != nil {
			return nil, err
		}
		if head.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("the status is %s", head.Status)
		}
		r.body = head.Body
	}
	n, err := r.body.Read(r.buf[:])
	return r.buf[:n], err
}

func (r *response) close() { r.conn.Close() }

// socket is a WebSocket.
type socket struct {
	conn   net.Conn
	stream io.ReadWriter
}

func dialSocket(address string, deadline time.Time) (*socket, error) {
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	conn, buffered, _, err := ws.Dialer{Protocols: []string{"TLCP-2.5.0" + protocol.SubprotocolSuffix}}.Dial(ctx, "ws://"+address+"/lightstreamer")
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(deadline)
	s := &socket{conn: conn, stream: conn}
	if buffered != nil {
		early, _ := buffered.Peek(buffered.Buffered())
		s.stream = struct {
			io.Reader
			io.Writer
		}{io.MultiReader(bytes.NewReader(bytes.Clone(early)), conn), conn}
	}
	return s, nil
}

func (s *socket) send(message string) error { return wsutil.WriteClientText(s.conn, []byte(message)) }

func (s *socket) read() ([]byte, error) { return wsutil.ReadServerText(s.stream) }

func (s *socket) close() { s.conn.Close() }
