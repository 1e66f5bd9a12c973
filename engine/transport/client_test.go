package transport_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// lines is what the server says on one connection, line by line.
type lines struct {
	t    testing.TB
	conn net.Conn
	more func() ([]byte, error) // the next piece of text
	rest []byte
	// padding is how many bytes of NOOP lines have been left out.
	padding int
}

// read returns the next line without its end.
func (l *lines) read() (string, error) {
	for {
		if line, rest, ok := bytes.Cut(l.rest, []byte("\r\n")); ok {
			if l.rest = rest; bytes.HasPrefix(line, []byte("NOOP,")) {
				l.padding += len(line)
				continue
			}
			return string(line), nil
		}
		l.conn.SetDeadline(time.Now().Add(patience))
		piece, err := l.more()
		if err != nil {
			return "", err
		}
		l.rest = append(l.rest, piece...)
	}
}

func (l *lines) next() string {
	l.t.Helper()
	line, err := l.read()
	if err != nil {
		l.t.Fatalf("instead of a line: %v", err)
	}
	return line
}

// expect takes lines that look like the patterns, in this order, and returns the
// last.
func (l *lines) expect(patterns ...string) (line string) {
	l.t.Helper()
	for _, p := range patterns {
		if line = l.next(); !matches(p, line) {
			l.t.Fatalf("got the line %q, want %q", line, p)
		}
	}
	return line
}

// until takes lines up to one that looks like the pattern, and returns them all.
func (l *lines) until(pattern string) (all []string) {
	l.t.Helper()
	for {
		line, err := l.read()
		if err != nil {
			l.t.Fatalf("instead of %q, after %q: %v", pattern, all, err)
		}
		all = append(all, line)
		if matches(pattern, line) {
			return all
		}
	}
}

// all takes lines up to the end of the response or connection.
func (l *lines) all() (all []string) {
	l.t.Helper()
	for {
		line, err := l.read()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			l.t.Fatalf("after %q: %v", all, err)
		}
		all = append(all, line)
	}
}

// ended takes the end of the response or connection.
func (l *lines) ended() {
	l.t.Helper()
	if all := l.all(); len(all) > 0 {
		l.t.Fatalf("got %q, want the end", all)
	}
}

// webSocket is a client's end of a WebSocket.
type webSocket struct {
	lines
	reader *bufio.Reader
	code   int // of the server's close frame, 0 before
}

// handshake is a client's request for a WebSocket; further header lines go behind
// it.
const handshake = "GET /lightstreamer HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
	"Sec-WebSocket-Protocol: TLCP-2.5.0.lightstreamer.com\r\n"

// webSocket connects one.
func (s *server) webSocket(header ...string) *webSocket {
	s.t.Helper()
	return s.upgrade(s.dial(), "", header...)
}

// upgrade makes a WebSocket of a connection; what follows is sent in one piece
// with the request for it.
func (s *server) upgrade(conn net.Conn, follows string, header ...string) *webSocket {
	s.t.Helper()
	io.WriteString(conn, handshake+headerLines(header)+"\r\n"+follows)
	return s.upgraded(conn)
}

func headerLines(fields []string) (text string) {
	for _, f := range fields {
		text += f + "\r\n"
	}
	return text
}

// upgraded reads the answer to a handshake that has been sent.
func (s *server) upgraded(conn net.Conn) *webSocket {
	s.t.Helper()
	w := &webSocket{lines: lines{t: s.t, conn: conn}, reader: bufio.NewReader(conn)}
	w.more = w.message
	res, err := http.ReadResponse(w.reader, nil)
	if err != nil {
		s.t.Fatalf("handshake: %v", err)
	}
	if res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get("Sec-Websocket-Protocol") != "TLCP-2.5.0.lightstreamer.com" ||
		res.Header.Get("Sec-Websocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		s.t.Fatalf("handshake: %v %v", res.Status, res.Header)
	}
	return w
}

// The first bytes of frames.
const (
	frameText   = 0x81
	frameBinary = 0x82
	frameClose  = 0x88
	framePing   = 0x89
	framePong   = 0x8a
	frameMore   = 0x80 // the last frame of a message in several
	frameFirst  = 0x01 // the first one
	frameMiddle = 0x00
)

// frame makes a client's frame.
func frame(first byte, payload string) string {
	mask := [4]byte{1, 2, 3, 4}
	f := []byte{first, 0x80}
	switch n := len(payload); {
	case n < 126:
		f[1] |= byte(n)
	case n < 1<<16:
		f[1] |= 126
		f = binary.BigEndian.AppendUint16(f, uint16(n))
	default:
		f[1] |= 127
		f = binary.BigEndian.AppendUint64(f, uint64(n))
	}
	f = append(f, mask[:]...)
	for i := range len(payload) {
		f = append(f, payload[i]^mask[i%4])
	}
	return string(f)
}

// text makes a message of lines.
func text(lines ...string) string { return frame(frameText, strings.Join(lines, "\r\n")) }

// send sends a message of lines.
func (w *webSocket) send(lines ...string) { w.write(text(lines...)) }

func (w *webSocket) write(frames string) {
	w.t.Helper()
	if _, err := io.WriteString(w.conn, frames); err != nil {
		w.t.Fatal(err)
	}
}

