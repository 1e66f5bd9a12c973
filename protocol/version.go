package protocol

import "strings"

// Version is a minor version of TLCP 2. Later ones are greater; the zero value
// is no version.
type Version uint8

// The versions that exist. What they brought that a server has to know:
const (
	V20 Version = iota + 1
	V21         // session recovery
	V22         // WSOK, and control requests that imply their session
	V23         // LS_ack on subscriptions
	V24         // values as diffs
	V25         // the response of MSGDONE
)

// SubprotocolSuffix makes the name of a WebSocket subprotocol out of a version.
const SubprotocolSuffix = ".lightstreamer.com"

// ParseVersion reads the value of LS_protocol ("TLCP-2.5.0"). The last number is
// of no importance. It reports false for what is no version that we know.
func ParseVersion(s string) (Version, bool) {
	rest, ok := strings.CutPrefix(s, "TLCP-2.")
	if !ok || len(rest) < 3 || rest[1] != '.' || !isDigits(rest[2:]) {
		return 0, false
	}
	minor := rest[0] - '0' // wraps round for what sorts before
	return V20 + Version(minor), minor <= uint8(V25-V20)
}

// ParseSubprotocol reads a WebSocket subprotocol ("TLCP-2.5.0.lightstreamer.com").
func ParseSubprotocol(s string) (Version, bool) {
	version, ok := strings.CutSuffix(s, SubprotocolSuffix)
	if !ok {
		return 0, false
	}
	return ParseVersion(version)
}

// String returns v as LS_protocol has it.
func (v Version) String() string {
	if v < V20 || v > V25 {
		return "no version"
	}
	return "TLCP-2." + string('0'+rune(v-V20)) + ".0"
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
