package engine

import (
	"bytes"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/halley-stream/halley/protocol"
)

// violation is a law that a run has broken.
type violation struct{ text string }

func violate(format string, args ...any) { panic(violation{fmt.Sprintf(format, args...)}) }

// simConn is a connection of the simulation: what was sent and not read yet. The
// kernel takes so many bytes; what is beyond counts as buffered.
type simConn struct {
	client *simClient
	link   *Link
	queue  []byte
	kernel int
	ended  bool
	closed bool
}

func (c *simConn) Send(buf []byte, last bool) error {
	if c.closed {
		return fmt.Errorf("closed")
	}
	c.queue = append(c.queue, buf[Headroom:]...)
	c.ended = c.ended || last && !c.link.webSocket
	return nil
}

func (c *simConn) Header() map[string][]string { return nil }
func (c *simConn) Buffered() int               { return max(0, len(c.queue)-c.kernel) }
func (c *simConn) Resume()                     {}

func (c *simConn) Close() {
	if !c.closed {
		c.closed = true
		c.link.Closed()
	}
}

// simClient is a TLCP client that holds the server to the protocol.
type simClient struct {
	world   *world
	number  int
	conn    *simConn // of the session's stream or poll; nil: none
	partial []byte
	session string
	looped  bool // told to bind again
	asked   bool // to go on where it was, and has no answer yet
	torn    bool // lost the connection, and wants to go on where it was
	count   uint64
	subs    map[int]*simSub
	nextSub int
	reqID   int
	said    map[int64]bool // numbers of the messages sent, and whether they have an outcome
}

// simSub is what a client knows of one subscription.
type simSub struct {
	id, feed   int
	mode       string
	items      []string
	fields     []string
	snapshot   bool
	unfiltered bool
	selected   bool // it has a selector
	active     bool // SUBOK has come
	deleted    bool // unsubscribed; UNSUB is to come
	gone       bool // UNSUB has come
	pictures   []simPicture
}

// simPicture is what a client knows of one item.
type simPicture struct {
	state  *protocol.ItemState
	n      int // newest n; 0: none
	ended  bool
	lost   int // of OV, since the last update
	at     int // place of the last event in what the feed told, from 1; 0: none
	table  map[string]map[string]string
	events []string
}

// act does one thing that clients do.
func (c *simClient) act() {
	w := c.world
	switch x := w.IntN(100); {
	case c.conn != nil && x < 60:
		c.read(w.IntN(900))
	case c.session == "" && c.conn == nil:
		c.create()
	case c.looped:
		c.bind(w.IntN(3) == 0)
	case c.torn:
		c.recover()
	case c.session == "":
	case x < 76:
		if len(c.subs) < 4 {
			c.subscribe()
		}
	case x < 84:
		c.unsubscribe()
	case x < 90:
		c.reconf()
	case x < 92:
		c.constrain()
	case x < 94:
		c.control("LS_op=force_rebind")
	case x < 98:
		c.say()
	default:
		c.cut()
	}
}

// open makes a connection on a loop drawn at random.
func (c *simClient) open(webSocket bool) *simConn {
	conn := &simConn{client: c, kernel: 200 + c.world.IntN(2000)}
	conn.link = c.world.engine.loops[c.world.IntN(simLoops)].NewLink(conn, webSocket, "127.0.0.1")
	conn.link.SetVersion(protocol.V25)
	return conn
}

func (c *simClient) create() {
	c.subs, c.count, c.looped, c.asked, c.partial = make(map[int]*simSub), 0, false, false, nil
	c.said = make(map[int64]bool)
	c.conn = c.open(true)
	request := "create_session\r\nLS_adapter_set=SIM&LS_cid=x&LS_send_sync=false"
	if c.world.IntN(4) == 0 {
		request += "&LS_requested_max_bandwidth=" + strconv.Itoa(40+c.world.IntN(400))
	}
	for range c.world.IntN(3) { // with it
		request += "\r\n" + c.subscription()
	}
	c.conn.link.Message([]byte(request))
}

// constrain changes the session's bandwidth.
func (c *simClient) constrain() {
	c.control("LS_op=constrain&LS_requested_max_bandwidth=" + []string{"unlimited", "40", "100", "1000"}[c.world.IntN(4)])
}

