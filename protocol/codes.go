package protocol

import "fmt"

// Error is a refusal as clients see it. The tag of the line that carries it,
// not the number, says which of the two families of codes its Code is from.
type Error struct {
	Code int
	Text string
}

// Error returns the text and the code.
func (e *Error) Error() string { return fmt.Sprintf("%s (code %d)", e.Text, e.Code) }

// The codes of CONERR and END ("Appendix A"). Codes of 0 and less are the
// application's own. Clients try again, with a new session, after
// ConnRecoveryGone, ConnAuthUnavailable, ConnSessionNotFound, ConnRebound,
// ConnRetry and ConnLifeLimit, and on creation after ConnOverloaded. The rest is
// final.
const (
	ConnCredentials      = 1  // user or password rejected
	ConnAdapterSet       = 2  // adapter set not available
	ConnOtherVersion     = 3  // the session speaks an incompatible version
	ConnRecoveryGone     = 4  // what the recovery has to start from is no longer kept
	ConnOverloaded       = 5  // too busy, later
	ConnAuthUnavailable  = 6  // authentication is not available for now
	ConnLicenseLimit     = 7  // licensed number of sessions reached
	ConnSessionLimit     = 8  // configured number of sessions reached
	ConnLoadLimit        = 9  // configured load reached
	ConnBlocked          = 10 // no new sessions for now
	ConnNoStreaming      = 11 // streaming is not available
	ConnSessionNotFound  = 20
	ConnOtherServer      = 21 // the session is another server's; clients give up, unlike after 20
	ConnDestroyed        = 31 // by a client's request
	ConnClosed           = 32 // by the server or its administrator; clients give up, unlike after 48
	ConnUnexpected       = 33
	ConnUnexpectedToo    = 34
	ConnOneSessionOnly   = 35 // another session of the same user was opened
	ConnRebound          = 40 // another client has bound the session
	ConnRetry            = 41 // not in the specification, known to clients
	ConnLifeLimit        = 48 // the session has lived long enough: open a new one, at once
	ConnVersion          = 60 // version not supported
	ConnCombo            = 64 // the subscription on a create_session failed
	ConnInvalid          = 65 // invalid value of a parameter
	ConnMetadata         = 66 // the metadata adapter failed
	ConnMalformed        = 67 // malformed request
	ConnInternal         = 68 // unexpected error on the request
	ConnAlreadyStreaming = 69 // the WebSocket has a session bound already
	ConnPort             = 70 // no sessions on this port
	ConnClientType       = 71 // client type not supported
)

// The codes of REQERR, ERROR and MSGFAIL ("Appendix B"). Codes of 0 and less are
// the application's own.
//
// To a rejected subscription never answer ReqOtherServer, ReqInvalid or
// ReqMalformed, after which clients give up for good, nor ReqSessionNotFound,
// after which they open sessions in a tight loop; unless it is the truth.
const (
	ReqVersion              = 3 // the session's version does not have this request
	ReqOtherServer          = 11
	ReqIsUnfiltered         = 13 // an unfiltered subscription has no frequency to change
	ReqNoKeyField           = 15 // a COMMAND schema without the field key
	ReqNoCommandField       = 16 // a COMMAND schema without the field command
	ReqDataAdapter          = 17 // unknown data adapter
	ReqSubscriptionNotFound = 19
	ReqSessionNotFound      = 20
	ReqGroup                = 21 // bad item group
	ReqGroupForSchema       = 22 // item group not valid for this schema
	ReqSchema               = 23 // bad field schema
	ReqMode                 = 24 // mode not allowed for an item
	ReqSelector             = 25 // bad selector
	ReqUnfilteredLimited    = 26 // unfiltered not allowed: an item has a frequency limit
	ReqUnfilteredPrefilter  = 27 // unfiltered not allowed: an item is prefiltered
	ReqUnfilteredLicense    = 28 // unfiltered not allowed: licence
	ReqRawLicense           = 29 // RAW not licensed
	ReqLicense              = 30 // subscriptions not licensed
	ReqMessageOld           = 32 // number too low: queued or skipped already, unknown which
	ReqMessageRepeated      = 33 // number too low: queued already
	ReqMessageFailed        = 34
	ReqMessagePanicked      = 35 // unexpected error while handling the message
	ReqMessageSkipped       = 38 // waited too long for this number
	ReqMessagesSkipped      = 39 // the same for several; the text is their count
	ReqNoMPN                = 40 // mobile push notifications are not available; up to 56 they are about those
	ReqMPNInternal          = 41
	ReqMPNPlatform          = 42
	ReqMPNApp               = 43
	ReqMPNTrigger           = 44
	ReqMPNDevice            = 45
	ReqMPNSubscription      = 46
	ReqMPNArgument          = 47
	ReqMPNSuspended         = 48
	ReqMPNArgumentLong      = 49
	ReqMPNEmpty             = 50 // no items or no fields
	ReqMPNPayload           = 51
	ReqMPNFormat            = 52
	ReqMPNFormatEmpty       = 53
	ReqMPNMismatch          = 56
	ReqInvalid              = 65 // invalid value of a parameter
	ReqMetadata             = 66 // the metadata adapter failed
	ReqMalformed            = 67 // malformed request
	ReqInternal             = 68 // unexpected error
)
