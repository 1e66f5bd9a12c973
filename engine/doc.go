// Package engine is Halley's core: it keeps the last values of items, decides
// which part of them each client still lacks, and puts it into the clients'
// output, in TLCP.
//
// It is made of stages: item shards, event loops, and a pool for requests. Each
// stage is an object with a step method that does a bounded piece of work; the
// goroutines of Run and the event loops of package transport only call it. So the
// whole engine runs in a test without sockets, goroutines or a clock.
//
// State has one owner. Items and the shards' half of views belong to one shard;
// sessions, subscribers, output and timers to one loop. They reach each other
// through bounded inboxes and linked commands only, see ARCHITECTURE.md.
//
// The package knows no socket: a loop is driven through Loop, a connection is a
// Conn, both implemented by package transport.
package engine
