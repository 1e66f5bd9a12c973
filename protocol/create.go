package protocol

// DefaultAdapter is the name of the adapter set, and of the data adapter, of
// clients that name none.
const DefaultAdapter = "DEFAULT"

// ConnectionParams are what create_session and bind_session say about the
// connection that the answer opens. Times that are missing are 0. PollingMillis and
// IdleMillis count only with Polling; InactivityMillis, KeepaliveMillis and SendSync
// only without.
type ConnectionParams struct {
	// Polling asks for what there is, instead of a stream.
	Polling bool
	// PollingMillis is when the client will bind again after a poll.
	PollingMillis int64
	// IdleMillis is how long a poll may be kept waiting for something to tell.
	IdleMillis int64
	// InactivityMillis is how often a streaming client promises a request.
	InactivityMillis int64
	// KeepaliveMillis is how often a streaming client wants a sign of life.
	KeepaliveMillis int64
	// ContentLength bounds the bytes of an HTTP stream; 0 leaves it to the server.
	ContentLength int64
	// SendSync asks for SYNC lines; the default is true.
	SendSync bool
	// ReduceHead asks to leave out SERVNAME and CLIENTIP; on create_session also
	// CONS, for the whole session; on bind_session also CONOK.
	ReduceHead bool
}

// Create is a create_session request ("Session Creation Request").
type Create struct {
	ConnectionParams

	// User is nobody unless HasUser; that is not the user with the empty name.
	User     string
	HasUser  bool
	Password string
	// AdapterSet is DefaultAdapter if the client names none.
	AdapterSet string
	// CID is the kind of client. Any value is good.
	CID string
	// OldSession is the session that the client has lost, if any.
	OldSession string
	// TTL is how many milliseconds the client waits for the answer: 0 is unknown,
	// -1 as long as it takes, even if the server is overloaded.
	TTL int64
	// MaxBandwidth is in kilobits per second; 0 is no limit.
	MaxBandwidth float64
	// SupportedDiffs is a list of formats; without one, all are supported: see Diffs.
	SupportedDiffs    string
	HasSupportedDiffs bool
	// Combo says that the line is also a request of its own: see ParseCombo.
	Combo bool
}

// ParseCreate reads a create_session request. An error is an *Error.
func ParseCreate(p *Params) (Create, error) {
	r := paramReader{params: p}
	c := Create{
		ConnectionParams: r.connection(),
		Password:         r.get("LS_password", ""),
		AdapterSet:       r.get("LS_adapter_set", DefaultAdapter),
		CID:              r.need("LS_cid"),
		OldSession:       r.get("LS_old_session", ""),
		TTL:              r.ttl(),
	}
	c.User, c.HasUser = p.Get("LS_user")
	c.MaxBandwidth, _ = r.bandwidth()
	c.SupportedDiffs, c.HasSupportedDiffs = p.Get("LS_supported_diffs")
	_, c.Combo = p.Get("LS_op")
	return c, r.done()
}

func (r *paramReader) connection() ConnectionParams {
	return ConnectionParams{
		Polling:          r.flag("LS_polling", false),
		PollingMillis:    r.millis("LS_polling_millis"),
		IdleMillis:       r.millis("LS_idle_millis"),
		InactivityMillis: r.millis("LS_inactivity_millis"),
		KeepaliveMillis:  r.millis("LS_keepalive_millis"),
		ContentLength:    r.number("LS_content_length", 0, 0),
		SendSync:         r.flag("LS_send_sync", true),
		ReduceHead:       r.flag("LS_reduce_head", false),
	}
}

func (r *paramReader) ttl() int64 {
	const name = "LS_ttl_millis"
	switch r.get(name, "unknown") {
	case "unknown":
		return 0
	case "unlimited":
		return -1
	}
	return r.millis(name)
}
