package protocol

import (
	"fmt"
	"slices"
	"strings"
)

// strictClient follows a session from its client's side and finds fault with what
// official clients do not forgive. It knows the lines only: no clock, no sockets.
type strictClient struct {
	version  Version
	wsok     bool // a wsok waits for its answer
	opening  bool // a create_session or bind_session waits for its answer
	bound    bool
	polling  bool
	sync     bool // SYNC is wanted
	ended    bool
	recovery int64 // of LS_recovery_from; -1 if there is none
	skip     int64 // data notifications that it has already
	count    int64 // data notifications
	subs     map[int]*strictSub
}

type strictSub struct {
	asked Add
	known bool // SUBOK or SUBCMD has come
	items []*ItemState
}

func newStrictClient(v Version) *strictClient {
	return &strictClient{version: v, recovery: -1, subs: make(map[int]*strictSub)}
}

// request takes note of a request that the client makes.
func (c *strictClient) request(name RequestName, request any) {
	switch r := request.(type) {
	case Create:
		c.open(r.ConnectionParams, -1)
	case Bind:
		c.open(r.ConnectionParams, r.RecoveryFrom)
	case ComboRequest:
		if !r.IsMessage {
			c.subs[r.Add.SubID] = &strictSub{asked: r.Add}
		}
	case ControlRequest:
		if r.Op == OpAdd && c.subs[r.SubID] == nil {
			c.subs[r.SubID] = &strictSub{asked: r.Add}
		}
	}
	if name == WSOK {
		c.wsok = true
	}
}

func (c *strictClient) open(p ConnectionParams, recovery int64) {
	c.opening, c.polling, c.sync, c.recovery = true, p.Polling, p.SendSync && !p.Polling, recovery
}

// line takes a line of the server, with its line end, and returns what is wrong with
// it, or "".
func (c *strictClient) line(line string) (fault string) {
	text, ok := strings.CutSuffix(line, "\r\n")
	if !ok || strings.ContainsAny(text, "\r\n") {
		return "not one line"
	}
	n, err := ParseLine([]byte(text))
	switch {
	case err != nil:
		return "malformed"
	case c.ended:
		return "after the end"
	case n.Tag != TagU && n.Tag != TagUnknown && strings.Count(text, ",") != argumentsOf(n.Tag, c.version, text):
		return "number of arguments"
	case n.Tag.Counted():
		return c.data(&n)
	}
	return c.connection(&n)
}

// argumentsOf returns how many arguments an official client expects: a raw comma is
// one more to it.
func argumentsOf(tag Tag, v Version, text string) int {
	switch {
	case tag == TagMSGDONE && v < V25:
		return 2
	case tag == TagREQOK && text == "REQOK":
		return 0
	}
	return len(shapes[tag].args)
}

// connection takes a line about the connection, or the answer to a request.
func (c *strictClient) connection(n *Notification) string {
	switch n.Tag {
	case TagWSOK:
		if !c.wsok {
			return "WSOK that nobody asked for"
		}
		c.wsok = false
	case TagCONOK:
		switch {
		case !c.opening:
			return "CONOK that nobody asked for"
		case c.wsok:
			return "CONOK before WSOK"
		case !c.polling && n.Number == 0:
			return "a stream without keep-alive"
		}
		c.opening, c.bound = false, true
	case TagCONERR:
		c.opening = false
	case TagEND:
		c.ended = true
	case TagLOOP:
		if !c.bound {
			return "LOOP while unbound"
		}
		c.bound = false
	case TagPROG:
		if c.recovery < 0 || n.Number > c.recovery {
			return "PROG"
		}
		c.count, c.skip, c.recovery = n.Number, c.recovery-n.Number, -1
	case TagPROBE:
		if c.polling || !c.bound {
			return "PROBE without a stream"
		}
	case TagSYNC:
		if !c.sync || !c.bound {
			return "SYNC that is not wanted"
		}
	case TagREQERR:
		if slices.Contains([]int{ReqOtherServer, ReqSessionNotFound, ReqInvalid, ReqMalformed}, n.Code) {
			return "a code that ends the session"
		}
	case TagERROR:
		return "ERROR ends the session"
	}
	return ""
}

