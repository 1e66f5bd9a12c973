// Package conflation holds what an item is made of and decides which part of it
// a receiver still lacks: rows of versioned fields, tables of rows by key, logs
// of events, and the pace at which they may leave.
//
// It is pure: no goroutine, no lock, no clock (the caller passes now), and no
// notion of how a value looks on the wire. A value is an opaque token, already
// encoded by the caller; equal tokens are equal values.
//
// Everything is numbered. A row's cell carries the number of the tick that last
// changed it, a log's entry the number of its event; a receiver holds one number,
// the last it got. What it lacks is what has a greater one.
package conflation
