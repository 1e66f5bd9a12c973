//go:build linux

package floor

import "bytes"

// Frame returns a WebSocket frame of a size that is full of updates such as a server
// sends, so that whoever reads it has as much to do.
func Frame(size, fields int) []byte {
	head, length := []byte{0x81, byte(size - 2)}, size-2
	if length >= 126 {
		length = size - 4
		head = []byte{0x81, 126, byte(length >> 8), byte(length)}
	}
	line := []byte("U,1,1,12345|1700000000000000000" + string(bytes.Repeat([]byte("|abcd"), fields-2)) + "\r\n")
	n := length / len(line)
	if n == 0 { // too short for an update, or for any line with an argument
		filler := []byte("NOOP," + string(bytes.Repeat([]byte{'.'}, max(length-7, 0))) + "\r\n")
		return append(head, filler...)
	}
	rest := length - n*len(line)
	longer := append(line[:len(line)-2:len(line)-2], append(bytes.Repeat([]byte{'x'}, rest), "\r\n"...)...)
	return append(append(head, longer...), bytes.Repeat(line, n-1)...)
}