// say sends a message, as likely as not out of turn or once more.
func (c *simClient) say() {
	w := c.world
	c.reqID++
	number := int64(1 + len(c.said) + w.IntN(3))
	if w.IntN(4) == 0 {
		number = max(number-int64(w.IntN(4)), 1)
	}
	if _, ok := c.said[number]; !ok {
		c.said[number] = false
	}
	w.note("client %d says %d", c.number, number)
	c.open(false).link.HTTP(protocol.Message, c.session, fmt.Appendf(nil, "LS_reqId=%d&LS_message=m%d&LS_sequence=Q&LS_msg_prog=%d&LS_max_wait=%d",
		c.reqID, number, number, w.IntN(300)))
}

// outcome takes what became of a message.
func (c *simClient) outcome(text []byte, n *protocol.Notification) {
	from := n.Number
	if skipped := n.Skipped(); skipped > 0 {
		from = n.Number - skipped + 1
	}
	for number := from; number <= n.Number; number++ {
		if c.said[number] {
			violate("client %d: %q is the second outcome of message %d", c.number, text, number)
		}
		c.said[number] = true
	}
}

func (c *simClient) bind(poll bool) {
	c.looped = false
	c.partial = nil
	if poll {
		c.conn = c.open(false)
		c.conn.link.HTTP(protocol.BindSession, c.session, []byte("LS_polling=true&LS_polling_millis=0&LS_idle_millis="+strconv.Itoa(c.world.IntN(2)*50)))
		return
	}
	if c.world.IntN(3) == 0 {
		c.conn = c.open(false)
		c.conn.link.HTTP(protocol.BindSession, c.session, []byte("LS_send_sync=false&LS_content_length="+strconv.Itoa(300+c.world.IntN(4000))))
		return
	}
	c.conn = c.open(true)
	c.conn.link.Message([]byte("bind_session\r\nLS_send_sync=false&LS_session=" + c.session))
}

// control sends a request over a connection of its own, on any loop.
func (c *simClient) control(params string) {
	c.reqID++
	conn := c.open(false)
	conn.link.HTTP(protocol.Control, c.session, fmt.Appendf(nil, "LS_reqId=%d&%s", c.reqID, params))
}

func (c *simClient) subscribe() {
	w := c.world
	params := c.subscription()
	w.note("client %d: %s", c.number, params)
	if w.IntN(8) == 0 { // at once given up again, while it is being decided
		c.subs[c.nextSub].deleted = true
		params += fmt.Sprintf("\r\nLS_reqId=%dx&LS_op=delete&LS_subId=%d", c.reqID, c.nextSub)
	}
	c.control(params)
}

// subscription makes a subscription, and returns the request for it.
func (c *simClient) subscription() string {
	w := c.world
	c.nextSub++
	sub := &simSub{id: c.nextSub, feed: w.IntN(2), snapshot: w.IntN(4) > 0}
	sub.mode = []string{"MERGE", "MERGE", "DISTINCT", "COMMAND", "RAW"}[w.IntN(5)]
	letter := map[string]string{"MERGE": "M", "DISTINCT": "D", "COMMAND": "C", "RAW": "M"}[sub.mode]
	if sub.mode == "RAW" {
		sub.feed, sub.snapshot = 0, false // of the stable feed, and of an item that is never cleared
		sub.items = []string{"M0"}
	} else {
		for i := range 3 {
			if name := letter + strconv.Itoa(i); c.world.feeds[0].items[name] != nil && w.IntN(2) == 0 {
				sub.items = append(sub.items, name)
			}
		}
		if sub.items == nil {
			sub.items = []string{letter + "1"}
		}
	}
	sub.fields = append(sub.fields, "n")
	for _, f := range []string{"a", "b", "c"} {
		if w.IntN(2) == 0 {
			sub.fields = append(sub.fields, f)
		}
	}
	if sub.mode == "COMMAND" {
		sub.fields = append(sub.fields, "key", "command")
	}
	frequency := "unlimited"
	switch w.IntN(4) {
	case 0:
		frequency, sub.unfiltered = "unfiltered", true
	case 1:
		frequency = strconv.Itoa(20 + 30*w.IntN(3))
	}
	sub.unfiltered = sub.unfiltered || sub.mode == "RAW"
	for range sub.items {
		p := simPicture{state: protocol.NewItemState(len(sub.fields)), table: make(map[string]map[string]string)}
		p.state.TakeDiffs(nil)
		sub.pictures = append(sub.pictures, p)
	}
	c.subs[sub.id] = sub
	params := fmt.Sprintf("LS_op=add&LS_subId=%d&LS_mode=%s&LS_data_adapter=%s&LS_group=%s&LS_schema=%s&LS_requested_max_frequency=%s&LS_snapshot=%v",
		sub.id, sub.mode, []string{"A", "B"}[sub.feed], strings.Join(sub.items, "%20"), strings.Join(sub.fields, "%20"), frequency, sub.snapshot)
	if sub.mode == "DISTINCT" && w.IntN(3) == 0 {
		params += "&LS_requested_buffer_size=2"
	}
	if sub.mode != "RAW" && !sub.unfiltered && w.IntN(4) == 0 {
		sub.selected = true
		params += "&LS_selector=" + url.PathEscape(simSelector)
	}
	return params
}

