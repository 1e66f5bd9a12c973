package replay

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"time"
)

// FormatError says where a file is not as it should be.
type FormatError struct {
	File  string
	Line  int    // from 1
	What  string // the part of the line
	Found string
	Want  string
}

// Error returns all of it in one line.
func (e *FormatError) Error() string {
	return fmt.Sprintf("%s:%d: %s: found %s, want %s", e.File, e.Line, e.What, e.Found, e.Want)
}

// fault makes a FormatError without its place.
func fault(what string, found []byte, want string) *FormatError {
	const most = 60
	text := found
	if len(text) > most {
		text = text[:most]
	}
	return &FormatError{What: what, Found: strconv.Quote(string(text)), Want: want}
}

// row makes ticks of lines. Its tick is overwritten by the next parse and refers
// to the line parsed.
//
// There are three forms of a line, told apart by kind and number of columns:
//
//	quote  time, bid, bid size, ask, ask size, exchange, condition, suspicious
//	quote  time, bid, ask
//	trade  time, price, size, exchange, condition, suspicious
//
// Prices are whole numbers of 1/10,000, or decimal numbers in the second form.
type row struct {
	tick    Tick
	columns [9][]byte // one more than the longest form
	width   int       // number of columns of the file's lines, 0 before the first
	volume  uint64    // traded so far
	values  [fieldCount]Value
	text    [128]byte // what the values refer to, unless to the line
}

const (
	sharesQuote  = 8
	decimalQuote = 3
	sharesTrade  = 6
)

// parse takes a line without its end. keep is false when the tick is suspicious
// and to be dropped.
func (r *row) parse(line []byte) (keep bool, err *FormatError) {
	c, err := r.split(line)
	if err != nil {
		return false, err
	}
	at, err := parseTime(c[0])
	if err != nil {
		return false, err
	}
	if at < r.tick.Time {
		return false, fault("time", c[0], "a time not before the previous line's")
	}
	r.tick.Time = at
	r.tick.Values = r.values[:0]
	text := appendTime(r.text[:0], at)
	r.put(Time, text)
	switch len(c) {
	case decimalQuote:
		return true, r.decimalQuote(c)
	case sharesQuote:
		err = r.quote(text, c)
	default:
		err = r.trade(text, c)
	}
	return string(c[len(c)-1]) != "1", err
}

// split cuts a line into columns, as many as the file's first line has.
func (r *row) split(line []byte) ([][]byte, *FormatError) {
	n := 0
	for rest, more := line, true; more && n < len(r.columns); n++ {
		r.columns[n], rest, more = bytes.Cut(rest, []byte{','})
	}
	c := r.columns[:n]
	switch {
	case r.width != 0 && n != r.width:
		return nil, fault("line", line, strconv.Itoa(r.width)+" columns, as in the first line")
	case r.tick.Kind == Quote && n != sharesQuote && n != decimalQuote:
		return nil, fault("line", line, "8 columns (time, bid, bid size, ask, ask size, exchange, condition, suspicious) or 3 (time, bid, ask)")
	case r.tick.Kind == Trade && n != sharesTrade:
		return nil, fault("line", line, "6 columns (time, price, size, exchange, condition, suspicious)")
	}
	r.width = n
	if s := c[n-1]; n != decimalQuote && string(s) != "0" && string(s) != "1" {
		return nil, fault("suspicious", s, "0 or 1")
	}
	return c, nil
}

func (r *row) put(f Field, text []byte) {
	r.tick.Values = append(r.tick.Values, Value{f, text[:len(text):len(text)]})
}

func (r *row) decimalQuote(c [][]byte) *FormatError {
	for i, f := range []Field{Bid, Ask} {
		if !isDecimal(c[1+i]) {
			return fault(f.String(), c[1+i], "a decimal number of up to 30 characters, such as 1.39147")
		}
		r.put(f, c[1+i])
	}
	return nil
}

