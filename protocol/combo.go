package protocol

// ComboRequest is what rides on a create_session: a subscription or a message for
// the session that is about to begin, without an id of its own. There may be one
// on the line of the create_session itself, if Create.Combo, and one on each line
// after it. It gets no REQOK. All together is one request: if a part of it fails,
// CONERR with ConnCombo is the answer to all.
//
// The specification allows subscriptions only; there are clients that send
// messages as well.
type ComboRequest struct {
	// IsMessage says that Message counts, not Add.
	IsMessage bool
	Add       Add
	Message   MessageRequest
}

// ParseCombo reads the part of a line that rides on a create_session. An error is
// an *Error with the code ConnCombo.
func ParseCombo(p *Params) (ComboRequest, error) {
	r := paramReader{params: p}
	var c ComboRequest
	if _, ok := p.Get("LS_op"); ok {
		if op := r.op(); r.err == nil && op != OpAdd {
			r.fail(&Error{ConnCombo, "Only subscriptions and messages may come with create_session"})
		}
		r.flag("LS_ack", true) // there is no REQOK to leave out, but a bad value is one
		c.Add = r.add(r.subID())
	} else {
		c.IsMessage = true
		c.Message = r.message()
	}
	if r.err != nil {
		return c, &Error{ConnCombo, r.err.Text}
	}
	return c, nil
}