// pick returns one of the client's subscriptions that is not being given up.
func (c *simClient) pick() *simSub {
	for id := 1; id <= c.nextSub; id++ {
		if s := c.subs[id]; s != nil && s.active && !s.deleted && c.world.IntN(2) == 0 {
			return s
		}
	}
	return nil
}

func (c *simClient) unsubscribe() {
	if s := c.pick(); s != nil {
		s.deleted = true
		c.control("LS_op=delete&LS_subId=" + strconv.Itoa(s.id))
	}
}

func (c *simClient) reconf() {
	if s := c.pick(); s != nil && !s.unfiltered {
		frequency := []string{"unlimited", "50", "20", "200"}[c.world.IntN(4)]
		c.control("LS_op=reconf&LS_subId=" + strconv.Itoa(s.id) + "&LS_requested_max_frequency=" + frequency)
	}
}

// cut loses the connection at any byte. The client goes on where it was, or begins a
// new session.
func (c *simClient) cut() {
	c.world.note("client %d is cut", c.number)
	if c.conn == nil {
		return
	}
	if c.world.IntN(4) > 0 { // else the server has not noticed
		c.conn.Close()
	}
	c.conn, c.partial = nil, nil
	if c.torn = c.session != "" && c.world.IntN(4) > 0; !c.torn {
		c.session, c.subs = "", nil
	}
}

// recover binds the session from the last line that was read.
func (c *simClient) recover() {
	for _, l := range c.world.engine.loops {
		if len(l.mail) > 0 {
			return // it waits for longer than a request is under way
		}
	}
	c.world.note("client %d recovers from %d", c.number, c.count)
	c.torn, c.partial = false, nil
	from := "LS_recovery_from=" + strconv.FormatUint(c.count, 10)
	switch c.world.IntN(4) {
	case 0:
		c.conn = c.open(false)
		c.conn.link.HTTP(protocol.BindSession, c.session, []byte(from+"&LS_send_sync=false&LS_content_length="+strconv.Itoa(300+c.world.IntN(4000))))
	case 1:
		c.conn = c.open(true)
		c.conn.link.Message([]byte("bind_session\r\n" + from + "&LS_send_sync=false&LS_session=" + c.session))
	default:
		c.conn = c.open(false)
		c.conn.link.HTTP(protocol.BindSession, c.session, []byte(from+"&LS_polling=true&LS_polling_millis=0&LS_idle_millis=0"))
	}
	c.asked = true
}

// settle reads all there is, and keeps the session bound.
func (c *simClient) settle() {
	if c.conn != nil {
		c.read(1 << 30)
	}
	if c.torn {
		c.recover()
	}
	if c.looped {
		c.bind(c.world.IntN(3) == 0)
	}
}

func (c *simClient) read(n int) {
	conn := c.conn
	n = min(n, len(conn.queue))
	c.partial = append(c.partial, conn.queue[:n]...)
	conn.queue = append(conn.queue[:0], conn.queue[n:]...)
	for c.conn == conn {
		line, rest, ok := protocol.CutLine(c.partial)
		if !ok {
			break
		}
		text := bytes.Clone(line)
		c.partial = append(c.partial[:0], rest...)
		c.line(text)
	}
	if c.conn == conn && len(conn.queue) == 0 && (conn.ended || conn.closed) {
		violate("client %d: the response ended without LOOP or END", c.number)
	}
}

