package http1

// The limits that are not a matter of configuration.
const (
	// requestLineMax bounds the request line; RFC 9112 3 recommends at least 8000.
	requestLineMax = 8 << 10
	// fieldsMax bounds the number of header fields.
	fieldsMax = 64
	// methodMax is the length of the longest method that is known.
	methodMax = len("OPTIONS")
)

// Limits bound what a client may send in one request. A limit of zero is the
// default.
type Limits struct {
	// Head is the number of bytes of the request line and the header fields with
	// all their line ends, 16 KiB by default.
	Head int
	// Body is the number of bytes of the body, 64 KiB by default.
	Body int
}

func (l Limits) head() int {
	if l.Head <= 0 {
		return 16 << 10
	}
	return l.Head
}

func (l Limits) body() int {
	if l.Body <= 0 {
		return 64 << 10
	}
	return l.Body
}
