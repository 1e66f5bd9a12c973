package records

import (
	"encoding/binary"
	"iter"
)

// Record is one record. Its slices refer to the response that it was read from.
type Record struct {
	Offset int64
	// Time is in milliseconds since 1970, as the producer or the broker set it.
	Time int64
	// Key and Value are nil where they are null.
	Key, Value []byte

	headers     []byte
	headerCount int
}

// Headers goes through the headers in order. A value may be nil.
func (r *Record) Headers() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		rest := r.headers
		for range r.headerCount {
			var name, value []byte
			var ok bool
			if name, rest, ok = field(rest); !ok {
				return
			}
			if value, rest, ok = field(rest); !ok {
				return
			}
			if !yield(name, value) {
				return
			}
		}
	}
}

// parse reads the record at the start of buf, whose offset and time are counted
// from those of its batch, and returns what follows it.
//
//	length | attributes u8 | time | offset | key | value | headers { name | value }
//
// All numbers but attributes are varints; a negative length means null.
func (r *Record) parse(buf []byte, offset, time int64) (rest []byte, ok bool) {
	length, n := varint(buf)
	if n == 0 || length < 1 || length > int64(len(buf)-n) {
		return nil, false
	}
	rest = buf[n+int(length):]
	buf = buf[n+1 : n+int(length)]
	delta, n := varint(buf)
	if n == 0 {
		return nil, false
	}
	r.Time = time + delta
	buf = buf[n:]
	if delta, n = varint(buf); n == 0 {
		return nil, false
	}
	r.Offset = offset + delta
	buf = buf[n:]
	if r.Key, buf, ok = field(buf); !ok {
		return nil, false
	}
	if r.Value, buf, ok = field(buf); !ok {
		return nil, false
	}
	count, n := varint(buf)
	if n == 0 || count < 0 || count > int64(len(buf)) {
		return nil, false
	}
	r.headers, r.headerCount = buf[n:], int(count)
	return rest, true
}

// field takes a length and as many bytes off the front of buf. A negative length
// is null.
func field(buf []byte) (value, rest []byte, ok bool) {
	length, n := varint(buf)
	switch {
	case n == 0 || length > int64(len(buf)-n):
		return nil, nil, false
	case length < 0:
		return nil, buf[n:], true
	}
	end := n + int(length)
	return buf[n:end:end], buf[end:], true
}

// varint reads a number at the start of buf and returns its length, 0 when there
// is none.
func varint(buf []byte) (v int64, n int) {
	if len(buf) > 0 && buf[0] < 0x80 { // most of them
		u := buf[0]
		return int64(u>>1) ^ -int64(u&1), 1
	}
	v, n = binary.Varint(buf)
	return v, max(n, 0)
}
