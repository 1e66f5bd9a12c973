package http1

import "bytes"

// target is a request target taken apart, RFC 9112 3.2.
type target struct {
	// authority is nil unless the target is in absolute-form.
	authority []byte
	// path is percent-encoded; nil in the target "*".
	path []byte
}

// checkFirst refuses a target by its first byte: it is "*", a path, or begins
// with http.
func checkFirst(c byte) *Error {
	switch c {
	case '/', '*', 'h', 'H':
		return nil
	}
	return badByte(c, "the beginning of the request target")
}

// parseTarget takes a request target apart. Proxies may send the absolute-form,
// RFC 9112 3.2.2; the authority-form belongs to CONNECT, which is refused before.
func parseTarget(text []byte) (t target, err *Error) {
	if string(text) == "*" {
		return target{}, nil
	}
	rest, _, _ := bytes.Cut(text, []byte("?"))
	if rest[0] != '/' {
		i := bytes.Index(rest, []byte("://"))
		if i < 0 || !equalFold(rest[:i], "http") && !equalFold(rest[:i], "https") {
			return t, badRequest("the request target is neither a path nor an http URL")
		}
		rest = rest[i+len("://"):]
		i = bytes.IndexByte(rest, '/')
		if i < 0 {
			i = len(rest)
		}
		t.authority, rest = rest[:i], rest[i:]
		if !validHost(t.authority) {
			return t, badRequest("the authority of the request target is malformed")
		}
		if len(rest) == 0 {
			rest = []byte("/") // RFC 9110 4.2.3
		}
	}
	t.path = rest
	if !validPath(t.path) {
		return t, badRequest("the path of the request target is malformed")
	}
	return t, nil
}

// validPath reports whether a path consists of what RFC 3986 3.3 allows and means
// the same before and after decoding: no encoded slash or control, no backslash,
// no segment "." or "..". Clients resolve those before they send a path; the
// others are attempts to pass a rule by which a proxy has let the request through.
func validPath(p []byte) bool {
	if inPath.prefix(p) < len(p) {
		return false
	}
	length, dots := 0, 0 // of the current segment
	for i := 0; i < len(p); i++ {
		c := p[i]
		if c == '/' {
			if isDots(length, dots) {
				return false
			}
			length, dots = 0, 0
			continue
		}
		if c == '%' {
			if i+2 >= len(p) || !isHex(p[i+1]) || !isHex(p[i+2]) {
				return false
			}
			c = unhex(p[i+1])<<4 | unhex(p[i+2])
			if c < 0x20 || c == 0x7f || c == '/' || c == '\\' {
				return false
			}
			i += 2
		}
		length++
		if c == '.' {
			dots++
		}
	}
	return !isDots(length, dots)
}

func isDots(length, dots int) bool { return length == dots && (dots == 1 || dots == 2) }

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}
