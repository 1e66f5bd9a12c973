package transport

import (
	"github.com/halley-stream/halley/engine"
	"github.com/halley-stream/halley/engine/transport/http1"
	"github.com/halley-stream/halley/engine/transport/websocket"
	"github.com/halley-stream/halley/protocol"
)

// upgrade makes a WebSocket of the connection; head is the request as it came. It reports whether that worked.
func (c *conn) upgrade(req *http1.Request, head []byte) bool {
	response, subprotocol, err := websocket.Handshake(req, func(name string) bool {
		_, ok := protocol.ParseSubprotocol(name)
		return ok
	}, c.server.fields()...)
	if err != nil {
		c.refuse(err)
		return false
	}
	version, ok := protocol.ParseSubprotocol(subprotocol)
	if !ok {
		c.refuse(&http1.Error{Status: 400, Text: "The WebSocket subprotocol must be TLCP-2.x.y.lightstreamer.com"})
		return false
	}
	c.write(response)
	if c.state == connClosed {
		return false
	}
	c.link.Closed() // of HTTP: from here on it is another
	c.link = c.loop.engine.NewLink(c, true, c.link.Address())
	c.link.SetVersion(version)
	c.handshake = head
	c.state, c.decoder = connWebSocket, new(websocket.Decoder)
	c.server.stats.WebSockets.Add(1)
	return true
}

// message takes one event from the start of buf, and reports whether there was
// one.
func (c *conn) message(buf []byte) bool {
	event, n, err := c.decoder.Next(buf, c.server.cfg.Limits.Body)
	if err != nil {
		c.drop(len(buf))
		c.fail(err)
		return false
	}
	switch event.Kind {
	case websocket.None:
		c.drop(n)
		c.open = c.open || n > 0
		c.incomplete()
		return n > 0 && n < len(buf)
	case websocket.Text:
		c.open = false
		c.complete()
		c.link.Message(event.Payload)
	case websocket.Pong:
		c.controlled(&event, n)
	case websocket.Ping:
		c.controlled(&event, n)
		c.write(websocket.AppendPong(c.loop.scratch[:0], event.Payload))
	case websocket.Close:
		c.write(websocket.AppendClose(c.loop.scratch[:0], event.Code, ""))
		c.linger()
		return false
	}
	c.drop(n)
	return c.state == connWebSocket
}

// controlled takes note of a ping or pong that ends n bytes. It may come between
// the frames of a message, whose time goes on.
func (c *conn) controlled(event *websocket.Event, n int) {
	const head = 2 + 4 // of a short frame with a mask
	if n > head+len(event.Payload) {
		c.open = true
	}
	if c.open {
		c.incomplete()
	} else {
		c.whole()
	}
}

// text sends lines as one message.
func (c *conn) text(buf []byte) {
	c.write(websocket.FrameText(buf, engine.Headroom))
}

// fail ends the WebSocket because of a fault of the client's.
func (c *conn) fail(err *websocket.CloseError) {
	c.server.stats.Faults.count(err.Code)
	c.write(websocket.AppendClose(c.loop.scratch[:0], err.Code, err.Text))
	c.linger()
}
