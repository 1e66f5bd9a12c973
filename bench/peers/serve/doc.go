//go:build linux

// Package serve runs the peers that are Go libraries, each as a process of its own: a
// server that listens on loopback, prints its port to standard output when it is
// ready, publishes each update that comes as a line over standard input, and ends with
// its standard input.
package serve
