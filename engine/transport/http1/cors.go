package http1

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Origins are the web pages whose scripts may use the server: a list of origins
// as browsers send them, or "*" for all.
//
// With "*" every response says so, and browsers then send no cookies. With a list
// the origin of the request is repeated if it is in the list, and cookies are
// allowed. Allowing both at once, cookies for every page of the web, is not
// possible.
type Origins []string

// Validate reports the first entry that no browser would ever send.
func (o Origins) Validate() error {
	for _, origin := range o {
		if origin == "*" {
			continue
		}
		scheme, host, found := strings.Cut(origin, "://")
		switch {
		case !found || !isScheme(scheme) || !validHost([]byte(host)):
			return fmt.Errorf("origin %q: want scheme://host or scheme://host:port", origin)
		case origin != strings.ToLower(origin):
			return fmt.Errorf("origin %q: browsers send origins in lower case", origin)
		case scheme == "https" && strings.HasSuffix(host, ":443"),
			scheme == "http" && strings.HasSuffix(host, ":80"),
			strings.HasSuffix(host, ":"):
			return fmt.Errorf("origin %q: browsers leave out the default port", origin)
		}
	}
	return nil
}

func isScheme(s string) bool {
	for i, c := range []byte(s) {
		letter := 'a' <= toLower(c) && toLower(c) <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(c))) {
			return false
		}
	}
	return s != ""
}

// Check judges the origin of a request. Allowed says that its page may use the
// server; the headers belong on the response in any case. A request without an
// origin does not come from a page of another site; it is allowed here, and the
// caller sees to it that a cookie alone does not authorise it.
//
// Origins are compared byte by byte, RFC 6454 5 and 6.2. The origin "null" is
// shared by sandboxed pages of all sites: only "*" allows it.
func (o Origins) Check(origin string) (allowed bool, headers CORS) {
	switch {
	case slices.Contains(o, "*"):
		return true, CORS{origin: "*"}
	case origin == "":
		return true, CORS{listed: true}
	case origin != "null" && slices.Contains(o, origin):
		return true, CORS{origin: origin, listed: true}
	}
	return false, CORS{listed: true}
}

// CORS is what a response says about the pages that may read it. The zero value
// says nothing, so that only pages of the same origin may.
type CORS struct {
	origin string // may read the response; "*" is all
	listed bool   // the answer depends on the origin of the request
}

func (c CORS) append(dst []byte) []byte {
	if c.listed {
		dst = append(dst, "Vary: Origin\r\n"...)
	}
	if c.origin == "" {
		return dst
	}
	dst = append(dst, "Access-Control-Allow-Origin: "...)
	dst = append(dst, c.origin...)
	dst = append(dst, crlf...)
	if c.listed {
		dst = append(dst, "Access-Control-Allow-Credentials: true\r\n"...)
	}
	return dst
}

// AppendPreflight appends the response to an OPTIONS request. If that is a browser's
// question whether it may send a request of a page, and the page's origin is
// allowed, the answer permits GET and POST with the header fields asked for.
func AppendPreflight(dst []byte, req *Request, cors CORS, fields ...string) []byte {
	fields = append(slices.Clone(fields), "Allow: GET, POST, OPTIONS")
	if cors.origin != "" && req.Header.Get("Access-Control-Request-Method") != "" {
		fields = append(fields, "Access-Control-Allow-Methods: GET, POST", "Access-Control-Max-Age: 3600")
		var asked []string
		for name := range Elements(req.Header["Access-Control-Request-Headers"]) {
			if IsToken(name) {
				asked = append(asked, name)
			}
		}
		if len(asked) > 0 {
			fields = append(fields, "Access-Control-Allow-Headers: "+strings.Join(asked, ", "))
		}
	}
	return AppendResponse(dst, http.StatusNoContent, "", 0, req.KeepAlive, cors, fields...)
}