// data takes a data notification.
func (c *strictClient) data(n *Notification) string {
	if !c.bound {
		return "data while unbound"
	}
	if c.recovery >= 0 {
		return "data before PROG"
	}
	c.count++
	if c.skip > 0 {
		c.skip--
		return ""
	}
	if n.Tag == TagMSGDONE || n.Tag == TagMSGFAIL {
		return ""
	}
	s := c.subs[n.Sub]
	switch {
	case s == nil:
		return "of no subscription"
	case n.Tag == TagSUBOK || n.Tag == TagSUBCMD:
		return s.begin(n)
	case !s.known:
		return "before SUBOK"
	case n.Tag == TagUNSUB:
		delete(c.subs, n.Sub)
		return ""
	case n.Tag == TagCONF:
		return ""
	case n.Item > len(s.items):
		return "of no item"
	}
	return s.item(n)
}

func (s *strictSub) begin(n *Notification) string {
	items, fields := strings.Split(s.asked.Group, " "), strings.Split(s.asked.Schema, " ")
	switch {
	case s.known:
		return "" // it is counted, and else ignored
	case n.Items != len(items) || n.Fields != len(fields):
		return "number of items or fields"
	case n.Tag == TagSUBOK && s.asked.Mode == "COMMAND":
		return "SUBOK for COMMAND"
	case n.Tag == TagSUBCMD && s.asked.Mode != "COMMAND":
		return "SUBCMD for another mode"
	case n.Tag == TagSUBCMD && (n.KeyPos != slices.Index(fields, "key")+1 || n.CommandPos != slices.Index(fields, "command")+1):
		return "positions of key and command"
	}
	s.known = true
	for range items {
		state := NewItemState(len(fields))
		state.TakeDiffs(func(dst, document, _ []byte) ([]byte, error) { return append(dst, document...), nil })
		s.items = append(s.items, state)
	}
	return ""
}

func (s *strictSub) item(n *Notification) string {
	listed := s.asked.Mode == "DISTINCT" || s.asked.Mode == "COMMAND"
	switch n.Tag {
	case TagEOS:
		if !listed || !s.asked.Snapshot.Wanted {
			return "EOS"
		}
	case TagCS:
		if !listed {
			return "CS"
		}
	case TagU:
		if err := s.items[n.Item-1].Apply(n.Text); err != nil {
			return "values"
		}
	}
	return ""
}

// parseClient reads what a client sends, as a server does.
func parseClient(name RequestName, lines []byte) (requests []any, err error) {
	if name == CreateSession {
		create, combos, err := parseCombos(lines)
		requests = append(requests, create)
		for _, combo := range combos {
			requests = append(requests, combo)
		}
		return requests, err
	}
	for line := range Lines(lines) {
		request, err := parseRequest(name, line)
		if err != nil {
			return requests, err
		}
		requests = append(requests, request)
	}
	return requests, nil
}

// cutRequestTarget parts "/lightstreamer/control.txt?LS_session=S1".
func cutRequestTarget(target string) (name RequestName, query string, err error) {
	path, query, _ := strings.Cut(target, "?")
	name, ok := ParsePath(path)
	if !ok {
		return 0, "", fmt.Errorf("no request: %q", target)
	}
	var p Params
	if err := p.Parse([]byte(query)); err != nil {
		return 0, "", err
	}
	version, _ := p.Get("LS_protocol")
	if _, ok := ParseVersion(version); !ok {
		return 0, "", fmt.Errorf("no version: %q", target)
	}
	return name, query, nil
}

// rewritten returns what our encoders make of a line, with its line end.
func rewritten(v Version, line string) (string, error) {
	n, err := ParseLine([]byte(line))
	if err != nil || n.Tag == TagUnknown {
		return line + "\r\n", err
	}
	return string(appendNotification(nil, v, n)), nil
}
