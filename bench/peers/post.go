//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
)

// postConnections is how many connections publish. The updates of an item take the
// same one, so that they stay in order.
const postConnections = 4

// poster publishes updates by HTTP, one request each, pipelined: it does not wait for
// the answers, but reads them all.
type poster struct {
	channels    []string // by item
	connections []*postConnection
	failure     atomic.Pointer[error]
	readers     sync.WaitGroup
}

type postConnection struct {
	net.Conn
	requests []byte
}

// dialPoster connects to a server.
func dialPoster(address string, channels []string) (*poster, error) {
	p := &poster{channels: channels}
	for range postConnections {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.connections = append(p.connections, &postConnection{Conn: c})
		p.readers.Go(func() { p.read(c) })
	}
	return p, nil
}

// read reads answers until the connection ends.
func (p *poster) read(c net.Conn) {
	answers := bufio.NewReaderSize(c, 64<<10)
	for {
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			return // writing notices as well, if it matters
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if answer.StatusCode/100 != 2 {
			err := fmt.Errorf("publishing: %s", answer.Status)
			p.failure.Store(&err)
		}
	}
}

// publish implements publisher.
func (p *poster) publish(lines []byte) error {
	if err := p.failure.Load(); err != nil {
		return *err
	}
	for line := range bytes.Lines(lines) {
		update := line[:len(line)-1]
		head, _, _ := bytes.Cut(update[1:], []byte("|"))
		item, err := parseNumber(string(head))
		if err != nil || int(item) >= len(p.channels) {
			return fmt.Errorf("no update: %q", update)
		}
		if p.channels[item] == "" {
			continue // nobody wants it
		}
		c := p.connections[int(item)%len(p.connections)]
		c.requests = append(c.requests, "POST /pub/"...)
		c.requests = append(c.requests, p.channels[item]...)
		c.requests = append(c.requests, " HTTP/1.1\r\nHost: x\r\nContent-Length: "...)
		c.requests = strconv.AppendInt(c.requests, int64(len(update)), 10)
		c.requests = append(c.requests, "\r\n\r\n"...)
		c.requests = append(c.requests, update...)
	}
	for _, c := range p.connections {
		if _, err := c.Write(c.requests); err != nil {
			return err
		}
		c.requests = c.requests[:0]
	}
	return nil
}

// close ends the connections and waits for their readers.
func (p *poster) close() error {
	var err error
	for _, c := range p.connections {
		err = errors.Join(err, c.Close())
	}
	p.readers.Wait()
	return err
}
