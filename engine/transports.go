package engine

// Transport is how a session is bound to its connection.
type Transport uint8

// The transports.
const (
	WebSocketStreaming Transport = iota
	HTTPStreaming
	WebSocketPolling
	HTTPPolling

	transports = 4
)

// String returns the transport's name, as clients have it.
func (t Transport) String() string {
	return [transports]string{"ws-streaming", "http-streaming", "ws-polling", "http-polling"}[t]
}

func transportOf(webSocket, polling bool) Transport {
	switch {
	case webSocket && polling:
		return WebSocketPolling
	case polling:
		return HTTPPolling
	case webSocket:
		return WebSocketStreaming
	}
	return HTTPStreaming
}
