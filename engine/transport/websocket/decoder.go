package websocket

import "github.com/gobwas/ws"

// Kind is what an Event is.
type Kind uint8

// The kinds of events.
const (
	None  Kind = iota // more bytes are needed
	Text              // a whole text message
	Ping              // to be answered with a pong
	Pong              // nothing to do but to note that the client lives
	Close             // to be answered with a close frame and the end
)

// Event is what a client has sent.
type Event struct {
	Kind Kind
	// Payload is the text of a message, what a ping or pong carries, or the reason
	// of a close. It may be a part of the decoded bytes, and must not be used after
	// these are gone.
	Payload []byte
	// Code is the client's code in a close, CodeNone if it gives none. It is also
	// the code of the answer, RFC 6455 5.5.1.
	Code int
}

// Decoder decodes what one client sends. The zero value is ready. It owns memory
// only between the first and the last frame of a message in several frames.
type Decoder struct {
	// message is what there is of a message in several frames.
	message []byte
	// checked is how much of the payload of an incomplete text frame at the start
	// of the next buf has been through text.
	checked int
	text    textCheck
	open    bool // a message in several frames is open
	ended   bool // after a close or a fault, RFC 6455 5.5.1 and 7.1.7
}

// Next decodes the start of buf up to the first event. The caller drops the n
// bytes that have been used up, after it has dealt with the event, and goes on
// with what follows; with the kind None it first waits for more bytes. These come
// behind the ones that were not used up: buf must begin with them again. A message
// of more than most bytes is refused as soon as that can be told.
//
// Payloads are unmasked in place, so buf is changed, but only where it has been
// used up. After a close or an error everything is used up without an event.
func (d *Decoder) Next(buf []byte, most int) (event Event, n int, err *CloseError) {
	for !d.ended {
		used, event, err := d.frame(buf[n:], most)
		n += used
		if err != nil || event.Kind == Close {
			d.end()
			return event, len(buf), err
		}
		if used == 0 || event.Kind != None {
			return event, n, nil
		}
	}
	return Event{}, len(buf), nil
}

// end makes the decoder ignore what follows, and frees its memory.
func (d *Decoder) end() { *d = Decoder{ended: true} }

// frame decodes one frame. It returns 0 if the frame is incomplete, and an event
// if a message or a control frame is complete.
func (d *Decoder) frame(buf []byte, most int) (int, Event, *CloseError) {
	state := ws.StateServerSide
	if d.open {
		state |= ws.StateFragmented
	}
	h, size, err := parseHeader(buf, state)
	if err != nil || size == 0 {
		return 0, Event{}, err
	}
	isText := h.OpCode.IsData()
	if isText && h.Length > int64(most-len(d.message)) {
		return 0, Event{}, &CloseError{CodeTooBig, "message too big"}
	}
	const maskSize = len(h.Mask)
	if len(buf) < size+maskSize {
		return 0, Event{}, nil
	}
	copy(h.Mask[:], buf[size:])
	payload := buf[size+maskSize:]
	if int64(len(payload)) < h.Length {
		if isText && !d.checkPart(payload, h.Mask) {
			return 0, Event{}, errNotText()
		}
		return 0, Event{}, nil
	}
	payload = payload[:h.Length:h.Length]
	ws.Cipher(payload, h.Mask, 0)
	used := size + maskSize + len(payload)
	if isText {
		event, err := d.data(payload, h.Fin)
		return used, event, err
	}
	event, err := control(h.OpCode, payload)
	return used, event, err
}

// checkPart checks what is new of the payload of an incomplete text frame. The
// bytes may be a copy that will not be seen again, so they are not changed here.
func (d *Decoder) checkPart(payload []byte, mask [4]byte) bool {
	var window [512]byte
	for d.checked < len(payload) {
		part := window[:copy(window[:], payload[d.checked:])]
		ws.Cipher(part, mask, d.checked)
		if !d.text.write(part) {
			return false
		}
		d.checked += len(part)
	}
	return true
}

// data takes the unmasked payload of a complete frame of a text message.
func (d *Decoder) data(payload []byte, fin bool) (Event, *CloseError) {
	valid := d.text.write(payload[d.checked:])
	d.checked = 0
	if !valid || fin && !d.text.whole() {
		return Event{}, errNotText()
	}
	if fin && !d.open {
		return Event{Kind: Text, Payload: payload}, nil
	}
	d.message = append(d.message, payload...)
	d.open = !fin
	if d.open {
		return Event{}, nil
	}
	payload, d.message = d.message, nil
	return Event{Kind: Text, Payload: payload}, nil
}

func errNotText() *CloseError { return &CloseError{CodeInvalidData, "text is not UTF-8"} }

// control takes the unmasked payload of a control frame.
func control(op ws.OpCode, payload []byte) (Event, *CloseError) {
	switch op {
	case ws.OpPing:
		return Event{Kind: Ping, Payload: payload}, nil
	case ws.OpPong:
		return Event{Kind: Pong, Payload: payload}, nil
	}
	code, reason, err := parseClose(payload)
	if err != nil {
		return Event{}, err
	}
	return Event{Kind: Close, Code: code, Payload: reason}, nil
}
