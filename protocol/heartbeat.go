package protocol

// HeartbeatRequest is a heartbeat request ("Client Heartbeat"): it says that the
// client is alive, as any request does, and nothing else. Over HTTP it is answered
// with a REQOK without an id, over a WebSocket not at all; also if there is no such
// session.
type HeartbeatRequest struct {
	// Session is empty if the client leaves it to the connection or the URL.
	Session string
}

// ParseHeartbeat reads a heartbeat request. Nothing in it can be wrong.
func ParseHeartbeat(p *Params) HeartbeatRequest {
	r := paramReader{params: p}
	return HeartbeatRequest{Session: r.get("LS_session", "")}
}
