//go:build linux

package clients

import (
	"bytes"
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// state is how far a client has come.
type state uint8

const (
	connecting state = iota
	opened           // the request is sent, the head of the response awaited
	talking          // in its steps
	subscribed
	ended
)

// client is one of a fleet.
type client struct {
	index int
	fd    int
	state state
	step  int    // the one that it is at
	heard []byte // since the step before
	items []int
	seqs  []uint64 // the last of each item, 0 before the first
	frame unframer
	rest  []byte // what came of an update without its end
}

// add opens a connection.
func (f *Fleet) add() {
	items := f.config.Items(len(f.clients))
	c := &client{index: len(f.clients), fd: -1, items: items, seqs: make([]uint64, len(items))}
	f.clients = append(f.clients, c)
	if err := f.dial(c); err != nil {
		f.end(c, err)
	}
}

// dial begins to connect. Each 200 clients have a source address of their own, so that
// no limit per address is met.
func (f *Fleet) dial(c *client) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	c.fd = fd
	source := unix.SockaddrInet4{Addr: [4]byte{127, 1, 0, byte(1 + c.index/200%250)}}
	if err := errors.Join(
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1),
		unix.Bind(fd, &source),
	); err != nil {
		return err
	}
	if err := unix.Connect(fd, &f.address); err != nil && !errors.Is(err, unix.EINPROGRESS) {
		return err
	}
	return unix.EpollCtl(f.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLOUT, Fd: int32(c.index)})
}

// event acts on what epoll says of a client.
func (f *Fleet) event(c *client) {
	var err error
	switch c.state {
	case ended:
	case connecting:
		err = f.connected(c)
	default:
		err = f.read(c)
	}
	if err != nil {
		f.end(c, err)
	}
}

// connected goes on when the connection is open, or could not be.
func (f *Fleet) connected(c *client) error {
	code, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return err
	}
	if code != 0 {
		return unix.Errno(code)
	}
	c.state = opened
	if err := unix.EpollCtl(f.epoll, unix.EPOLL_CTL_MOD, c.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(c.index)}); err != nil {
		return err
	}
	return c.send([]byte(f.config.Dialogue.Open(c.index, c.items)))
}

// read takes in what has come.
func (f *Fleet) read(c *client) error {
	kept := copy(f.in, c.rest)
	n, err := unix.Read(c.fd, f.in[kept:])
	f.now = time.Now().UnixNano()
	switch {
	case errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR):
		return nil
	case err != nil:
		return err
	case n == 0:
		return errEnd
	}
	return f.received(c, kept, n)
}

// received takes in n bytes of f.in, behind those that were kept of the time before.
func (f *Fleet) received(c *client, kept, n int) (err error) {
	f.tally.Reads++
	f.tally.Bytes += uint64(n)
	data := f.in[kept : kept+n]
	if c.state == opened {
		if data, err = f.responded(c, data); err != nil || data == nil {
			return err
		}
	}
	data, err = c.frame.strip(data)
	if err != nil {
		return err
	}
	if c.frame.ping != nil {
		if err := c.send(appendFrame(nil, opPong, c.frame.ping)); err != nil {
			return err
		}
		c.frame.ping = nil
	}
	if c.state == talking {
		c.heard = append(c.heard, data...)
		return f.talk(c)
	}
	whole := f.in[:kept+len(data)] // what is left lies right behind what was kept
	c.rest = append(c.rest[:0], whole[f.scan(c, whole):]...)
	return nil
}

// responded takes the head of the response off and returns what follows it, nil while
// it is not complete.
func (f *Fleet) responded(c *client, data []byte) ([]byte, error) {
	c.heard = append(c.heard, data...)
	head, body, complete := bytes.Cut(c.heard, []byte("\r\n\r\n"))
	if !complete {
		return nil, nil
	}
	head = bytes.ToLower(head)
	d := &f.config.Dialogue
	switch {
	case d.WebSocket && bytes.HasPrefix(head, []byte("http/1.1 101 ")):
		c.frame.framing = webSocket
	case !d.WebSocket && bytes.HasPrefix(head, []byte("http/1.1 200 ")):
		if bytes.Contains(head, []byte("transfer-encoding: chunked")) {
			c.frame.framing = chunked
		}
	default:
		return nil, errors.New("refused: " + string(c.heard))
	}
	c.heard = nil
	c.state = talking
	if len(body) == 0 {
		return nil, f.talk(c)
	}
	return body, nil
}

// talk does the steps that can be done.
func (f *Fleet) talk(c *client) error {
	steps := f.config.Dialogue.Steps
	for ; c.step < len(steps); c.step++ {
		step := &steps[c.step]
		for _, text := range step.Await {
			if !bytes.Contains(c.heard, []byte(text)) {
				return nil
			}
		}
		if step.Say != nil {
			if err := c.say(step.Say(c.items, c.heard), f.config.Dialogue.Binary); err != nil {
				return err
			}
		}
		c.heard = nil
	}
	c.state = subscribed
	f.ready++
	return nil
}

// say sends a message.
func (c *client) say(text string, binary bool) error {
	op := byte(opText)
	if binary {
		op++
	}
	return c.send(appendFrame(nil, op, []byte(text)))
}

// send writes to the connection. What we have to say is short, so it is taken at once
// or never.
func (c *client) send(b []byte) error {
	n, err := unix.Write(c.fd, b)
	if err == nil && n != len(b) {
		err = errors.New("the server does not read")
	}
	return err
}

// end gives a client up.
func (f *Fleet) end(c *client, err error) {
	f.tally.fault("client %d: %v", c.index, err)
	f.tally.Ended++
	c.state = ended
	if c.fd >= 0 {
		unix.Close(c.fd)
	}
}

// scan checks all updates in data and returns how much of it is done with.
func (f *Fleet) scan(c *client, data []byte) (used int) {
	for used < len(data) {
		u, n, found, ok := nextUpdate(data[used:])
		used += n
		switch {
		case !ok:
			f.tally.Strange++
			f.tally.fault("client %d: no update: %.80q", c.index, data[used:])
		case !found:
			return used
		default:
			f.check(c, u)
		}
	}
	return used
}

// check compares the number of an update with the one before. The first of an item may
// have any number.
func (f *Fleet) check(c *client, u update) {
	t := &f.tally
	place := -1
	for i, number := range c.items {
		if uint64(number) == u.item {
			place = i
			break
		}
	}
	if place < 0 {
		t.Strange++
		t.fault("client %d: item %d, which it has not subscribed", c.index, u.item)
		return
	}
	before := c.seqs[place]
	switch {
	case before == 0 || u.seq == before+1:
	case u.seq > before:
		t.Lost += u.seq - before - 1
		t.fault("client %d: item %d: %d after %d", c.index, u.item, u.seq, before)
	case u.seq == before:
		t.Twice++
		t.fault("client %d: item %d: %d twice", c.index, u.item, u.seq)
	default:
		t.Reordered++
		t.fault("client %d: item %d: %d after %d", c.index, u.item, u.seq, before)
	}
	c.seqs[place] = max(before, u.seq)
	t.Delivered++
	f.age = time.Duration(f.now - int64(u.sent))
	t.Latency.Record(f.age)
	f.lastUpdate = time.Unix(0, f.now)
}
