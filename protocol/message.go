package protocol

import "strconv"

// reservedSequence is the name older protocols had for no sequence at all.
const reservedSequence = "UNORDERED_MESSAGES"

// MessageRequest is a msg request ("Message Send Request"): something that the
// client says to the server.
type MessageRequest struct {
	ReqID string
	// Session is empty if the client leaves it to the connection or the URL.
	Session string
	Message string
	// Sequence names the messages that are handled strictly by number; empty if
	// this one stands alone.
	Sequence string
	// Prog is the message's number, from 1 up; 0 if it has none.
	Prog int64
	// MaxWait is how many milliseconds to wait for messages with lower numbers of
	// the sequence; -1 leaves it to the server. Without a sequence it is -1.
	MaxWait int64
	// Outcome wants a MSGDONE or MSGFAIL.
	Outcome bool
	// Ack wants a REQOK; on WebSockets clients may say false. Errors are always
	// told.
	Ack bool
}

// ParseMessage reads a msg request. An error is an *Error; the request then still
// has its ReqID and Session, if those could be read.
func ParseMessage(p *Params) (MessageRequest, error) {
	r := paramReader{params: p}
	id, session := r.reqID(), r.get("LS_session", "")
	m := r.message()
	m.ReqID, m.Session = id, session
	return m, r.done()
}

// message reads what a message is, whatever it came with.
func (r *paramReader) message() MessageRequest {
	m := MessageRequest{
		Message:  r.need("LS_message"),
		Sequence: r.sequence(),
		Prog:     r.number("LS_msg_prog", 1, 0),
		MaxWait:  min(r.number("LS_max_wait", 0, -1), maxMillis),
		Outcome:  r.flag("LS_outcome", true),
		Ack:      r.flag("LS_ack", true),
	}
	if m.Sequence == "" {
		m.MaxWait = -1
	}
	if m.Prog == 0 && (m.Sequence != "" || m.Outcome) {
		r.fail(malformed("LS_msg_prog is missing"))
	}
	return m
}

func (r *paramReader) sequence() string {
	const name = "LS_sequence"
	value, ok := r.params.Get(name)
	switch {
	case value == reservedSequence:
		// Its own code: after the one of invalid values clients give up for good.
		r.fail(&Error{ReqInternal, "Reserved " + name + ": " + value})
	case ok && !isSequence(value):
		r.fail(invalid(name, value))
	}
	return value
}

func isSequence(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return s != ""
}

// AppendMSGDONE appends the notification ("Message-Related Notifications") that a
// message was handled, with the application's response. Clients before V25 do not
// get the response; later ones insist on it, even if it is empty.
func AppendMSGDONE(dst []byte, v Version, sequence string, prog int64, response string) []byte {
	dst = appendMessage(append(dst, "MSGDONE,"...), sequence, prog)
	if v >= V25 {
		dst = appendText(append(dst, ','), response)
	}
	return append(dst, "\r\n"...)
}

// AppendMSGFAIL appends the notification that a message was not handled. An
// application's refusal has a code of 0 or less. For messages that never came there
// is AppendSkipped.
func AppendMSGFAIL(dst []byte, sequence string, prog int64, code int, text string) []byte {
	dst = appendMessage(append(dst, "MSGFAIL,"...), sequence, prog)
	return appendRefusal(append(dst, ','), code, text)
}

// AppendSkipped appends the notification that messages of a sequence were waited
// for too long: count of them, up to the number prog.
func AppendSkipped(dst []byte, sequence string, prog, count int64) []byte {
	if count == 1 {
		return AppendMSGFAIL(dst, sequence, prog, ReqMessageSkipped, "Message skipped: it came too late")
	}
	return AppendMSGFAIL(dst, sequence, prog, ReqMessagesSkipped, strconv.FormatInt(count, 10))
}

// appendMessage appends what names a message. No sequence is a "*".
func appendMessage(dst []byte, sequence string, prog int64) []byte {
	if sequence == "" {
		sequence = "*"
	}
	dst = append(appendText(dst, sequence), ',')
	return strconv.AppendInt(dst, prog, 10)
}
