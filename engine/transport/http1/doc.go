// Package http1 reads HTTP/1.1 requests from bytes and writes the heads of
// responses to bytes. It has no sockets, goroutines or clock: a connection hands
// it what it has buffered and is told how much of that is one whole request.
//
// It is strict on purpose. A request that two servers might cut at different
// places is how one client's bytes become another client's request behind a
// shared proxy, so whatever RFC 9112 leaves to the leniency of the reader is
// refused here and the connection closed: bare LF and CR, folded lines, blanks
// before colons, repeated or odd lengths, transfer codings. What is accepted is
// then read by net/http, so that there is one notion of a header in the program.
//
// Some choices are stricter than the RFC asks, each told at its check: a request in
// absolute-form must name the same authority as its Host field, bodies must come
// with a Content-Length and not with GET, and chunked ones are answered 411.
package http1
