package http1

import (
	"bytes"
	"net/http"
)

// head is what a scan over the head of a request has found. Its slices refer to
// the scanned bytes.
//
// A scan decides at the first byte that is wrong, and by the bytes up to it only:
// so a request is judged alike whether it arrives at once or byte by byte, and a
// client that can never get it right is not waited for.
type head struct {
	// start is 2 if an empty line stands before the request line.
	start int
	// end is the length of the whole head, 0 as long as it is incomplete.
	end int

	method []byte
	target target
	minor  int // of the version, 1 or 0

	fields   int
	host     once
	length   once // untrimmed
	coding   once
	origin   once
	kind     once // Content-Type
	auth     once // Authorization
	expects  bool
	bodySize int // what length says; past any limit if it has too many digits
}

// once is a header field that may occur a single time.
type once struct {
	value []byte
	count int
}

func (o *once) set(value []byte) *Error {
	o.value = value
	o.count++
	return nil
}

// scanHead looks at buf from its start. The head may take at most limit bytes.
func scanHead(buf []byte, limit int) (head, *Error) {
	var h head
	window := buf[:min(len(buf), limit)]
	// RFC 9112 2.2: an empty line before a request is ignored, as some old clients
	// send one behind a body.
	if bytes.HasPrefix(window, crlf) {
		h.start = len(crlf)
	}
	inFields := false
	for pos := h.start; ; {
		line, end := cutLine(window[pos:])
		next := pos + len(line) + len(crlf)
		if inFields && end == lineWhole && len(line) == 0 {
			h.end = next
			return h, h.check()
		}
		check := h.requestLine
		if inFields {
			check = h.field
		}
		if err := check(line, end == lineWhole); err != nil {
			return h, err
		}
		if end == lineBare {
			return h, badByte('\n', "a line of the head")
		}
		if end == lineOpen {
			break
		}
		pos, inFields = next, true
	}
	if len(buf) < limit {
		return h, nil
	}
	if !inFields {
		return h, lineTooLong()
	}
	return h, &Error{Status: http.StatusRequestHeaderFieldsTooLarge, Text: "the head is too large"}
}

var crlf = []byte("\r\n")

// lineEnd is how a line ends.
type lineEnd uint8

const (
	lineOpen  lineEnd = iota // not yet
	lineWhole                // with CR LF
	lineBare                 // with LF alone
)

// cutLine returns the first line of p without its end. A CR at the end of p may
// be the first half of a line end and is left out as well.
func cutLine(p []byte) ([]byte, lineEnd) {
	i := bytes.IndexByte(p, '\n')
	end := lineWhole
	if i < 0 {
		i, end = len(p), lineOpen
	}
	if i > 0 && p[i-1] == '\r' {
		return p[:i-1], end
	}
	if end == lineWhole {
		end = lineBare
	}
	return p[:i], end
}

// field checks a header field, RFC 9112 5. The line may be the beginning of one,
// unless whole.
func (h *head) field(line []byte, whole bool) *Error {
	if len(line) == 0 {
		return nil
	}
	if h.fields == fieldsMax {
		return &Error{Status: http.StatusRequestHeaderFieldsTooLarge, Text: "too many header fields"}
	}
	// RFC 9112 5.2: obs-fold; 2.2: whitespace before the first field.
	if line[0] == ' ' || line[0] == '\t' {
		return badRequest("a header line begins with a blank")
	}
	i := inToken.prefix(line)
	if i == len(line) {
		if whole {
			return badRequest("a header line without a colon")
		}
		return nil
	}
	switch c := line[i]; {
	// RFC 9112 5.1: no whitespace between a name and its colon.
	case c == ' ' || c == '\t':
		return badRequest("a blank before the colon of a header field")
	case c != ':':
		return badByte(c, "the name of a header field")
	case i == 0:
		return badRequest("a header field without a name")
	}
	// RFC 9110 5.5: CR, LF and NUL are dangerous, other controls invalid.
	value := line[i+1:]
	if j := inValue.prefix(value); j < len(value) {
		return badByte(value[j], "the value of a header field")
	}
	if !whole {
		return nil
	}
	h.fields++
	return h.note(line[:i], value)
}

// note keeps the header fields that decide how the request is to be read.
func (h *head) note(name, value []byte) *Error {
	switch {
	case equalFold(name, "host"):
		return h.host.set(trimBlanks(value))
	case equalFold(name, "content-length"):
		return h.length.set(value)
	case equalFold(name, "transfer-encoding"):
		return h.coding.set(trimBlanks(value))
	case equalFold(name, "content_length"), equalFold(name, "transfer_encoding"):
		// Other fields by the RFC, but the same to servers that hand fields on in
		// environment variables.
		return badRequest("an underscore in the name of a framing field")
	case equalFold(name, "content-type"):
		return h.kind.set(value)
	case equalFold(name, "origin"):
		return h.origin.set(trimBlanks(value))
	case equalFold(name, "authorization"):
		return h.auth.set(value)
	case equalFold(name, "expect"):
		h.expects = true
	}
	return nil
}

// check judges the whole head.
func (h *head) check() *Error {
	if err := h.checkHost(); err != nil {
		return err
	}
	if err := h.checkFraming(); err != nil {
		return err
	}
	// RFC 9110 5.3: fields that are no lists occur once. With two origins or two
	// credentials, which ones are checked, and which are believed?
	if h.origin.count > 1 || h.kind.count > 1 || h.auth.count > 1 {
		return badRequest("more than one Origin, Content-Type or Authorization")
	}
	// RFC 9110 10.1.1: an expectation of an HTTP/1.0 client is ignored. Others are
	// refused: bodies are short, so a client gains nothing by asking first, and it
	// repeats the request without the question.
	if h.expects && h.minor > 0 {
		return &Error{Status: http.StatusExpectationFailed, Text: "expectations are not supported"}
	}
	return nil
}
