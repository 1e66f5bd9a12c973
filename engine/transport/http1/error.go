package http1

import (
	"fmt"
	"net/http"
)

// Error is a refusal of a request. The connection is answered with AppendError
// and closed, as nobody knows where the next request would begin.
type Error struct {
	// Status is the status code of the answer.
	Status int
	// Text says what was wrong. It never repeats what the client sent.
	Text string
	// Fields are further header fields of the answer, each "Name: value".
	Fields []string
}

// Error returns the status and the text.
func (e *Error) Error() string {
	return fmt.Sprintf("%d %s: %s", e.Status, http.StatusText(e.Status), e.Text)
}

func badRequest(text string) *Error {
	return &Error{Status: http.StatusBadRequest, Text: text}
}

// badByte is the refusal of a byte that its place does not allow.
func badByte(c byte, place string) *Error {
	switch c {
	case '\r':
		return badRequest("CR without LF in " + place)
	case '\n':
		return badRequest("LF without CR after " + place)
	}
	return badRequest(fmt.Sprintf("byte 0x%02x in %s", c, place))
}
