package protocol

import "strconv"

// Unmanaged is the bandwidth of a session whose client must not ask for another.
const Unmanaged = -1

// The lines of this file are about the connection they are written to. They are
// not counted for recovery.

// AppendSERVNAME appends the server's name. Clients do not unescape it: it should
// need no escapes.
func AppendSERVNAME(dst []byte, name string) []byte {
	dst = appendText(append(dst, "SERVNAME,"...), name)
	return append(dst, "\r\n"...)
}

// AppendCLIENTIP appends the client's address, as the server sees it.
func AppendCLIENTIP(dst []byte, address string) []byte {
	dst = appendText(append(dst, "CLIENTIP,"...), address)
	return append(dst, "\r\n"...)
}

// AppendCONS appends the bandwidth in force, in kilobits per second: 0 is no
// limit, and so is Unmanaged.
func AppendCONS(dst []byte, kbps float64) []byte {
	dst = append(dst, "CONS,"...)
	switch {
	case kbps < 0:
		dst = append(dst, "unmanaged"...)
	case kbps == 0:
		dst = append(dst, "unlimited"...)
	default:
		dst = appendDecimal(dst, kbps)
	}
	return append(dst, "\r\n"...)
}

// AppendNOOP appends a line that says nothing, to push an HTTP stream through
// buffers on its way.
func AppendNOOP(dst []byte, filler string) []byte {
	dst = appendText(append(dst, "NOOP,"...), filler)
	return append(dst, "\r\n"...)
}

// AppendPROBE appends the sign of life of a stream that has nothing to say.
func AppendPROBE(dst []byte) []byte { return append(dst, "PROBE\r\n"...) }

// AppendSYNC appends the seconds since the connection was bound, by which clients
// measure how far they lag behind.
func AppendSYNC(dst []byte, seconds int64) []byte {
	dst = strconv.AppendInt(append(dst, "SYNC,"...), seconds, 10)
	return append(dst, "\r\n"...)
}

// AppendPROG appends the number of data notifications before those that follow
// ("Progressive of Last Data Notification"). It answers LS_recovery_from, and
// nothing else. It must not be more than that.
func AppendPROG(dst []byte, n uint64) []byte {
	dst = strconv.AppendUint(append(dst, "PROG,"...), n, 10)
	return append(dst, "\r\n"...)
}
