package protocol

import (
	"bytes"
	"fmt"
)

// paramsMax bounds the parameters of a request. The longest that a client sends
// has about twenty.
const paramsMax = 64

// Params are the parameters of one request. They refer to the line they were
// parsed from, and are decoded when asked for. The zero value is empty; a Params
// may be used again for the next line.
type Params struct {
	pairs []param
}

type param struct{ name, value []byte }

// Parse reads a line of parameters. After an error, an *Error with the code
// "malformed request", p still has those that could be read, so that the answer
// can name the request.
//
// Where a name comes twice, the last one counts.
func (p *Params) Parse(line []byte) error {
	p.pairs = p.pairs[:0]
	var bad error
	for len(line) > 0 {
		var text []byte
		text, line, _ = bytes.Cut(line, []byte{'&'})
		if len(text) == 0 {
			continue
		}
		name, value, ok := bytes.Cut(text, []byte{'='})
		switch {
		case len(p.pairs) == paramsMax:
			return malformed("more than %d parameters", paramsMax)
		case ok && len(name) > 0 && wellFormed(text):
			p.pairs = append(p.pairs, param{name, value})
		case bad == nil:
			bad = malformed("no parameter: %.40q", text)
		}
	}
	return bad
}

// Get returns the value of a parameter; ok is false if there is none. Percent
// escapes are resolved. A plus is a plus: clients never mean a blank by it.
func (p *Params) Get(name string) (value string, ok bool) {
	for i := len(p.pairs) - 1; i >= 0; i-- {
		if p.pairs[i].is(name) {
			return unescape(p.pairs[i].value), true
		}
	}
	return "", false
}

// ReqID returns the client's name for the request, or "". It is arbitrary text.
func (p *Params) ReqID() string {
	id, _ := p.Get("LS_reqId")
	return id
}

func (p *param) is(name string) bool {
	if string(p.name) == name {
		return true
	}
	return bytes.IndexByte(p.name, '%') >= 0 && unescape(p.name) == name
}

// wellFormed reports whether every % of a parameter starts an escape, and no
// line end is left in it.
func wellFormed(text []byte) bool {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\r', '\n':
			return false
		case '%':
			if _, ok := unhex(text[i:]); !ok {
				return false
			}
			i += 2
		}
	}
	return true
}

// AppendParam appends a parameter to a line, as clients do: with an "&" before
// it, unless it is the first of the line.
func AppendParam(dst []byte, name, value string) []byte {
	if n := len(dst); n > 0 && dst[n-1] != '\n' {
		dst = append(dst, '&')
	}
	dst, _ = appendEscaped(dst, name, &paramEscapes)
	dst = append(dst, '=')
	dst, _ = appendEscaped(dst, value, &paramEscapes)
	return dst
}

// malformed and invalid make the two errors of requests. Their codes are the same
// in both families.
func malformed(format string, args ...any) *Error {
	return &Error{ReqMalformed, "Malformed request: " + fmt.Sprintf(format, args...)}
}

func invalid(name, value string) *Error {
	return &Error{ReqInvalid, fmt.Sprintf("Invalid value of %s: %.40q", name, value)}
}
