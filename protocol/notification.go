package protocol

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// ErrLine says that a line of a server has not the arguments that it must have.
var ErrLine = errors.New("malformed line")

// Notification is a line of a server, as a client sees it: responses and
// notifications alike. Which fields count depends on Tag. Name and Text refer to
// the line it was parsed from.
type Notification struct {
	Tag Tag

	// Sub and Item name a subscription and an item of it, from 1 up.
	Sub, Item int
	// Items and Fields are the numbers of them, of SUBOK and SUBCMD; KeyPos and
	// CommandPos are positions of fields, of SUBCMD.
	Items, Fields, KeyPos, CommandPos int

	// Code is of CONERR, END, ERROR, REQERR and MSGFAIL.
	Code int
	// Number is the milliseconds of CONOK and LOOP, the seconds of SYNC, the count
	// of PROG and OV, the message's number of MSGDONE and MSGFAIL.
	Number int64
	// Limit is the longest request that the server takes, in bytes, of CONOK.
	Limit int
	// Kbps is of CONS: 0 is no limit, Unmanaged that it must not be changed.
	Kbps float64
	// Frequency is of CONF.
	Frequency Frequency

	// Name is the session of CONOK, the request of REQOK and REQERR, the sequence
	// of MSGDONE and MSGFAIL ("*" for none).
	Name []byte
	// Text is the last argument where it is text, with escapes: see Message. Of U
	// it is the body: see ItemState. Of CONOK it is the control link ("*" for
	// none).
	Text []byte
}

// ParseLine reads a line of a server, with or without its line end. A tag that it
// does not know is no error. It allocates only for errors, which are ErrLine,
// wrapped.
func ParseLine(line []byte) (Notification, error) {
	line = trimLineEnd(line)
	name, rest, more := bytes.Cut(line, []byte{','})
	n := Notification{Tag: TagU}
	if string(name) != "U" { // first, because most lines are
		n.Tag = tagOf(name)
	}
	s := &shapes[n.Tag]
	for i, arg := range s.args {
		if !more {
			if len(s.args)-i <= s.optional {
				return n, nil
			}
			return n, fmt.Errorf("%w: %.80q", ErrLine, line)
		}
		text := rest
		if more = i < len(s.args)-1; more { // the last one is all that is left
			text, rest, more = bytes.Cut(rest, []byte{','})
		}
		if !n.set(arg, text) {
			return n, fmt.Errorf("%w: %.80q", ErrLine, line)
		}
	}
	if more && n.Tag != TagUnknown {
		return n, fmt.Errorf("%w: %.80q", ErrLine, line)
	}
	return n, nil
}

// Skipped returns how many messages up to Number a MSGFAIL says were skipped; 0 for
// any other line.
func (n *Notification) Skipped() int64 {
	switch {
	case n.Tag != TagMSGFAIL:
	case n.Code == ReqMessageSkipped:
		return 1
	case n.Code == ReqMessagesSkipped:
		count, _ := parseNumber(n.Text)
		return count
	}
	return 0
}

// Message returns Text without escapes.
func (n *Notification) Message() string { return unescape(n.Text) }

// CutLine cuts the first line off what a client has received; ok is false while
// its line end has not arrived. The line comes without it.
func CutLine(data []byte) (line, rest []byte, ok bool) {
	end := bytes.Index(data, []byte("\r\n"))
	if end < 0 {
		return nil, data, false
	}
	return data[:end], data[end+2:], true
}

func trimLineEnd(line []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'})
}

// set gives an argument its value and reports whether it can be one.
func (n *Notification) set(arg argument, text []byte) (ok bool) {
	switch arg {
	case argName:
		n.Name, ok = text, true
	case argText:
		n.Text, ok = text, true
	case argCode:
		n.Code, ok = parseCode(text)
	case argNumber:
		n.Number, ok = parseNumber(text)
	case argKbps:
		n.Kbps, ok = parseKbps(text)
	case argFrequency:
		n.Frequency, ok = parseFrequency(text)
	case argFiltering:
		ok = n.Frequency.filter(text)
	default:
		ok = n.setCount(arg, text)
	}
	return ok
}

// setCount is set for the small numbers.
func (n *Notification) setCount(arg argument, text []byte) bool {
	count, ok := parseCount(text)
	switch arg {
	case argSub:
		n.Sub = count
	case argItem:
		n.Item = count
		return ok && count > 0
	case argItems:
		n.Items = count
	case argFields:
		n.Fields = count
	case argKeyPos:
		n.KeyPos = count
		return ok && count > 0
	case argCommandPos:
		n.CommandPos = count
		return ok && count > 0
	case argLimit:
		n.Limit = count
	}
	return ok
}

// parseNumber reads digits.
func parseNumber(text []byte) (n int64, ok bool) {
	if len(text) == 0 || len(text) > 18 {
		return 0, false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// parseCount reads digits that fit an int.
func parseCount(text []byte) (n int, ok bool) {
	wide, ok := parseNumber(text)
	n = int(wide)
	return n, ok && int64(n) == wide
}

// parseCode reads a number that may be negative.
func parseCode(text []byte) (code int, ok bool) {
	digits, negative := bytes.CutPrefix(text, []byte{'-'})
	code, ok = parseCount(digits)
	if negative {
		code = -code
	}
	return code, ok
}

func parseKbps(text []byte) (kbps float64, ok bool) {
	switch string(text) {
	case "unlimited":
		return 0, true
	case "unmanaged":
		return Unmanaged, true
	}
	return parseDecimal(text)
}

func parseFrequency(text []byte) (f Frequency, ok bool) {
	if string(text) == "unlimited" {
		return Frequency{Kind: Unlimited}, true
	}
	f.Kind = Limited
	f.PerSecond, ok = parseDecimal(text)
	return f, ok
}

// filter reads the second half of a frequency.
func (f *Frequency) filter(text []byte) bool {
	if string(text) == "unfiltered" {
		*f = Frequency{Kind: Unfiltered}
		return true
	}
	return string(text) == "filtered"
}

// parseDecimal reads a plain decimal number.
func parseDecimal(text []byte) (n float64, ok bool) {
	if len(bytes.Trim(text, "0123456789.")) > 0 {
		return 0, false
	}
	n, err := strconv.ParseFloat(string(text), 64)
	return n, err == nil
}
