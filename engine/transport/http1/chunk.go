package http1

// ChunkHeadroom is the space that FrameChunk needs in front of a payload: a length
// of up to eight hexadecimal digits and the line end.
const ChunkHeadroom = 8 + len("\r\n")

// LastChunk ends a body in chunks, RFC 9112 7.1.
const LastChunk = "0\r\n\r\n"

// FrameChunk makes one chunk, RFC 9112 7.1, of the payload that stands in buf
// behind headroom bytes of space, at least ChunkHeadroom. It writes the chunk's
// length into the space, right before the payload, appends the line end, and
// returns the chunk. Without a payload it returns nothing, as a chunk of length
// zero would end the body.
func FrameChunk(buf []byte, headroom int) []byte {
	n := len(buf) - headroom
	if n == 0 {
		return nil
	}
	buf = append(buf, crlf...)
	i := headroom - len(crlf)
	copy(buf[i:], crlf)
	for ; n > 0; n >>= 4 {
		i--
		buf[i] = "0123456789abcdef"[n&0xf]
	}
	return buf[i:]
}
