package protocol

import "strconv"

// The lines of this file answer requests, open and end connections ("Session
// Creation and Binding Responses", "Control Responses"). All lines of a server
// end with CR LF, also the last one of a WebSocket message.

// AppendCONOK appends the answer to a create_session or bind_session that
// succeeded. Clients take keepaliveMillis over and ask for it the next time: it
// is the period of PROBE of a stream, the idle time of a poll. An empty
// controlLink is none. Session and controlLink are not unescaped by clients: they
// should need no escapes.
func AppendCONOK(dst []byte, session string, requestLimit int, keepaliveMillis int64, controlLink string) []byte {
	dst = appendText(append(dst, "CONOK,"...), session)
	dst = strconv.AppendInt(append(dst, ','), int64(requestLimit), 10)
	dst = strconv.AppendInt(append(dst, ','), keepaliveMillis, 10)
	if controlLink == "" {
		controlLink = "*"
	}
	dst = appendText(append(dst, ','), controlLink)
	return append(dst, "\r\n"...)
}

// AppendCONERR appends the answer to a create_session or bind_session that
// failed.
func AppendCONERR(dst []byte, code int, text string) []byte {
	return appendRefusal(append(dst, "CONERR,"...), code, text)
}

// AppendEND appends the end of the session.
func AppendEND(dst []byte, code int, text string) []byte {
	return appendRefusal(append(dst, "END,"...), code, text)
}

// AppendLOOP appends the end of the connection: the client is to bind again after
// millis, which a poller also takes over as its interval. Nothing may follow.
func AppendLOOP(dst []byte, millis int64) []byte {
	dst = strconv.AppendInt(append(dst, "LOOP,"...), millis, 10)
	return append(dst, "\r\n"...)
}

// AppendWSOK appends the answer to wsok. It comes before the answer to any later
// request.
func AppendWSOK(dst []byte) []byte { return append(dst, "WSOK\r\n"...) }

// AppendREQOK appends the answer to a request that succeeded. A heartbeat's has
// no reqID.
func AppendREQOK(dst []byte, reqID string) []byte {
	dst = append(dst, "REQOK"...)
	if reqID != "" {
		dst = appendText(append(dst, ','), reqID)
	}
	return append(dst, "\r\n"...)
}

// AppendREQERR appends the answer to a request that failed.
func AppendREQERR(dst []byte, reqID string, code int, text string) []byte {
	dst = appendText(append(dst, "REQERR,"...), reqID)
	return appendRefusal(append(dst, ','), code, text)
}

// AppendERROR appends the answer to a request whose id could not be read.
// Official clients give up after it, so it is the last resort.
func AppendERROR(dst []byte, code int, text string) []byte {
	return appendRefusal(append(dst, "ERROR,"...), code, text)
}

// appendRefusal appends a code and its text, and ends the line. The text may be
// empty, but its comma may not be missing.
func appendRefusal(dst []byte, code int, text string) []byte {
	dst = strconv.AppendInt(dst, int64(code), 10)
	dst = appendText(append(dst, ','), text)
	return append(dst, "\r\n"...)
}

// appendText appends a textual argument.
func appendText(dst []byte, s string) []byte {
	dst, _ = appendEscaped(dst, s, &textEscapes)
	return dst
}
