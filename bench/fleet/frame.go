//go:build linux

package fleet

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

// appendFrame appends a client's text message. The mask is zero, which leaves the
// text as it is.
func appendFrame(dst, text []byte) []byte {
	switch n := len(text); {
	case n < 126:
		dst = append(dst, 0x81, 0x80|byte(n))
	case n < 1<<16:
		dst = append(dst, 0x81, 0x80|126, byte(n>>8), byte(n))
	default:
		dst = append(dst, 0x81, 0x80|127)
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	return append(append(dst, 0, 0, 0, 0), text...)
}

// Operation codes of frames.
const (
	opText  = 1
	opClose = 8
	opPing  = 9
)

// frame cuts a server's frame off data; size is 0 while it is not complete.
func frame(data []byte) (op byte, payload []byte, size int) {
	if len(data) < 2 {
		return 0, nil, 0
	}
	head, length := 2, int(data[1])
	switch {
	case length == 126 && len(data) >= 4:
		head, length = 4, int(binary.BigEndian.Uint16(data[2:]))
	case length == 127 && len(data) >= 10:
		head, length = 10, int(binary.BigEndian.Uint64(data[2:]))
	case length >= 126:
		return 0, nil, 0
	}
	if size = head + length; length < 0 || size > len(data) {
		return 0, nil, 0
	}
	return data[0] & 15, data[head:size], size
}

// frames takes in what came over a WebSocket and returns how much of it.
func (f *Fleet) frames(s *session, data []byte) (used int) {
	for s.state != ended {
		if s.state == upgrading {
			end := bytes.Index(data[used:], headEnd)
			if end < 0 {
				return used
			}
			end += len(headEnd)
			f.upgraded(s, data[used:used+end])
			used += end
			continue
		}
		op, payload, size := frame(data[used:])
		if size == 0 {
			return used
		}
		used += size
		switch op {
		case opText:
			f.counted(s, size)
			f.lines(s, payload)
		case opPing:
			f.pong(s, payload)
		case opClose:
			f.tally.fault("session %d: closed by the server: %q", s.index, payload)
			f.end(s)
		}
	}
	return used
}

func (f *Fleet) pong(s *session, payload []byte) {
	b := append(f.out[:0], 0x8a, 0x80|byte(len(payload)), 0, 0, 0, 0)
	f.send(s, append(b, payload...))
}

var (
	headEnd  = []byte("\r\n\r\n")
	chunkEnd = []byte("\r\n")
)

// responses takes in what came over HTTP and returns how much of it. Bodies and
// chunks are taken in when they are complete: the server sends whole lines.
func (f *Fleet) responses(s *session, data []byte) (used int) {
	for s.state != ended {
		if s.chunked {
			n := f.chunk(s, data[used:])
			if n == 0 {
				return used
			}
			used += n
			continue
		}
		head := bytes.Index(data[used:], headEnd)
		if head < 0 {
			return used
		}
		head += len(headEnd)
		length, chunked, ok := bodyOf(data[used : used+head])
		switch {
		case !ok:
			f.tally.fault("session %d: %q", s.index, data[used:used+head])
			f.end(s)
			return used
		case chunked:
			s.chunked = true
			used += head
		case used+head+length > len(data):
			return used
		default:
			f.counted(s, head+length)
			f.lines(s, data[used+head:used+head+length])
			used += head + length
			f.responded(s)
		}
	}
	return used
}

// chunk takes in a chunk and returns its size, 0 while it is not complete.
func (f *Fleet) chunk(s *session, data []byte) int {
	head := bytes.Index(data, chunkEnd)
	if head < 0 {
		return 0
	}
	length := 0
	for _, c := range data[:head] {
		digit := int(hexDigits[c])
		if digit < 0 {
			break // an extension
		}
		length = length<<4 + digit
	}
	head += len(chunkEnd)
	size := head + length + len(chunkEnd)
	if size > len(data) {
		return 0
	}
	if length > 0 {
		f.counted(s, size)
		f.lines(s, data[head:head+length])
		return size
	}
	s.chunked = false
	f.responded(s)
	return size
}

// hexDigits are the values of hexadecimal digits, -1 for other characters.
var hexDigits = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i, c := range "0123456789abcdef" {
		t[c] = int8(i)
	}
	for i, c := range "ABCDEF" {
		t[c] = int8(10 + i)
	}
	return t
}()

// bodyOf reads the head of a response.
func bodyOf(head []byte) (length int, chunked, ok bool) {
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 200 ")) {
		return 0, false, false
	}
	if bytes.Contains(head, []byte("Transfer-Encoding: chunked")) {
		return 0, true, true
	}
	_, after, found := bytes.Cut(head, []byte("Content-Length: "))
	text, _, _ := bytes.Cut(after, chunkEnd)
	length, err := strconv.Atoi(string(text))
	return length, false, found && err == nil
}

// counted counts a frame, once the fleet measures.
func (f *Fleet) counted(s *session, size int) {
	if s.slow || s.observer {
		return
	}
	f.random = f.random*6364136223846793005 + 1442695040888963407
	f.tally.frame(size, f.random>>33)
}

// lines takes in whole lines.
func (f *Fleet) lines(s *session, text []byte) {
	for len(text) > 0 && s.state != ended {
		i := bytes.IndexByte(text, '\n')
		if i < 1 || text[i-1] != '\r' {
			f.tally.fault("session %d: a line without CR LF: %q", s.index, text)
			f.end(s)
			return
		}
		line := text[:i-1]
		text = text[i+1:]
		if len(line) > 2 && line[0] == 'U' && line[1] == ',' {
			f.update(s, line[2:])
		} else {
			f.line(s, line)
		}
	}
}