func (c *simClient) line(text []byte) {
	n, err := protocol.ParseLine(text)
	if err != nil {
		violate("client %d: %q: %v", c.number, text, err)
	}
	c.world.note("client %d < %.200s", c.number, text)
	switch n.Tag {
	case protocol.TagCONOK:
		c.session = string(n.Name)
	case protocol.TagPROG:
		if !c.asked || n.Number != int64(c.count) {
			violate("client %d: %q after %d lines", c.number, text, c.count)
		}
		c.asked = false
		c.world.recovered++
	case protocol.TagLOOP:
		if len(c.conn.queue)+len(c.partial) > 0 && !c.conn.link.webSocket {
			violate("client %d: something follows LOOP: %q", c.number, c.conn.queue)
		}
		c.checkCount()
		c.conn, c.looped = nil, true
	case protocol.TagCONERR, protocol.TagEND:
		if n.Code == protocol.ConnOverloaded {
			c.conn, c.subs = nil, nil // and again
			return
		}
		if n.Code == protocol.ConnRecoveryGone && c.asked {
			c.conn, c.session, c.subs, c.asked = nil, "", nil, false
			return
		}
		violate("client %d: %s", c.number, text)
	case protocol.TagU, protocol.TagSUBOK, protocol.TagSUBCMD, protocol.TagUNSUB, protocol.TagEOS, protocol.TagCS, protocol.TagOV, protocol.TagCONF,
		protocol.TagMSGDONE, protocol.TagMSGFAIL:
		if c.asked {
			violate("client %d: %q before PROG", c.number, text)
		}
		if c.count++; n.Tag == protocol.TagMSGDONE || n.Tag == protocol.TagMSGFAIL {
			c.outcome(text, &n)
			return
		}
		c.data(text, &n)
	}
}

// checkCount holds the client's count of data lines against the server's: when a
// connection has ended in order, all that was written was read.
func (c *simClient) checkCount() {
	for _, l := range c.world.engine.loops {
		if s := l.sessions[c.session]; s != nil && s.link == nil && s.count != c.count {
			violate("client %d counts %d data lines, the server %d", c.number, c.count, s.count)
		}
	}
}

func (c *simClient) data(text []byte, n *protocol.Notification) {
	s := c.subs[n.Sub]
	if s == nil || s.gone {
		violate("client %d: %q for a subscription that is not there", c.number, text)
	}
	switch n.Tag {
	case protocol.TagSUBOK, protocol.TagSUBCMD:
		if s.active {
			violate("client %d: %q comes twice", c.number, text)
		}
		s.active = true
		return
	case protocol.TagUNSUB:
		if !s.deleted {
			violate("client %d: %q unasked", c.number, text)
		}
		s.gone = true
		return
	case protocol.TagCONF:
		return
	}
	if !s.active {
		violate("client %d: %q before SUBOK", c.number, text)
	}
	p := &s.pictures[n.Item-1]
	switch n.Tag {
	case protocol.TagEOS:
		if p.ended || !s.snapshot || s.mode == "MERGE" || s.mode == "RAW" {
			violate("client %d: %q is not due", c.number, text)
		}
		p.ended = true
	case protocol.TagCS:
		if s.mode != "COMMAND" && s.mode != "DISTINCT" {
			violate("client %d: %q in %s", c.number, text, s.mode)
		}
		p.table, p.events, p.n, p.at = make(map[string]map[string]string), nil, 0, 0
	case protocol.TagOV:
		if !s.unfiltered {
			violate("client %d: %q though filtered", c.number, text)
		}
		p.lost += int(n.Number)
	case protocol.TagU:
		if err := p.state.Apply(n.Text); err != nil {
			violate("client %d: %q: %v", c.number, text, err)
		}
		c.update(s, n.Item-1, p, text)
	}
}

func (c *simClient) update(s *simSub, item int, p *simPicture, text []byte) {
	value := func(i int) string {
		if v, ok := p.state.Value(i); ok {
			return string(v)
		}
		return "#"
	}
	n, _ := strconv.Atoi(value(0))
	if n == 999999 {
		violate("client %d: %q is of a life that was over", c.number, text)
	}
	switch s.mode {
	case "COMMAND":
		key, command := value(len(s.fields)-2), value(len(s.fields)-1)
		if command == "DELETE" {
			delete(p.table, key)
			return
		}
		row := make(map[string]string)
		for i, f := range s.fields[:len(s.fields)-2] {
			row[f] = value(i)
		}
		if old := p.table[key]; old != nil {
			if was, _ := strconv.Atoi(old["n"]); was > n {
				violate("client %d: %q goes backwards from %d", c.number, text, was)
			}
		}
		p.table[key] = row
		return
	case "DISTINCT":
		p.events = append(p.events, value(0))
	}
	if s.selected && s.mode != "MERGE" && !selectedBySim(value(0)) {
		violate("client %d: %q is not selected", c.number, text)
	}
	if n != 0 && n < p.n || n == p.n && n != 0 && s.mode == "DISTINCT" {
		violate("client %d: %q goes backwards from %d", c.number, text, p.n)
	}
	if n != 0 {
		p.n = n
	}
	if s.feed == 0 && (s.mode == "RAW" || s.mode == "DISTINCT" && s.unfiltered) {
		c.checkGap(s, item, p, text)
	}
	p.lost = 0
}