// quote puts the sides that are there: price and size of zero mean that the side
// did not change.
func (r *row) quote(text []byte, c [][]byte) *FormatError {
	for i, side := range [][2]Field{{Bid, BidSize}, {Ask, AskSize}} {
		price, ok := parseUint(c[1+2*i])
		if !ok {
			return fault(side[0].String(), c[1+2*i], "a whole number of 1/10,000")
		}
		size, ok := parseUint(c[2+2*i])
		if !ok {
			return fault(side[1].String(), c[2+2*i], "a whole number")
		}
		if price == 0 && size == 0 {
			continue
		}
		text = r.putPrice(text, side[0], price)
		text = r.putUint(text, side[1], size)
	}
	return r.exchange(c[5])
}

func (r *row) trade(text []byte, c [][]byte) *FormatError {
	price, ok := parseUint(c[1])
	if !ok {
		return fault("price", c[1], "a whole number of 1/10,000")
	}
	size, ok := parseUint(c[2])
	if !ok || r.volume+size < r.volume {
		return fault("size", c[2], "a whole number")
	}
	if string(c[5]) != "1" {
		r.volume += size
	}
	text = r.putPrice(text, Last, price)
	text = r.putUint(text, Size, size)
	r.putUint(text, Volume, r.volume)
	return r.exchange(c[3])
}

func (r *row) exchange(name []byte) *FormatError {
	for _, c := range name {
		if len(name) > 8 || !isAlphanumeric(c) {
			return fault("exchange", name, "up to 8 letters or digits")
		}
	}
	if len(name) > 0 {
		r.put(Exchange, name)
	}
	return nil
}

// putPrice adds a price in 1/10,000 and returns the text with what it appended:
// two decimals, more if it needs them.
func (r *row) putPrice(text []byte, f Field, price uint64) []byte {
	start := len(text)
	text = strconv.AppendUint(text, price/10_000, 10)
	cents := price % 10_000
	text = append(text, '.', byte('0'+cents/1000), byte('0'+cents/100%10))
	if cents%100 != 0 {
		text = append(text, byte('0'+cents/10%10))
		if cents%10 != 0 {
			text = append(text, byte('0'+cents%10))
		}
	}
	r.put(f, text[start:])
	return text
}

func (r *row) putUint(text []byte, f Field, n uint64) []byte {
	start := len(text)
	text = strconv.AppendUint(text, n, 10)
	r.put(f, text[start:])
	return text
}

// parseTime reads milliseconds since midnight, which may have a fraction.
func parseTime(b []byte) (time.Duration, *FormatError) {
	const day = 24 * time.Hour
	whole, fraction, dotted := bytes.Cut(b, []byte{'.'})
	ms, ok := parseUint(whole)
	if !ok || ms >= uint64(day/time.Millisecond) || dotted && len(fraction) == 0 {
		return 0, fault("time", b, "milliseconds since midnight, less than a day")
	}
	at := time.Duration(ms) * time.Millisecond
	unit := time.Millisecond / 10
	for _, c := range fraction {
		if c < '0' || c > '9' {
			return 0, fault("time", b, "milliseconds since midnight, less than a day")
		}
		at += time.Duration(c-'0') * unit
		unit /= 10 // 0 past the nanoseconds, so that further digits count nothing
	}
	return at, nil
}

// appendTime appends a time of day as 09:30:00.123; what is below milliseconds
// is cut off.
func appendTime(dst []byte, at time.Duration) []byte {
	ms := int(at / time.Millisecond)
	h, m, s := ms/3_600_000, ms/60_000%60, ms/1000%60
	ms %= 1000
	return append(dst,
		byte('0'+h/10), byte('0'+h%10), ':',
		byte('0'+m/10), byte('0'+m%10), ':',
		byte('0'+s/10), byte('0'+s%10), '.',
		byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
}

// parseUint reads a whole number that fits an int64.
func parseUint(b []byte) (n uint64, ok bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + uint64(c-'0')
	}
	return n, n <= math.MaxInt64
}

// isDecimal reports whether b is digits, or digits, a point and digits, which is
// a number in JSON too: no sign, no zero before another digit.
func isDecimal(b []byte) bool {
	whole, fraction, dotted := bytes.Cut(b, []byte{'.'})
	if len(b) > 30 || len(whole) == 0 || dotted && len(fraction) == 0 || len(whole) > 1 && whole[0] == '0' {
		return false
	}
	for _, c := range b {
		if c != '.' && (c < '0' || c > '9') {
			return false
		}
	}
	return bytes.IndexByte(fraction, '.') < 0
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}
