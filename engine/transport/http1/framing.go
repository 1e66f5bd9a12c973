package http1

import (
	"bytes"
	"math"
	"net/http"
)

// checkFraming decides how long the body is, RFC 9112 6.3, and refuses every
// request of which another reader could think otherwise.
func (h *head) checkFraming() *Error {
	if h.coding.count > 0 {
		return h.refuseCoding()
	}
	// RFC 9112 6.3, rule 5, would allow equal repetitions.
	if h.length.count > 1 {
		return badRequest("more than one Content-Length")
	}
	if h.length.count == 0 {
		return nil
	}
	if err := h.parseLength(); err != nil {
		return err
	}
	// RFC 9110 9.3.1, 9.3.2, 9.3.7 and 9.3.8: content has no meaning here, and who
	// overlooks it takes it for the next request.
	switch string(h.method) {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		if h.bodySize > 0 {
			return badRequest("a body with a method that has none")
		}
	}
	return nil
}

// refuseCoding says why a request with a Transfer-Encoding is not accepted.
func (h *head) refuseCoding() *Error {
	switch {
	case h.length.count > 0:
		// RFC 9112 6.1: "ought to be handled as an error".
		return badRequest("both Content-Length and Transfer-Encoding")
	case h.minor == 0:
		// RFC 9112 6.1: the framing of such a message is faulty.
		return badRequest("Transfer-Encoding in HTTP/1.0")
	case h.coding.count > 1:
		return badRequest("more than one Transfer-Encoding")
	case equalFold(h.coding.value, "chunked"):
		// RFC 9112 6.3: a server may ask for a length instead.
		return &Error{Status: http.StatusLengthRequired, Text: "send a Content-Length instead of chunks"}
	}
	codings := bytes.Split(h.coding.value, []byte(","))
	for i, c := range codings {
		c = trimBlanks(c)
		last := i == len(codings)-1
		// RFC 9112 6.3, rule 4: chunked must be the last coding; 6.1: and only once.
		if !IsToken(string(c)) || equalFold(c, "chunked") != last {
			return badRequest("the Transfer-Encoding is malformed")
		}
	}
	// RFC 9112 6.1: codings that are not understood.
	return &Error{Status: http.StatusNotImplemented, Text: "transfer codings are not supported"}
}

// parseLength reads a Content-Length, RFC 9110 8.6: 1*DIGIT. Leading zeros are
// refused, as there are readers that take them for octal, and so are blanks but for
// the usual one, as there are readers that do not trim them.
func (h *head) parseLength() *Error {
	v := bytes.TrimPrefix(h.length.value, []byte(" "))
	if len(v) == 0 || len(v) > 1 && v[0] == '0' {
		return badRequest("the Content-Length is malformed")
	}
	n := 0
	for _, c := range v {
		if c < '0' || c > '9' {
			return badRequest("the Content-Length is malformed")
		}
		if n > math.MaxInt/10-1 {
			n = math.MaxInt / 10
			continue
		}
		n = n*10 + int(c-'0')
	}
	h.bodySize = n
	return nil
}
