package websocket

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Headroom is the space that FrameText needs in front of a payload: the longest
// header of a frame without a mask, RFC 6455 5.2.
const Headroom = 10

// final is the bit of the first byte that says that a message ends with the frame.
const final = 0x80

// FrameText makes one text frame of the payload that stands in buf behind headroom
// bytes of space, at least Headroom. It writes the header into the space, right
// before the payload, and returns the frame. The payload must be UTF-8.
func FrameText(buf []byte, headroom int) []byte {
	n := len(buf) - headroom
	i := headroom - headerSize(n)
	putHeader(buf[i:], ws.OpText, n)
	return buf[i:]
}

// headerSize is the length of the header of a frame with a payload of n bytes.
func headerSize(n int) int {
	switch {
	case n < 126:
		return 2
	case n < 1<<16:
		return 4
	}
	return 10
}

func putHeader(p []byte, op ws.OpCode, n int) {
	p[0] = final | byte(op)
	switch {
	case n < 126:
		p[1] = byte(n)
	case n < 1<<16:
		p[1] = 126
		binary.BigEndian.PutUint16(p[2:], uint16(n))
	default:
		p[1] = 127
		binary.BigEndian.PutUint64(p[2:], uint64(n))
	}
}

// AppendPing appends a ping frame, RFC 6455 5.5.2. What is longer than a control
// frame may be is cut off.
func AppendPing(dst, payload []byte) []byte { return appendControl(dst, ws.OpPing, payload) }

// AppendPong appends a pong frame, RFC 6455 5.5.3. The answer to a ping carries
// the ping's payload.
func AppendPong(dst, payload []byte) []byte { return appendControl(dst, ws.OpPong, payload) }

func appendControl(dst []byte, op ws.OpCode, payload []byte) []byte {
	payload = payload[:min(len(payload), ws.MaxControlFramePayloadSize)]
	dst = append(dst, final|byte(op), byte(len(payload)))
	return append(dst, payload...)
}

// AppendClose appends a close frame, RFC 6455 5.5.1, which is the last frame that
// may be sent. CodeNone makes one without code and reason. A reason that is too
// long is cut between two characters.
func AppendClose(dst []byte, code int, reason string) []byte {
	if code == CodeNone {
		return append(dst, final|byte(ws.OpClose), 0)
	}
	if most := ws.MaxControlFramePayloadSize - 2; len(reason) > most {
		for most > 0 && !utf8.RuneStart(reason[most]) {
			most--
		}
		reason = reason[:most]
	}
	dst = append(dst, final|byte(ws.OpClose), byte(2+len(reason)), byte(code>>8), byte(code))
	return append(dst, reason...)
}
