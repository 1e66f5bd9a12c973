package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/halley-stream/halley/protocol"
)

// messageMax bounds a message of the server.
const messageMax = 16 << 20

// webSocket carries a session over a WebSocket: requests and answers, and all that
// the server says.
type webSocket struct {
	conn   net.Conn
	reader *wsutil.Reader
}

func dialWebSocket(ctx context.Context, base *url.URL) (link, error) {
	u := *base
	u.Scheme = "ws" + u.Scheme[len("http"):]
	subprotocol := protocol.V25.String() + protocol.SubprotocolSuffix
	conn, buffered, handshake, err := ws.Dialer{Protocols: []string{subprotocol}}.Dial(ctx, u.String())
	var status ws.StatusError
	switch {
	case errors.As(err, &status):
		return nil, fmt.Errorf("%s answers with HTTP status %d instead of a WebSocket; is it a Halley server?", base.Host, int(status))
	case err != nil:
		return nil, err
	case handshake.Protocol != subprotocol:
		conn.Close()
		return nil, fmt.Errorf("%s does not speak %s; is it a Halley server?", base.Host, subprotocol)
	}
	var source io.Reader = conn
	if buffered != nil { // the server was quicker than the handshake's reader
		source = buffered
	} else {
		source = bufio.NewReaderSize(source, 64<<10)
	}
	w := &webSocket{conn: conn, reader: wsutil.NewClientSideReader(source)}
	w.reader.MaxMessageSize = messageMax
	w.reader.OnIntermediate = wsutil.ControlFrameHandler(conn, ws.StateClientSide)
	return w, nil
}

func (w *webSocket) create(params []byte) error {
	if err := w.send("wsok", nil); err != nil {
		return err
	}
	return w.send("create_session", params)
}

func (w *webSocket) bind(session string) error {
	return w.send("bind_session", protocol.AppendParam(nil, "LS_session", session))
}

func (w *webSocket) control(_ string, params []byte) ([]byte, error) {
	return nil, w.send("control", params)
}

// send sends a request. wsok is the one without parameters. It is a single write, since
// another goroutine may be answering a ping.
func (w *webSocket) send(name string, params []byte) error {
	message := []byte(name)
	if params != nil {
		message = append(append(message, "\r\n"...), params...)
	}
	frame, err := ws.CompileFrame(ws.MaskFrameInPlace(ws.NewTextFrame(message)))
	if err != nil {
		return err
	}
	_, err = w.conn.Write(frame)
	return err
}

// receive appends the next message.
func (w *webSocket) receive(dst []byte) ([]byte, error) {
	for {
		header, err := w.reader.NextFrame()
		if err != nil {
			return dst, err
		}
		if header.OpCode.IsControl() {
			if err := w.reader.OnIntermediate(header, w.reader); err != nil {
				return dst, err
			}
			continue
		}
		return appendAll(dst, w.reader)
	}
}

func (w *webSocket) close() { w.conn.Close() }

// appendAll appends what r has up to its end.
func appendAll(dst []byte, r io.Reader) ([]byte, error) {
	for {
		if cap(dst)-len(dst) < 512 {
			dst = append(dst, make([]byte, 4096)...)[:len(dst)]
		}
		n, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if errors.Is(err, io.EOF) {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
	}
}
