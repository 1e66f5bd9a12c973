package engine

// buffers lends output buffers to the sessions of a loop: a session has one only
// while something waits in it, so that an idle session costs nothing here.
type buffers struct {
	free [bufferClasses][][]byte
}

const (
	bufferClasses = 5 // 512 bytes, 2, 8, 32, 128 KiB
	bufferLeast   = 512
	buffersKept   = 8 << 20 // bytes of each class
)

// class returns the class of the smallest buffer that holds n bytes, or
// bufferClasses where none does.
func class(n int) int {
	c := 0
	for size := bufferLeast; size < n && c < bufferClasses; size *= 4 {
		c++
	}
	return c
}

// take returns an empty buffer with room for n bytes.
func (b *buffers) take(n int) []byte {
	c := class(n)
	if c == bufferClasses {
		return make([]byte, 0, n)
	}
	if free := b.free[c]; len(free) > 0 {
		buf := free[len(free)-1]
		b.free[c] = free[:len(free)-1]
		return buf
	}
	return make([]byte, 0, bufferLeast<<(2*c))
}

// give takes a buffer back.
func (b *buffers) give(buf []byte) {
	c := class(cap(buf))
	if c < bufferClasses && cap(buf) == bufferLeast<<(2*c) && len(b.free[c]) < buffersKept/cap(buf) {
		b.free[c] = append(b.free[c], buf[:0])
	}
}

// grow gives an outlet's buffer room for n bytes in all.
func (l *Loop) grow(o *outlet, n int) {
	if o.buf == nil {
		o.buf = l.buffers.take(n + Headroom)[:Headroom]
		return
	}
	old, buf := o.buf, l.buffers.take(max(n, 2*cap(o.buf)))
	o.buf = append(buf, old...)
	l.buffers.give(old)
}

// release takes an outlet's buffer back.
func (l *Loop) release(o *outlet) {
	if o.buf != nil {
		l.buffers.give(o.buf)
		o.buf = nil
	}
}
