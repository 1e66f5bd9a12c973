// Package wire speaks the few requests of Kafka's protocol that following a topic
// needs: Metadata, ListOffsets and Fetch. It writes and reads them itself, on
// connections that kafka-go makes, authenticates and pools.
//
// kafka-go's own forms of these requests do not serve here. Its Reader, Batch and
// Client.Fetch stall or loop on compacted and transactional topics; its metadata
// come from a cache and lack the topics' ids, without which a topic that was
// deleted and made again cannot be told from the old one; its ListOffsets opens
// one connection per partition.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrMalformed says that a response does not have the form that it should have.
var ErrMalformed = errors.New("malformed response")

// The writers append a value in the protocol's form.

func appendInt16(dst []byte, v int16) []byte { return binary.BigEndian.AppendUint16(dst, uint16(v)) }
func appendInt32(dst []byte, v int32) []byte { return binary.BigEndian.AppendUint32(dst, uint32(v)) }
func appendInt64(dst []byte, v int64) []byte { return binary.BigEndian.AppendUint64(dst, uint64(v)) }

func appendString(dst []byte, s string) []byte {
	return append(appendInt16(dst, int16(len(s))), s...)
}

// appendCompactString is appendString in the requests of the newer, flexible form.
func appendCompactString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s)+1)), s...)
}

// reader takes values off the front of a response. After the first value that
// does not fit, err is set and all values are zero. What it returns refers to buf.
type reader struct {
	buf []byte
	err error
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrMalformed, what)
	}
	r.buf = nil
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.buf) {
		r.fail("it ends too soon")
		return nil
	}
	b := r.buf[:n:n]
	r.buf = r.buf[n:]
	return b
}

func (r *reader) int8() int8 {
	if b := r.take(1); b != nil {
		return int8(b[0])
	}
	return 0
}

func (r *reader) int16() int16 {
	if b := r.take(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (r *reader) int32() int32 {
	if b := r.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (r *reader) int64() int64 {
	if b := r.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.buf)
	if n <= 0 {
		r.fail("bad number")
		return 0
	}
	r.buf = r.buf[n:]
	return v
}

// nullable takes n bytes, none if n is negative.
func (r *reader) nullable(n int) []byte {
	if n < 0 {
		return nil
	}
	return r.take(n)
}

func (r *reader) string() []byte { return r.nullable(int(r.int16())) }
func (r *reader) bytes() []byte  { return r.nullable(int(r.int32())) }

// length checks the number of elements of an array, each of which takes at least
// size bytes.
func (r *reader) length(n, size int) int {
	if n < 0 {
		return 0
	}
	if n > len(r.buf)/size {
		r.fail("an array is longer than the response")
		return 0
	}
	return n
}

func (r *reader) array(size int) int { return r.length(int(r.int32()), size) }

// The forms of the newer, flexible responses.

func (r *reader) compactLength() int {
	n := r.uvarint()
	if n > uint64(len(r.buf))+1 {
		r.fail("a length is past the end")
		return -1
	}
	return int(n) - 1
}

func (r *reader) compactString() []byte     { return r.nullable(r.compactLength()) }
func (r *reader) compactArray(size int) int { return r.length(r.compactLength(), size) }
func (r *reader) skipInt32s(n int)          { r.take(4 * n) }
func (r *reader) skipTags() {
	for range r.uvarint() {
		r.uvarint()
		if n := r.uvarint(); n <= uint64(len(r.buf)) {
			r.take(int(n))
		} else {
			r.fail("a tagged field is past the end")
		}
		if r.err != nil {
			return
		}
	}
}