// checkGap holds that an event follows the one before without a gap that was not
// told.
func (c *simClient) checkGap(s *simSub, item int, p *simPicture, text []byte) {
	told := c.world.feeds[s.feed].items[s.items[item]].told
	if p.at == 0 {
		for p.at = len(told); p.at > 0 && told[p.at-1] != p.n; {
			p.at--
		}
		return
	}
	at := p.at + 1 + p.lost
	for s.mode == "DISTINCT" && p.lost > 0 && at > p.at+1 && (at > len(told) || told[at-1] != p.n) {
		at-- // clears are counted as lost too
	}
	if at > len(told) || told[at-1] != p.n {
		violate("client %d: %q leaves a gap after %d that %d lost do not tell: %v", c.number, text, told[p.at-1], p.lost, told)
	}
	p.at = at
}

// checkRest holds what the client knows against the truth, when all is quiet.
func (c *simClient) checkRest() {
	c.checkCount()
	for number, done := range c.said {
		if !done && c.session != "" {
			violate("client %d: message %d has no outcome", c.number, number)
		}
	}
	for id := 1; id <= c.nextSub; id++ {
		s := c.subs[id]
		if s == nil || s.gone {
			continue
		}
		if s.deleted || !s.active {
			violate("client %d: subscription %d is stuck: active %v, deleted %v", c.number, id, s.active, s.deleted)
		}
		for i := range s.pictures {
			c.checkPicture(s, i, c.world.feeds[s.feed].items[s.items[i]])
		}
	}
}

func (c *simClient) checkPicture(s *simSub, i int, truth *simItem) {
	p := &s.pictures[i]
	where := fmt.Sprintf("client %d, subscription %d, %s item %s of feed %d (snapshot %v, unfiltered %v)", c.number, s.id, s.mode, s.items[i], s.feed, s.snapshot, s.unfiltered)
	if s.snapshot && (s.mode == "DISTINCT" || s.mode == "COMMAND") && !p.ended {
		violate("%s: no end of snapshot", where)
	}
	switch s.mode {
	case "MERGE":
		row := truth.row
		if s.selected {
			if row = truth.picked; row == nil {
				return
			}
		}
		for j, f := range s.fields {
			got, ok := p.state.Value(j)
			want, known := row[f]
			if (s.snapshot && !s.selected || p.n > 0) && (ok != known || string(got) != want) {
				violate("%s: %s is %q, not %q", where, f, got, want)
			}
		}
	case "DISTINCT":
		if s.selected {
			return // each event was looked at when it came
		}
		if n := len(p.events); n > 0 && (len(truth.events) == 0 || p.events[n-1] != truth.events[len(truth.events)-1]) || n == 0 && s.snapshot && len(truth.events) > 0 {
			violate("%s: events %v, not %v", where, p.events, truth.events)
		}
	case "COMMAND":
		rows := truth.table
		if s.selected {
			rows = truth.pickedTable
		}
		for key, row := range rows {
			if s.snapshot && p.table[key] == nil && !s.selected {
				violate("%s: key %s is missing", where, key)
			}
			for _, f := range s.fields[:len(s.fields)-2] {
				if p.table[key] != nil && p.table[key][f] != row[f] {
					violate("%s: %s of key %s is %q, not %q", where, f, key, p.table[key][f], row[f])
				}
			}
		}
		for key := range p.table {
			if truth.table[key] == nil {
				violate("%s: key %s should be gone", where, key)
			}
		}
	case "RAW":
		if p.at > 0 && p.at != len(truth.told) {
			violate("%s: the last %d events are missing", where, len(truth.told)-p.at)
		}
	}
}
