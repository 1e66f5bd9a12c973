//go:build linux

package clients

import (
	"encoding/binary"
	"errors"
)

// framing is what lies between the bytes of a connection and those of its messages.
type framing uint8

const (
	plain     framing = iota // nothing: the body of a response until its end
	chunked                  // the chunks of HTTP/1.1
	webSocket                // frames without a mask
)

// Operation codes of frames.
const (
	opText  = 1
	opClose = 8
	opPing  = 9
	opPong  = 10
)

var (
	errFrame = errors.New("bytes that are no frame")
	errEnd   = errors.New("the server has ended the stream")
)

// unframer takes the framing off a stream that comes in pieces, cut anywhere.
type unframer struct {
	framing framing
	left    uint64 // of the present frame or chunk
	op      byte   // WebSocket: of the present frame
	head    []byte // what has come of a head
	control []byte // what has come of a control frame
	trailer bool   // chunked: the CR LF behind a chunk comes next

	// ping is what the server wants back; the caller answers and takes it away.
	ping []byte
}

// strip moves what lies inside the frames to the start of data and returns it.
func (u *unframer) strip(data []byte) ([]byte, error) {
	switch u.framing {
	case chunked:
		return u.walk(data, u.chunkHead)
	case webSocket:
		return u.walk(data, u.frameHead)
	}
	return data, nil
}

// walk goes from head to head. A head is collected byte by byte: they are short, and
// may be cut anywhere.
func (u *unframer) walk(data []byte, complete func() (bool, error)) ([]byte, error) {
	to := 0
	for at := 0; at < len(data); {
		if u.left == 0 {
			u.head = append(u.head, data[at])
			at++
			done, err := complete()
			if err != nil {
				return data[:to], err
			}
			if done {
				u.head = u.head[:0]
			}
			if !done || u.left > 0 {
				continue
			}
		}
		n := min(u.left, uint64(len(data)-at))
		piece := data[at : at+int(n)]
		at += int(n)
		u.left -= n
		if u.op < opClose {
			to += copy(data[to:], piece)
			continue
		}
		u.control = append(u.control, piece...)
		if u.left == 0 {
			if err := u.controlled(); err != nil {
				return data[:to], err
			}
		}
	}
	return data[:to], nil
}

// frameHead looks whether the head of a WebSocket frame is complete.
func (u *unframer) frameHead() (bool, error) {
	h := u.head
	if len(h) < 2 {
		return false, nil
	}
	switch length := h[1]; {
	case length > 127: // a server does not mask
		return false, errFrame
	case length < 126:
		u.left = uint64(length)
	case length == 126 && len(h) == 4:
		u.left = uint64(binary.BigEndian.Uint16(h[2:]))
	case length == 127 && len(h) == 10:
		u.left = binary.BigEndian.Uint64(h[2:])
	default:
		return false, nil
	}
	if u.left > 1<<30 {
		return false, errFrame
	}
	u.op = h[0] & 15
	return true, nil
}

// controlled acts on a control frame.
func (u *unframer) controlled() error {
	switch u.op {
	case opClose:
		return errEnd
	case opPing:
		u.ping = append([]byte{}, u.control...) // never nil
	}
	u.control = u.control[:0]
	return nil
}

// chunkHead looks whether the line with the size of a chunk is complete, or the end
// of line behind a chunk.
func (u *unframer) chunkHead() (bool, error) {
	h := u.head
	if h[len(h)-1] != '\n' {
		if len(h) > 64 {
			return false, errFrame
		}
		return false, nil
	}
	if u.trailer {
		u.trailer = false
		if len(h) != 2 {
			return false, errFrame
		}
		return true, nil
	}
	digits := 0
	for ; digits < len(h); digits++ {
		value, ok := hexDigit(h[digits])
		if !ok {
			break
		}
		u.left = u.left<<4 | uint64(value)
	}
	switch {
	case digits == 0 || digits > 8:
		return false, errFrame
	case u.left == 0:
		return false, errEnd
	}
	u.trailer = true
	return true, nil
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// appendFrame appends a client's frame. The mask is zero, which leaves the payload as
// it is.
func appendFrame(dst []byte, op byte, payload []byte) []byte {
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, 0x80|op, 0x80|byte(n))
	case n < 1<<16:
		dst = append(dst, 0x80|op, 0x80|126, byte(n>>8), byte(n))
	default:
		dst = append(dst, 0x80|op, 0x80|127)
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	return append(append(dst, 0, 0, 0, 0), payload...)
}
