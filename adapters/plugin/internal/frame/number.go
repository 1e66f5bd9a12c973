package frame

import "encoding/binary"

// number reads a number at b[i:] and returns what follows. Where there is none, and
// where i says so already, what follows is -1: so a reader asks once, at the end of
// several.
func number(b []byte, i int) (n uint64, next int) {
	if uint(i) < uint(len(b)) && b[i] < 0x80 {
		return uint64(b[i]), i + 1
	}
	return longNumber(b, i)
}

func longNumber(b []byte, i int) (n uint64, next int) {
	if i < 0 {
		return 0, -1
	}
	n, size := binary.Uvarint(b[i:])
	if size <= 0 {
		return 0, -1
	}
	return n, i + size
}

// text reads a text at b[i:].
func text(b []byte, i int) (t []byte, next int) {
	n, i := number(b, i)
	if i < 0 || n > uint64(len(b)-i) {
		return nil, -1
	}
	end := i + int(n)
	return b[i:end:end], end
}
