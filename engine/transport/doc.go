// Package transport is how clients reach the engine: HTTP/1.1 and WebSocket
// connections on the event loops of gnet.
//
// It moves bytes of sessions between sockets and engine.Link, frames them, and
// holds clients to the limits of a request. It knows no items and no
// subscriptions. The formats are in http1 and websocket, as functions over bytes.
package transport
