package engine

import (
	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/conflation"
	"github.com/halley-stream/halley/protocol"
)

// The values of the field command in wire form.
var (
	addToken    = []byte(adapters.CommandAdd)
	updateToken = []byte(adapters.CommandUpdate)
	deleteToken = []byte(adapters.CommandDelete)
)

// appendRow appends the body of a row for a receiver that has everything up to
// have: values of fields with a greater version, "unchanged" for the rest. With
// have 0 the body is complete.
func appendRow(dst []byte, row *conflation.Row, slots []int32, have uint64) []byte {
	b := protocol.BeginBody(dst)
	for _, slot := range slots {
		token, version := row.At(int(slot))
		switch {
		case version > have:
			b.Token(token)
		case have > 0:
			b.Unchanged()
		default:
			b.Token(nullToken)
		}
	}
	return b.End()
}

// appendEvent appends the complete body of one tick: null for what it did not
// name.
func appendEvent(dst []byte, ev *event, slots []int32) []byte {
	b := protocol.BeginBody(dst)
	for _, slot := range slots {
		if token := ev.at(slot); token != nil {
			b.Token(token)
		} else {
			b.Token(nullToken)
		}
	}
	return b.End()
}

// appendKeyed appends the complete body of a COMMAND row under a command. Of a
// row that is deleted only the key is told.
func appendKeyed(dst []byte, k *conflation.Keyed, v *view, command []byte) []byte {
	b := protocol.BeginBody(dst)
	deleted := &command[0] == &deleteToken[0]
	for i, slot := range v.slots {
		switch {
		case i == v.keys.keyAt:
			b.Token([]byte(k.Key))
		case i == v.keys.commandAt:
			b.Token(command)
		case deleted:
			b.Token(nullToken)
		default:
			if token, version := k.At(int(slot)); version > 0 {
				b.Token(token)
			} else {
				b.Token(nullToken)
			}
		}
	}
	return b.End()
}