// message returns the next text message. A close frame is the end.
func (w *webSocket) message() ([]byte, error) {
	for {
		first, payload, err := w.frame()
		switch {
		case err != nil:
			return nil, err
		case first == frameText:
			if !bytes.HasSuffix(payload, []byte("\r\n")) {
				w.t.Errorf("a message that ends in the middle of a line: %q", payload)
			}
			return payload, nil
		case first == frameClose:
			w.code = int(binary.BigEndian.Uint16(append(payload, 0, 0)))
			return nil, io.EOF
		default:
			return nil, fmt.Errorf("a frame that begins with %#x", first)
		}
	}
}

// frame reads one frame.
func (w *webSocket) frame() (first byte, payload []byte, err error) {
	var head [10]byte
	if _, err = io.ReadFull(w.reader, head[:2]); err != nil {
		return 0, nil, err
	}
	n := int(head[1])
	switch n {
	case 126:
		_, err = io.ReadFull(w.reader, head[2:4])
		n = int(binary.BigEndian.Uint16(head[2:]))
	case 127:
		_, err = io.ReadFull(w.reader, head[2:10])
		n = int(binary.BigEndian.Uint64(head[2:]))
	}
	if err != nil {
		return 0, nil, err
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(w.reader, payload)
	return head[0], payload, err
}

// create opens a session, takes the head of its stream, and returns its id.
func (w *webSocket) create(params ...string) string {
	w.t.Helper()
	w.send("wsok")
	w.send("create_session", createParams(params...))
	w.expect("WSOK")
	id := sessionOf(w.expect("CONOK,…"))
	w.expect("SERVNAME,test", "CLIENTIP,127.0.0.1", "CONS,unlimited")
	return id
}

// createParams are the parameters of a create_session.
func createParams(params ...string) string {
	return strings.Join(append([]string{"LS_adapter_set=TEST&LS_cid=x&LS_send_sync=false"}, params...), "&")
}

// sessionOf returns the session of a CONOK line.
func sessionOf(line string) string { return strings.Split(line, ",")[1] }

// add makes the parameters of a subscription.
func add(id int, mode, group, schema string, params ...string) string {
	return strings.Join(append([]string{fmt.Sprintf("LS_reqId=a%d&LS_op=add&LS_subId=%d&LS_mode=%s&LS_group=%s&LS_schema=%s",
		id, id, mode, strings.ReplaceAll(group, " ", "%20"), strings.ReplaceAll(schema, " ", "%20"))}, params...), "&")
}

// httpConn is a client's end of an HTTP connection that is used again.
type httpConn struct {
	t      testing.TB
	conn   net.Conn
	reader *bufio.Reader
}

func (s *server) http() *httpConn {
	s.t.Helper()
	conn := s.dial()
	return &httpConn{s.t, conn, bufio.NewReader(conn)}
}

// request makes a request as text.
func request(method, path, body string, header ...string) string {
	head := append([]string{method + " " + path + " HTTP/1.1", "Host: localhost"}, header...)
	if method == "POST" {
		head = append(head, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	return strings.Join(head, "\r\n") + "\r\n\r\n" + body
}

// tlcp makes a TLCP request as text.
func tlcp(name, session, body string) string {
	path := "/lightstreamer/" + name + ".txt?LS_protocol=TLCP-2.5.0"
	if session != "" {
		path += "&LS_session=" + session
	}
	return request("POST", path, body, "Content-Type: text/plain; charset=utf-8")
}

func (h *httpConn) write(text string) {
	h.t.Helper()
	h.conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(h.conn, text); err != nil {
		h.t.Fatal(err)
	}
}

// response reads the next response to a request of a method.
func (h *httpConn) response(method string) *http.Response {
	h.t.Helper()
	h.conn.SetDeadline(time.Now().Add(patience))
	res, err := http.ReadResponse(h.reader, &http.Request{Method: method})
	if err != nil {
		h.t.Fatalf("instead of a response: %v", err)
	}
	return res
}

// do sends a TLCP request and returns its answer, which may be a stream.
func (h *httpConn) do(name, session, body string) *lines {
	h.t.Helper()
	h.write(tlcp(name, session, body))
	return h.answer()
}

// answer reads the head of the answer to a TLCP request.
func (h *httpConn) answer() *lines {
	h.t.Helper()
	res := h.response("POST")
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		h.t.Fatalf("response %s, %v", res.Status, res.Header)
	}
	l := &lines{t: h.t, conn: h.conn}
	piece := make([]byte, 4096)
	l.more = func() ([]byte, error) {
		n, err := res.Body.Read(piece)
		if n > 0 {
			return piece[:n], nil
		}
		return nil, err
	}
	return l
}

// closed takes the end of the connection.
func (h *httpConn) closed() {
	h.t.Helper()
	h.conn.SetDeadline(time.Now().Add(patience))
	if rest, err := io.ReadAll(h.reader); err != nil || len(rest) > 0 {
		h.t.Fatalf("instead of the end of the connection: %q, %v", rest, err)
	}
}

// control sends a control request on a connection of its own and returns the
// answer.
func (s *server) control(session string, params ...string) []string {
	s.t.Helper()
	return s.http().do("control", session, strings.Join(params, "\r\n")).all()
}
