package protocol

import "strconv"

// Op says what a control request does.
type Op uint8

// The operations of control requests.
const (
	OpAdd         Op = iota + 1 // subscribe
	OpDelete                    // unsubscribe
	OpReconf                    // change the frequency of a subscription
	OpConstrain                 // change the bandwidth of the session
	OpForceRebind               // end the stream, to be bound again
	OpDestroy                   // end the session
	OpMPN                       // one of the five about mobile push notifications
)

// ControlRequest is a control request ("Control Requests"). Which fields count
// depends on Op.
type ControlRequest struct {
	ReqID string
	// Session is empty if the client leaves it to the connection or the URL.
	Session string
	Op      Op
	// Ack wants a REQOK; on WebSockets clients may say false. Errors are always
	// told.
	Ack bool

	// SubID names the subscription of OpAdd, OpDelete and OpReconf.
	SubID int
	// Add is of OpAdd.
	Add Add

	// Frequency is of OpReconf; without HasFrequency it stays as it is.
	Frequency    Frequency
	HasFrequency bool

	// MaxBandwidth is of OpConstrain, in kilobits per second; 0 is no limit.
	// Without HasMaxBandwidth it stays as it is.
	MaxBandwidth    float64
	HasMaxBandwidth bool

	// PollingMillis is of OpForceRebind: when the client will bind again.
	PollingMillis int64
	// CloseSocket is of OpForceRebind and OpDestroy: close the stream connection.
	CloseSocket bool

	// CauseCode is of OpDestroy: what END is to say, 0 or less, instead of
	// ConnDestroyed, if HasCauseCode. CauseMessage should be short and plain; it is
	// the client's, so nothing relies on that.
	CauseCode    int
	HasCauseCode bool
	CauseMessage string
}

// ParseControl reads a control request. An error is an *Error; the request then
// still has its ReqID and Session, if those could be read.
func ParseControl(p *Params) (ControlRequest, error) {
	r := paramReader{params: p}
	c := ControlRequest{
		ReqID:   r.reqID(),
		Session: r.get("LS_session", ""),
		Op:      r.op(),
		Ack:     true,
	}
	switch c.Op {
	case OpAdd:
		c.Ack = r.flag("LS_ack", true)
		c.SubID = r.subID()
		c.Add = r.add(c.SubID)
	case OpDelete:
		c.Ack = r.flag("LS_ack", true)
		c.SubID = r.subID()
	case OpReconf:
		c.SubID = r.subID()
		c.Frequency, c.HasFrequency = r.frequency()
	case OpConstrain:
		c.MaxBandwidth, c.HasMaxBandwidth = r.bandwidth()
	case OpForceRebind:
		c.PollingMillis = r.millis("LS_polling_millis")
		c.CloseSocket = r.flag("LS_close_socket", false)
	case OpDestroy:
		c.CloseSocket = r.flag("LS_close_socket", false)
		c.CauseCode, c.CauseMessage, c.HasCauseCode = r.cause()
	}
	return c, r.done()
}

func (r *paramReader) reqID() string {
	id := r.need("LS_reqId")
	if id == "" {
		r.fail(malformed("LS_reqId is empty"))
	}
	return id
}

func (r *paramReader) op() Op {
	switch value := r.need("LS_op"); value {
	case "add":
		return OpAdd
	case "delete":
		return OpDelete
	case "reconf":
		return OpReconf
	case "constrain":
		return OpConstrain
	case "force_rebind":
		return OpForceRebind
	case "destroy":
		return OpDestroy
	case "register", "reset_badge", "activate", "pn_reconf", "deactivate":
		return OpMPN
	default:
		r.fail(invalid("LS_op", value))
		return 0
	}
}

// subID reads the number of a subscription. Clients need not start at 1.
func (r *paramReader) subID() int {
	const name = "LS_subId"
	r.need(name)
	n := r.number(name, 1, 0)
	if int64(int(n)) != n {
		r.fail(invalid(name, strconv.FormatInt(n, 10)))
	}
	return int(n)
}

// cause reads what the client wants END to say. A message alone does not count,
// and a code alone has the message "null".
func (r *paramReader) cause() (code int, message string, ok bool) {
	const name = "LS_cause_code"
	value, ok := r.params.Get(name)
	if !ok {
		return 0, "", false
	}
	code, err := strconv.Atoi(value)
	if err != nil {
		r.fail(invalid(name, value))
	}
	return min(code, 0), r.get("LS_cause_message", "null"), true
}
