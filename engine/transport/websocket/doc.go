// Package websocket is the server's side of RFC 6455 as functions over bytes: the
// answer to a handshake, a decoder of what the client sends, and encoders of
// frames. It has no sockets, goroutines or clock.
//
// The server takes text messages and refuses binary ones. It agrees to no
// extension. What it sends is one frame per message; frames are made in place
// around a payload that has some space in front of it, so that a message costs
// neither memory nor a copy.
//
// The rules of frames and close codes are those of gobwas/ws, on slices instead of
// readers.
package websocket
