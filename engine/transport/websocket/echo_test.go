package websocket

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gobwas/ws"
)

// echo is a server that sends back each message, as the public test suite for
// WebSocket wants it, without the sockets.
type echo struct {
	t    testing.TB
	d    Decoder
	most int
	// fresh hands the decoder a new copy of the buffer each time, as a buffer that
	// moves does.
	fresh  bool
	in     []byte
	out    []byte
	closed bool
}

// receive takes the next bytes of the client.
func (e *echo) receive(p []byte) {
	e.in = append(e.in, p...)
	for {
		buf := e.in
		if e.fresh {
			buf = slices.Clone(e.in)
		}
		event, n, err := e.d.Next(buf, e.most)
		if n < 0 || n > len(buf) {
			e.t.Fatalf("n is %d of %d", n, len(buf))
		}
		if e.fresh && !bytes.Equal(buf[n:], e.in[n:]) {
			e.t.Fatalf("the bytes from %d on have been changed", n)
		}
		e.in = e.in[n:]
		if err != nil {
			if event.Kind != None || len(e.in) > 0 {
				e.t.Fatalf("with an error: event %v, %d bytes left", event, len(e.in))
			}
			e.out = AppendClose(e.out, err.Code, err.Text)
			e.closed = true
			return
		}
		switch event.Kind {
		case None:
			return
		case Text:
			buf := append(make([]byte, Headroom), event.Payload...)
			e.out = append(e.out, FrameText(buf, Headroom)...)
		case Ping:
			e.out = AppendPong(e.out, event.Payload)
		case Close:
			e.out = AppendClose(e.out, event.Code, "")
			e.closed = true
		}
	}
}

// sent tells what the server has sent, one line per frame.
func (e *echo) sent() []string {
	var lines []string
	for r := bytes.NewReader(e.out); ; {
		h, err := ws.ReadHeader(r)
		if errors.Is(err, io.EOF) {
			return lines
		}
		f := ws.Frame{Header: h, Payload: make([]byte, min(h.Length, int64(r.Len())))}
		if err == nil {
			_, err = io.ReadFull(r, f.Payload)
		}
		if err != nil || int64(len(f.Payload)) != h.Length {
			e.t.Fatalf("a malformed frame has been sent: %v", err)
		}
		if err := ws.CheckHeader(f.Header, ws.StateClientSide); err != nil || !f.Header.Fin {
			e.t.Fatalf("frame %+v: %v", f.Header, err)
		}
		switch p := f.Payload; f.Header.OpCode {
		case ws.OpText:
			lines = append(lines, text(string(p)))
		case ws.OpPong:
			lines = append(lines, pong(string(p)))
		case ws.OpClose:
			code := CodeNone
			if len(p) > 0 {
				code = int(binary.BigEndian.Uint16(p))
			}
			lines = append(lines, closed(code))
		default:
			e.t.Fatalf("frame %+v", f.Header)
		}
	}
}

// What a server sends, as told by sent.
func text(p string) string { return "text " + short(p) }
func pong(p string) string { return "pong " + short(p) }
func closed(c int) string  { return fmt.Sprint("close ", c) }

// short replaces what is too long to be printed by something that tells it apart.
func short(p string) string {
	if len(p) > 200 {
		return fmt.Sprintf("%.20q... (%d bytes, %08x)", p, len(p), hash(p))
	}
	return fmt.Sprintf("%q", p)
}

func hash(p string) uint32 { return crc32.ChecksumIEEE([]byte(p)) }

// frame is a client's frame, correct or not. Its mask depends on its payload.
func frame(op ws.OpCode, fin bool, rsv byte, payload string) []byte {
	f := ws.NewFrame(op, fin, []byte(payload))
	f.Header.Rsv = rsv
	var mask [4]byte
	binary.BigEndian.PutUint32(mask[:], hash(payload))
	var buf bytes.Buffer
	if err := ws.WriteFrame(&buf, ws.MaskFrameInPlaceWith(f, mask)); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// What clients send.
func message(p string) []byte   { return frame(ws.OpText, true, 0, p) }
func begin(p string) []byte     { return frame(ws.OpText, false, 0, p) }
func more(p string) []byte      { return frame(ws.OpContinuation, false, 0, p) }
func last(p string) []byte      { return frame(ws.OpContinuation, true, 0, p) }
func ping(p string) []byte      { return frame(ws.OpPing, true, 0, p) }
func unasked(p string) []byte   { return frame(ws.OpPong, true, 0, p) }
func binaryMsg(p string) []byte { return frame(ws.OpBinary, true, 0, p) }
func bye(p string) []byte       { return frame(ws.OpClose, true, 0, p) }
func byeCode(c int) []byte      { return bye(string([]byte{byte(c >> 8), byte(c)})) }

// inFrames is a text message in several frames.
func inFrames(parts ...string) []byte {
	p := begin(parts[0])
	for _, part := range parts[1 : len(parts)-1] {
		p = append(p, more(part)...)
	}
	return append(p, last(parts[len(parts)-1])...)
}

// octets cuts p into strings of one byte.
func octets(p string) []string {
	parts := make([]string, len(p))
	for i := range parts {
		parts[i] = p[i : i+1]
	}
	return parts
}

// chops are the ways to cut what a client sends: the size of the next piece.
func chops(seed uint64) map[string]func() int {
	rng := rand.New(rand.NewPCG(2, seed))
	return map[string]func() int{
		"at once":       func() int { return 1 << 30 },
		"byte by byte":  func() int { return 1 },
		"in any pieces": func() int { return 1 + rng.IntN(1+rng.IntN(300)) },
	}
}

// feed sends p in pieces until the server has closed; it returns how much it took.
func (e *echo) feed(p []byte, size func() int) int {
	taken := 0
	for taken < len(p) && !e.closed {
		n := min(size(), len(p)-taken)
		e.receive(p[taken : taken+n])
		taken += n
	}
	return taken
}
