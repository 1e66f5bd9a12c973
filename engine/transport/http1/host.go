package http1

import (
	"bytes"
	"net/netip"
)

// checkHost applies RFC 9112 3.2: exactly one valid Host in HTTP/1.1, at most one
// in HTTP/1.0. RFC 9112 3.2.2 would have the authority of an absolute-form target
// replace a Host that differs; a difference means that somebody on the way was
// mistaken about whom the request is for, so it is refused.
func (h *head) checkHost() *Error {
	if h.host.count > 1 {
		return badRequest("more than one Host")
	}
	if h.host.count == 0 {
		if h.minor > 0 {
			return badRequest("no Host")
		}
		h.host.value = h.target.authority
		return nil
	}
	if !validHost(h.host.value) {
		return badRequest("the Host is malformed")
	}
	if a := h.target.authority; a != nil && !bytes.Equal(bytes.ToLower(a), bytes.ToLower(h.host.value)) {
		return badRequest("the request target names another host than Host")
	}
	return nil
}

// validHost reports whether p is uri-host [":" port], RFC 9110 7.2, with a name, an
// IPv4 address or a bracketed IPv6 address. Of the characters that RFC 3986 allows
// in a name only those are let through that names have: no user information, no
// comma, no percent-encoding. An empty Host is no name either.
func validHost(p []byte) bool {
	var port []byte
	if len(p) > 0 && p[0] == '[' {
		i := bytes.IndexByte(p, ']')
		if i < 0 {
			return false
		}
		addr, err := netip.ParseAddr(string(p[1:i]))
		if err != nil || !addr.Is6() || addr.Zone() != "" {
			return false
		}
		port = p[i+1:]
		if len(port) > 0 && port[0] != ':' {
			return false
		}
		port = bytes.TrimPrefix(port, []byte(":"))
	} else {
		var host []byte
		host, port, _ = bytes.Cut(p, []byte(":"))
		if len(host) == 0 || len(host) > 255 || inHost.prefix(host) < len(host) {
			return false
		}
	}
	return validPort(port)
}

// validPort allows an empty port, as RFC 3986 3.2.3 does.
func validPort(p []byte) bool {
	n := 0
	for _, c := range p {
		if c < '0' || c > '9' || len(p) > 5 {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return n <= 65535
}
