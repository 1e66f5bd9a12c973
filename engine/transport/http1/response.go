package http1

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// textPlain is the content type of TLCP and of error texts.
const textPlain = "text/plain; charset=utf-8"

// AppendResponse appends the head of a response whose body of contentLength bytes
// follows; with a body that is left out, as in the answer to HEAD, its length is
// still told. A status without content, 204 or 304, gets no length. Without a
// content type there is none in the head. Each of fields is a further header
// field, "Name: value".
func AppendResponse(dst []byte, status int, contentType string, contentLength int, keepAlive bool, cors CORS, fields ...string) []byte {
	dst = appendStatus(dst, status, contentType, cors)
	// RFC 9110 8.6: no Content-Length in 1xx and 204, and a 304 need not have one.
	if status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified {
		dst = append(dst, "Content-Length: "...)
		dst = strconv.AppendInt(dst, int64(contentLength), 10)
		dst = append(dst, crlf...)
	}
	return appendEnd(dst, keepAlive, fields)
}

// AppendStreamHead appends the head of a response of status 200 whose body follows
// in chunks, see FrameChunk. It is for clients of HTTP/1.1.
func AppendStreamHead(dst []byte, contentType string, keepAlive bool, cors CORS, fields ...string) []byte {
	dst = appendStatus(dst, http.StatusOK, contentType, cors)
	dst = append(dst, "Transfer-Encoding: chunked\r\nX-Accel-Buffering: no\r\n"...)
	return appendEnd(dst, keepAlive, fields)
}

// AppendRawStreamHead appends the head of a response of status 200 whose body
// follows as it is and ends with the connection. It is for clients of HTTP/1.0,
// to which RFC 9112 6.1 forbids to send chunks.
func AppendRawStreamHead(dst []byte, contentType string, cors CORS, fields ...string) []byte {
	dst = appendStatus(dst, http.StatusOK, contentType, cors)
	dst = append(dst, "X-Accel-Buffering: no\r\n"...)
	return appendEnd(dst, false, fields)
}

// AppendError appends a whole response that refuses a request and says that the
// connection will be closed.
func AppendError(dst []byte, err *Error, cors CORS, fields ...string) []byte {
	body := err.Error() + "\r\n"
	dst = AppendResponse(dst, err.Status, textPlain, len(body), false, cors, slices.Concat(fields, err.Fields)...)
	return append(dst, body...)
}

// Date is the field that says when a response was made, to be passed to the
// functions above. RFC 9110 6.6.1 asks for it in all responses but those of 1xx
// and 5xx.
func Date(now time.Time) string {
	return "Date: " + now.UTC().Format(http.TimeFormat)
}

// appendStatus appends the status line and the fields that all responses have: what
// is streamed must not be cached, compressed on its way, or guessed to be a page.
func appendStatus(dst []byte, status int, contentType string, cors CORS) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(dst, ' ')
	dst = append(dst, http.StatusText(status)...)
	if contentType != "" {
		dst = append(dst, "\r\nContent-Type: "...)
		dst = append(dst, contentType...)
	}
	dst = append(dst, "\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store, no-transform\r\n"...)
	return cors.append(dst)
}

func appendEnd(dst []byte, keepAlive bool, fields []string) []byte {
	for _, f := range fields {
		dst = append(dst, f...)
		dst = append(dst, crlf...)
	}
	if !keepAlive {
		dst = append(dst, "Connection: close\r\n"...)
	}
	return append(dst, crlf...)
}
