package http1

import (
	"bytes"
	"net/http"
)

func lineTooLong() *Error {
	return &Error{Status: http.StatusRequestURITooLong, Text: "the request line is too long"}
}

// requestLine checks the first line, RFC 9112 3: method SP request-target SP
// version, with exactly these two blanks. The line may be the beginning of one,
// unless whole.
func (h *head) requestLine(line []byte, whole bool) *Error {
	if len(line) > requestLineMax {
		if err := h.requestLine(line[:requestLineMax], false); err != nil {
			return err
		}
		return lineTooLong()
	}
	i := inToken.prefix(line)
	if i > methodMax {
		return errMethod()
	}
	if i < len(line) {
		if err := h.setMethod(line[:i], line[i]); err != nil {
			return err
		}
		line = line[i+1:]
		if i = inTarget.prefix(line); i > 0 {
			if err := checkFirst(line[0]); err != nil {
				return err
			}
		}
		if i < len(line) {
			if err := h.setTarget(line[:i], line[i]); err != nil {
				return err
			}
			return h.setVersion(line[i+1:], whole)
		}
	}
	if whole {
		// RFC 9112 2.3: a line without a version is HTTP/0.9.
		return badRequest("the request line is incomplete")
	}
	return nil
}

// setMethod takes the method and the byte behind it.
func (h *head) setMethod(method []byte, next byte) *Error {
	if len(method) == 0 || next != ' ' {
		return badByte(next, "the method")
	}
	switch string(method) {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodTrace:
		h.method = method
		return nil
	case "PRI": // RFC 9113 3.4: the preface of HTTP/2
		return errVersion()
	}
	return errMethod()
}

// errMethod is the refusal of methods that are not known, RFC 9110 9.1, and of
// CONNECT, which is for proxies. Methods are case-sensitive.
func errMethod() *Error {
	return &Error{Status: http.StatusNotImplemented, Text: "the method is not implemented"}
}

// setTarget takes the request target and the byte behind it.
func (h *head) setTarget(text []byte, next byte) (err *Error) {
	if len(text) == 0 || next != ' ' {
		return badByte(next, "the request target")
	}
	h.target, err = parseTarget(text)
	// RFC 9112 3.2.4
	if err == nil && h.target.path == nil && string(h.method) != http.MethodOptions {
		return badRequest("the request target * is for OPTIONS")
	}
	return err
}

// versionForm is what a version looks like, RFC 9112 2.3; 0 stands for any digit.
const versionForm = "HTTP/0.0"

func (h *head) setVersion(v []byte, whole bool) *Error {
	for i, c := range v {
		if i == len(versionForm) || c != versionForm[i] && (versionForm[i] != '0' || c < '0' || c > '9') {
			return badByte(c, "the version")
		}
	}
	if !whole {
		return nil
	}
	if len(v) < len(versionForm) {
		return badRequest("the version is incomplete")
	}
	switch {
	case bytes.HasSuffix(v, []byte("/1.1")):
		h.minor = 1
	case bytes.HasSuffix(v, []byte("/1.0")):
		h.minor = 0
	default:
		return errVersion()
	}
	return nil
}

// errVersion is the refusal of other versions, RFC 9110 15.6.6. It includes 1.2 and
// later, which 2.5 would have read as 1.1, as there are none.
func errVersion() *Error {
	return &Error{Status: http.StatusHTTPVersionNotSupported, Text: "the version is not HTTP/1.1 or HTTP/1.0"}
}
