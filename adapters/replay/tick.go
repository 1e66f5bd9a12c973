package replay

import (
	"strings"
	"time"
)

// Kind is what a file holds and a Tick tells.
type Kind uint8

// The kinds, named as in the names of files.
const (
	Quote Kind = iota
	Trade
)

// String returns "quote" or "trade".
func (k Kind) String() string {
	if k == Trade {
		return "trade"
	}
	return "quote"
}

// Field is one of the fields that recordings have.
type Field uint8

// The fields. Every tick has Time; a quote has the side or sides that changed,
// a trade has Last, Size and Volume.
const (
	Time     Field = iota // of the day, "09:30:00.123"
	Bid                   // price
	BidSize               // number of shares
	Ask                   // price
	AskSize               // number of shares
	Last                  // price of the trade
	Size                  // number of shares in the trade
	Volume                // number of shares traded since the recording's start
	Exchange              // a letter
	fieldCount
)

var fieldNames = [fieldCount]string{"time", "bid", "bid_size", "ask", "ask_size", "last", "size", "volume", "exchange"}

// String returns the field's name: "bid_size".
func (f Field) String() string { return fieldNames[f] }

// IsNumber reports whether the field's values are numbers; the others are text.
func (f Field) IsNumber() bool { return f != Time && f != Exchange }

// Value is the value of a field as text.
type Value struct {
	Field Field
	Text  []byte
}

// Tick is one row of a recording: a partial update of a symbol.
type Tick struct {
	Symbol string // upper case
	Kind   Kind
	// Time is the time of day, from midnight where it was recorded.
	Time time.Duration
	// Values are those that the row gives, Time first.
	Values []Value
}

// Get returns the text of a field, nil if the tick does not give it.
func (t *Tick) Get(f Field) []byte {
	for _, v := range t.Values {
		if v.Field == f {
			return v.Text
		}
	}
	return nil
}

// AppendJSON appends t to dst as a JSON object of the fields that it gives:
//
//	{"symbol":"IBM","time":"09:30:00.123","bid":180.36,"bid_size":200,"exchange":"N"}
//
// Nothing is escaped, because nothing in a Tick from a Reader needs it.
func AppendJSON(dst []byte, t *Tick) []byte {
	dst = append(dst, `{"symbol":"`...)
	dst = append(dst, t.Symbol...)
	dst = append(dst, '"')
	for _, v := range t.Values {
		dst = append(dst, `,"`...)
		dst = append(dst, v.Field.String()...)
		dst = append(dst, `":`...)
		if v.Field.IsNumber() {
			dst = append(dst, v.Text...)
		} else {
			dst = append(dst, '"')
			dst = append(dst, v.Text...)
			dst = append(dst, '"')
		}
	}
	return append(dst, '}')
}

// String returns t as JSON.
func (t *Tick) String() string {
	var s strings.Builder
	s.Write(AppendJSON(nil, t))
	return s.String()
}
