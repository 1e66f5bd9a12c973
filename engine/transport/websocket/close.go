package websocket

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// The close codes of RFC 6455 7.4.1 that the server uses.
const (
	CodeNormal          = int(ws.StatusNormalClosure)           // 1000
	CodeGoingAway       = int(ws.StatusGoingAway)               // 1001
	CodeProtocolError   = int(ws.StatusProtocolError)           // 1002
	CodeUnsupportedData = int(ws.StatusUnsupportedData)         // 1003
	CodeNone            = int(ws.StatusNoStatusRcvd)            // 1005: the frame has no code
	CodeInvalidData     = int(ws.StatusInvalidFramePayloadData) // 1007
	CodePolicy          = int(ws.StatusPolicyViolation)         // 1008
	CodeTooBig          = int(ws.StatusMessageTooBig)           // 1009
	CodeInternalError   = int(ws.StatusInternalServerError)     // 1011
)

// CloseError is a fault in what the client has sent. The connection is answered
// with a close frame of this code and text, and then closed.
type CloseError struct {
	Code int
	Text string
}

// Error returns the text and the code.
func (e *CloseError) Error() string { return fmt.Sprintf("%s (close code %d)", e.Text, e.Code) }

func protocolError(text string) *CloseError { return &CloseError{CodeProtocolError, text} }

// parseClose reads the payload of a close frame, RFC 6455 5.5.1: nothing, or a
// code and a reason in UTF-8.
func parseClose(p []byte) (code int, reason []byte, err *CloseError) {
	switch len(p) {
	case 0:
		return CodeNone, nil, nil
	case 1:
		return 0, nil, protocolError("close frame with half a code")
	}
	code, reason = int(binary.BigEndian.Uint16(p)), p[2:]
	if !validCode(code) {
		return 0, nil, protocolError("invalid close code")
	}
	if !utf8.Valid(reason) {
		return 0, nil, &CloseError{CodeInvalidData, "close reason is not UTF-8"}
	}
	return code, reason, nil
}

// validCode reports whether a peer may send a close code, RFC 6455 7.4. The codes
// from 1012 to 1014 have been registered since, 7.4.2 ends at 4999.
func validCode(code int) bool {
	if 1012 <= code && code <= 1014 {
		return true
	}
	return code <= 4999 && ws.CheckCloseFrameData(ws.StatusCode(code), "") == nil
}
