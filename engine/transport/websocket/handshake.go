package websocket

import (
	"crypto/sha1"
	"encoding/base64"
	"net/http"

	"github.com/halley-stream/halley/engine/transport/http1"
)

// Handshake answers a request for a WebSocket, RFC 6455 4.2. It agrees to the first
// subprotocol of the client's list that accept allows, or to none if there is no
// such; most clients then leave by themselves. Each of fields is a further field of
// the response, "Name: value", which goes out before any frame. Whether the request's origin may connect is for the caller to check.
func Handshake(req *http1.Request, accept func(subprotocol string) bool, fields ...string) (response []byte, subprotocol string, err *http1.Error) {
	if err = checkUpgrade(req); err != nil {
		return nil, "", err
	}
	key, err := handshakeKey(req.Header)
	if err != nil {
		return nil, "", err
	}
	subprotocol, err = choose(req.Header["Sec-Websocket-Protocol"], accept)
	if err != nil {
		return nil, "", err
	}
	response = append(response, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	response = appendAccept(response, key)
	if subprotocol != "" {
		response = append(response, "\r\nSec-WebSocket-Protocol: "...)
		response = append(response, subprotocol...)
	}
	for _, f := range fields {
		response = append(response, "\r\n"...)
		response = append(response, f...)
	}
	return append(response, "\r\n\r\n"...), subprotocol, nil
}

// checkUpgrade applies the numbered items 1 to 4 and 6 of RFC 6455 4.2.1. When the
// request was parsed, the Host of item 2 has been checked, and that there is no body.
func checkUpgrade(req *http1.Request) *http1.Error {
	switch {
	case req.Method != http.MethodGet:
		return &http1.Error{
			Status: http.StatusMethodNotAllowed,
			Text:   "a WebSocket is asked for with GET",
			Fields: []string{"Allow: GET"},
		}
	case req.Minor == 0:
		return refuse("a WebSocket needs HTTP/1.1")
	case !http1.HasToken(req.Header["Upgrade"], "websocket"):
		return refuse("no Upgrade to websocket")
	case !http1.HasToken(req.Header["Connection"], "upgrade"):
		return refuse("no Connection with upgrade")
	}
	// RFC 6455 4.4: other versions are told which one there is. RFC 9110 15.5.22 and
	// 7.8: such an answer has an Upgrade, and names it in Connection.
	version := req.Header["Sec-Websocket-Version"]
	if len(version) != 1 || version[0] != "13" {
		return &http1.Error{
			Status: http.StatusUpgradeRequired,
			Text:   "the version of WebSocket is not 13",
			Fields: []string{"Sec-WebSocket-Version: 13", "Upgrade: websocket", "Connection: Upgrade"},
		}
	}
	return nil
}

// handshakeKey returns the key of the client, RFC 6455 4.2.1 item 5: 16 bytes in
// base64, and according to 11.3.1 once.
func handshakeKey(h http.Header) (string, *http1.Error) {
	keys := h["Sec-Websocket-Key"]
	if len(keys) != 1 {
		return "", refuse("not one Sec-WebSocket-Key")
	}
	if len(keys[0]) != base64.StdEncoding.EncodedLen(16) {
		return "", refuse("the Sec-WebSocket-Key has not 16 bytes")
	}
	if nonce, err := base64.StdEncoding.DecodeString(keys[0]); err != nil || len(nonce) != 16 {
		return "", refuse("the Sec-WebSocket-Key has not 16 bytes")
	}
	return keys[0], nil
}

// appendAccept appends the proof that the server has read the key, RFC 6455 4.2.2
// item 5.4. gobwas/ws keeps its own to itself.
func appendAccept(dst []byte, key string) []byte {
	const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" // RFC 6455 1.3
	sum := sha1.Sum([]byte(key + guid))
	return base64.StdEncoding.AppendEncode(dst, sum[:])
}

// choose picks a subprotocol from the client's list, which is in the order of its
// preference and consists of tokens, RFC 6455 4.1 item 10.
func choose(offered []string, accept func(string) bool) (chosen string, err *http1.Error) {
	for p := range http1.Elements(offered) {
		if !http1.IsToken(p) {
			return "", refuse("a malformed Sec-WebSocket-Protocol")
		}
		if chosen == "" && accept(p) {
			chosen = p
		}
	}
	return chosen, nil
}

func refuse(text string) *http1.Error {
	return &http1.Error{Status: http.StatusBadRequest, Text: text}
}
