// Package protocol is TLCP, the Text Lightstreamer Client Protocol, as bytes: it
// turns what clients send into values, values into the lines that clients read,
// and, for clients of our own, those lines back into values.
//
// It serves the versions 2.0 to 2.5. It holds no connection, no session and no
// clock, and it decides nothing: whether a request can be granted is the
// engine's business. What it reads refers to its input, what it writes is
// appended to a slice of the caller's.
//
// Titles in quotes, such as "Session Creation Request", are those of the TLCP
// specification, version 2.5.0.
//
// Text is UTF-8 throughout. What is not becomes U+FFFD on its way in and out,
// because one bad byte in a WebSocket text message ends the connection.
package protocol
