package protocol

// Tag says what a line of the server is.
type Tag uint8

// The lines of a server. Those about mobile push notifications are not among
// them; to a client they are unknown, as any of the future.
const (
	TagUnknown Tag = iota
	TagCONOK
	TagCONERR
	TagEND
	TagLOOP
	TagWSOK
	TagREQOK
	TagREQERR
	TagERROR
	TagSERVNAME
	TagCLIENTIP
	TagCONS
	TagNOOP
	TagPROBE
	TagSYNC
	TagPROG
	TagSUBOK
	TagSUBCMD
	TagUNSUB
	TagEOS
	TagCS
	TagOV
	TagCONF
	TagU
	TagMSGDONE
	TagMSGFAIL
)

// String returns t as it is on the wire ("CONOK").
func (t Tag) String() string {
	if int(t) >= len(shapes) {
		t = TagUnknown
	}
	return shapes[t].name
}

// Counted reports whether t is a data notification ("Session Recovery"). Both
// sides count those, from the start of the session, so that a recovery can go on
// behind the last.
func (t Tag) Counted() bool { return t >= TagSUBOK && t <= TagMSGFAIL }

// shape is what a line is made of.
type shape struct {
	name     string
	args     []argument
	optional int // how many arguments at the end may be missing
}

// argument is the meaning of an argument: a field of Notification.
type argument uint8

const (
	argName argument = iota
	argText
	argCode
	argNumber
	argLimit
	argKbps
	argSub
	argItem
	argItems
	argFields
	argKeyPos
	argCommandPos
	argFrequency
	argFiltering
)

var shapes = [...]shape{
	TagUnknown:  {name: "unknown"},
	TagCONOK:    {name: "CONOK", args: []argument{argName, argLimit, argNumber, argText}},
	TagCONERR:   {name: "CONERR", args: []argument{argCode, argText}},
	TagEND:      {name: "END", args: []argument{argCode, argText}},
	TagLOOP:     {name: "LOOP", args: []argument{argNumber}},
	TagWSOK:     {name: "WSOK"},
	TagREQOK:    {name: "REQOK", args: []argument{argName}, optional: 1},
	TagREQERR:   {name: "REQERR", args: []argument{argName, argCode, argText}},
	TagERROR:    {name: "ERROR", args: []argument{argCode, argText}},
	TagSERVNAME: {name: "SERVNAME", args: []argument{argText}},
	TagCLIENTIP: {name: "CLIENTIP", args: []argument{argText}},
	TagCONS:     {name: "CONS", args: []argument{argKbps}},
	TagNOOP:     {name: "NOOP", args: []argument{argText}},
	TagPROBE:    {name: "PROBE"},
	TagSYNC:     {name: "SYNC", args: []argument{argNumber}},
	TagPROG:     {name: "PROG", args: []argument{argNumber}},
	TagSUBOK:    {name: "SUBOK", args: []argument{argSub, argItems, argFields}},
	TagSUBCMD:   {name: "SUBCMD", args: []argument{argSub, argItems, argFields, argKeyPos, argCommandPos}},
	TagUNSUB:    {name: "UNSUB", args: []argument{argSub}},
	TagEOS:      {name: "EOS", args: []argument{argSub, argItem}},
	TagCS:       {name: "CS", args: []argument{argSub, argItem}},
	TagOV:       {name: "OV", args: []argument{argSub, argItem, argNumber}},
	TagCONF:     {name: "CONF", args: []argument{argSub, argFrequency, argFiltering}},
	TagU:        {name: "U", args: []argument{argSub, argItem, argText}},
	TagMSGDONE:  {name: "MSGDONE", args: []argument{argName, argNumber, argText}, optional: 1},
	TagMSGFAIL:  {name: "MSGFAIL", args: []argument{argName, argNumber, argCode, argText}},
}

// tagOf returns the tag with a name.
func tagOf(name []byte) Tag {
	for t := TagCONOK; int(t) < len(shapes); t++ {
		if shapes[t].name == string(name) {
			return t
		}
	}
	return TagUnknown
}
