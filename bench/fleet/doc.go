//go:build linux

// Package fleet is tens of thousands of TLCP clients in one process: real sockets,
// on one epoll, over WebSocket, HTTP streaming or HTTP polling. They subscribe to
// items of package load and check every update: is one missing, has one come
// twice or too early, and how old is it.
//
// It is built to cost little, because it shares the machine with the server that
// it measures: one thread, one read per event, no allocation per update. It is
// no general client: it knows the shape of what it subscribed to.
//
// All of it belongs to the goroutine that calls Connect and the other methods;
// nothing happens in between.
package fleet
