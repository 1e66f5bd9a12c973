//go:build linux

// Package clients is a thousand clients of any server in one process, on one
// epoll: real sockets, over WebSocket or HTTP. What a client has to say until it is
// subscribed is its Dialogue; from then on it finds updates in what comes by their
// marker, whatever the server wraps around them, and checks each: is one missing,
// has one come twice or too early, and how old is it.
//
// An update is
//
//	~<item>|<seq>|<sent>|<filler>|<filler>|<filler>
//
// with the values of package load: seq numbers the updates of an item without gaps,
// sent is in nanoseconds since 1970, and a filler has FillerSize letters. The marker
// occurs nowhere else in what the servers send, and no letter of an update needs
// escaping in JSON.
//
// It knows no server: what differs is data. All of it belongs to the goroutine that
// calls Connect and the other methods; nothing happens in between.
package clients
