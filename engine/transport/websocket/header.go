package websocket

import (
	"encoding/binary"
	"math"

	"github.com/gobwas/ws"
)

// parseHeader reads the header of a client's frame, RFC 6455 5.2, at the start of
// buf; size is its length, 0 if more bytes are needed. Each byte is judged as soon
// as it is there and before those behind it.
func parseHeader(buf []byte, state ws.State) (h ws.Header, size int, err *CloseError) {
	if len(buf) == 0 {
		return h, 0, nil
	}
	h = ws.Header{
		Fin:    buf[0]&final != 0,
		Rsv:    buf[0] >> 4 & 7,
		OpCode: ws.OpCode(buf[0] & 0xf),
		Masked: true, // until the second byte says otherwise
	}
	if e := ws.CheckHeader(h, state); e != nil {
		return h, 0, protocolError(e.Error())
	}
	if h.OpCode == ws.OpBinary {
		return h, 0, &CloseError{CodeUnsupportedData, "binary messages are not supported"}
	}
	if len(buf) == 1 {
		return h, 0, nil
	}
	h.Masked = buf[1]&0x80 != 0
	h.Length = int64(buf[1] & 0x7f)
	if e := ws.CheckHeader(h, state); e != nil {
		return h, 0, protocolError(e.Error())
	}
	size = 2
	switch h.Length {
	case 126:
		size += 2
		if len(buf) < size {
			return h, 0, nil
		}
		h.Length = int64(binary.BigEndian.Uint16(buf[2:]))
		if h.Length < 126 {
			return h, 0, errLengthForm()
		}
	case 127:
		size += 8
		if len(buf) < size {
			return h, 0, nil
		}
		n := binary.BigEndian.Uint64(buf[2:])
		if n < 1<<16 || n > math.MaxInt64 {
			return h, 0, errLengthForm()
		}
		h.Length = int64(n)
	}
	return h, size, nil
}

// errLengthForm is the refusal of a length with its highest bit set, or of one that
// does not have the shortest form.
func errLengthForm() *CloseError { return protocolError("invalid form of a frame length") }
