package http1

import (
	"bufio"
	"bytes"
	"net/http"
)

// Request is a request without its body. It does not refer to the bytes it was
// read from and may be kept.
type Request struct {
	// Method is GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS or TRACE.
	Method string
	// Path is the decoded path. It begins with a slash and has no segments "." and
	// ".."; or it is "*", if the method is OPTIONS.
	Path string
	// Query is what stands behind the question mark, as it was sent.
	Query string
	// Host is the value of the Host field, a valid name or address with or without
	// a port. It is empty only in a request of HTTP/1.0.
	Host string
	// Origin is the value of the Origin field, empty if there is none.
	Origin string
	// Minor is the second number of the version: 1, or 0 for HTTP/1.0, whose
	// clients do not understand chunks.
	Minor int
	// KeepAlive says that the connection stays open after the response. It is
	// never set in HTTP/1.0.
	KeepAlive bool
	// Upgrade says that the client asks for a WebSocket. Whether it asks correctly
	// is up to the handshake.
	Upgrade bool
	// ContentLength is the length of the body, 0 if there is none.
	ContentLength int
	// Header holds all fields but Host, by their canonical names.
	Header http.Header
}

// Parse looks for a request at the start of buf. If the request is whole, n is
// its length and body the part of buf that is its body; what follows belongs to
// the next request. If more bytes are needed, req and err are nil and n is 0:
// Parse is then called again with a longer buf. An error is an *Error and final,
// also for every longer buf.
func Parse(buf []byte, lim Limits) (req *Request, body []byte, n int, err error) {
	h, refusal := scanHead(buf, lim.head())
	if refusal != nil {
		return nil, nil, 0, refusal
	}
	if h.end == 0 {
		return nil, nil, 0, nil
	}
	if h.bodySize > lim.body() {
		return nil, nil, 0, &Error{Status: http.StatusRequestEntityTooLarge, Text: "the body is too large"}
	}
	n = h.end + h.bodySize
	if len(buf) < n {
		return nil, nil, 0, nil
	}
	req, err = h.request(buf[h.start:h.end])
	if err != nil {
		return nil, nil, 0, err
	}
	return req, buf[h.end:n:n], n, nil
}

// errReadRequest is the refusal of a head by net/http alone. No such head is known.
func errReadRequest() *Error { return badRequest("the head is malformed") }

// request reads a head that has been found valid.
func (h *head) request(text []byte) (*Request, error) {
	r, err := http.ReadRequest(bufio.NewReaderSize(bytes.NewReader(text), len(text)))
	if err != nil {
		return nil, errReadRequest()
	}
	req := &Request{
		Method:        r.Method,
		Path:          r.URL.Path,
		Query:         r.URL.RawQuery,
		Host:          string(h.host.value),
		Origin:        string(h.origin.value),
		Minor:         h.minor,
		ContentLength: h.bodySize,
		Header:        r.Header,
	}
	if req.Path == "" {
		req.Path = "/" // an absolute-form without a path, RFC 9110 4.2.3
	}
	if h.minor > 0 {
		// RFC 9112 9.3; RFC 9110 7.8: Upgrade is ignored in HTTP/1.0.
		req.KeepAlive = !HasToken(r.Header["Connection"], "close")
		req.Upgrade = HasToken(r.Header["Connection"], "upgrade") && HasToken(r.Header["Upgrade"], "websocket")
	}
	return req, nil
}
