package protocol

// Bind is a bind_session request ("Session Binding Request").
type Bind struct {
	ConnectionParams

	// Session is empty if the client leaves it to the connection.
	Session string
	// RecoveryFrom is how many data notifications the client has, if it lost its
	// connection; -1 if it lost none.
	RecoveryFrom int64
}

// ParseBind reads a bind_session request. An error is an *Error.
func ParseBind(p *Params) (Bind, error) {
	r := paramReader{params: p}
	b := Bind{
		ConnectionParams: r.connection(),
		Session:          r.get("LS_session", ""),
		RecoveryFrom:     r.number("LS_recovery_from", 0, -1),
	}
	return b, r.done()
}
