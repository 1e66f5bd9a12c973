package demo

import (
	"math/bits"
	"strconv"
)

// field is a field of the quotes.
type field uint8

const (
	fieldSymbol field = iota
	fieldName
	fieldLast
	fieldBid
	fieldBidSize
	fieldAsk
	fieldAskSize
	fieldOpen
	fieldHigh
	fieldLow
	fieldVolume
	fieldChange
	fieldChangePct
	fieldTime
	fieldCount
)

var fieldNames = [fieldCount]string{
	"symbol", "name", "last", "bid", "bid_size", "ask", "ask_size",
	"open", "high", "low", "volume", "change", "change_pct", "time",
}

// fields is a set of fields.
type fields uint16

const allFields fields = 1<<fieldCount - 1

// first returns the first field of a set that is not empty, and the others.
func (s fields) first() (field, fields) {
	return field(bits.TrailingZeros16(uint16(s))), s & (s - 1)
}

// row is the values of an instrument's fields: prices in units of 10^-decimals,
// change_pct in 1/100 percent, time in nanoseconds of the tape. Those of symbol
// and name are not used.
type row [fieldCount]int64

// diff returns the fields in which r and other differ.
func (r *row) diff(other *row) (changed fields) {
	for f, v := range r {
		if v != other[f] {
			changed |= 1 << f
		}
	}
	return changed
}

// appendDecimal appends v as a number with so many decimals: 18036 as 180.36.
func appendDecimal(dst []byte, v int64, decimals int) []byte {
	if v < 0 {
		dst, v = append(dst, '-'), -v
	}
	start := len(dst)
	dst = strconv.AppendInt(dst, v, 10)
	for len(dst)-start <= decimals { // a zero before the point at least
		dst = append(dst, 0)
		copy(dst[start+1:], dst[start:])
		dst[start] = '0'
	}
	if decimals == 0 {
		return dst
	}
	point := len(dst) - decimals
	dst = append(dst, 0)
	copy(dst[point+1:], dst[point:])
	dst[point] = '.'
	return dst
}
