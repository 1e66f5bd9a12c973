package protocol

import (
	"bytes"
	"iter"
	"strings"
)

// RequestName says what kind of request a client makes.
type RequestName uint8

// The requests of TLCP. WSOK is made on WebSockets only.
const (
	CreateSession RequestName = iota + 1
	BindSession
	Control
	Message
	Heartbeat
	WSOK
)

// String returns the name of n on the wire ("create_session").
func (n RequestName) String() string {
	switch n {
	case CreateSession:
		return "create_session"
	case BindSession:
		return "bind_session"
	case Control:
		return "control"
	case Message:
		return "msg"
	case Heartbeat:
		return "heartbeat"
	case WSOK:
		return "wsok"
	}
	return "no request"
}

// ParseName reads a request's name, the first line of a WebSocket message.
func ParseName(s []byte) (RequestName, bool) {
	for n := CreateSession; n <= WSOK; n++ {
		if string(s) == n.String() {
			return n, true
		}
	}
	return 0, false
}

// ParsePath reads a request's name from the path of an HTTP request
// ("/lightstreamer/control.txt"), which may have a prefix.
func ParsePath(path string) (RequestName, bool) {
	path, ok := strings.CutSuffix(path, ".txt")
	slash := strings.LastIndexByte(path, '/')
	if !ok || slash < 0 || !strings.HasSuffix(path[:slash], "/lightstreamer") {
		return 0, false
	}
	n, ok := ParseName([]byte(path[slash+1:]))
	return n, ok && n != WSOK
}

// SplitMessage splits a WebSocket message in the request's name and the lines of
// its parameters.
func SplitMessage(msg []byte) (name, rest []byte) {
	name, rest, _ = bytes.Cut(msg, []byte{'\n'})
	return bytes.TrimSuffix(name, []byte{'\r'}), rest
}

// Lines returns the parameter lines ("Request Syntax") of a body, or of what
// follows the first line of a WebSocket message: each is one request. They are
// separated by CR LF; a bare LF will do. An "&" or a CR LF at the end, as older
// clients send it, is left out.
//
// There is always at least one line: without any parameters it is empty, as in a
// heartbeat.
func Lines(body []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		sole := true
		for rest := body; len(rest) > 0; {
			var line []byte
			line, rest, _ = bytes.Cut(rest, []byte{'\n'})
			line = bytes.TrimRight(bytes.TrimSuffix(line, []byte{'\r'}), "&")
			if len(line) == 0 {
				continue
			}
			sole = false
			if !yield(line) {
				return
			}
		}
		if sole {
			yield(nil)
		}
	}
}
