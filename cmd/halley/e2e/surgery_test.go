package e2e

import (
	"net"
	"sync"
	"time"
)

// surgery is a network for one session that does something to one byte of what
// passes in one direction, counted over all connections. It belongs to one goroutine
// but for what it runs itself.
type surgery struct {
	address  string
	to       string
	listener net.Listener
	ended    chan struct{}
	running  sync.WaitGroup

	mu     sync.Mutex
	cut    incision
	passed map[direction]int
	conns  map[net.Conn]bool
}

// incision is what is done, and where.
type incision struct {
	kind incisionKind
	way  direction
	at   int // bytes that pass before
}

type incisionKind string

const (
	nothing incisionKind = "nothing"
	cutting incisionKind = "cut"   // the connection ends there
	parting incisionKind = "split" // what follows comes a little later, in a piece of its own
)

type direction string

const (
	upward   direction = "up"
	downward direction = "down"
)

// splitPause is how much later: long enough that the two parts are read apart.
const splitPause = 500 * time.Microsecond

func operate(to string, cut incision) (*surgery, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &surgery{address: l.Addr().String(), to: to, listener: l, ended: make(chan struct{}), cut: cut, passed: make(map[direction]int), conns: make(map[net.Conn]bool)}
	go s.accept()
	return s, nil
}

func (s *surgery) accept() {
	defer close(s.ended)
	for {
		near, err := s.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", s.to)
		if err != nil {
			near.Close()
			continue
		}
		s.mu.Lock()
		s.conns[near], s.conns[far] = true, true
		s.mu.Unlock()
		s.running.Go(func() { s.pass(near, far, upward) })
		s.running.Go(func() { s.pass(far, near, downward) })
	}
}

// pass copies one direction until either end is closed.
func (s *surgery) pass(from, to net.Conn, way direction) {
	defer s.end(from, to)
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		rest := buf[:n]
		if at, kind := s.count(way, n); kind != nothing {
			if _, failed := to.Write(rest[:at]); failed != nil || kind == cutting {
				return
			}
			rest = rest[at:]
			<-time.After(splitPause)
		}
		if _, failed := to.Write(rest); err != nil || failed != nil {
			return
		}
	}
}

// count counts n bytes, and returns what is to be done among them, and where.
func (s *surgery) count(way direction, n int) (at int, kind incisionKind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.passed[way]
	s.passed[way] += n
	if s.cut.way != way || s.cut.at < before || s.cut.at >= before+n {
		return 0, nothing
	}
	return s.cut.at - before, s.cut.kind
}

func (s *surgery) end(conns ...net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range conns {
		delete(s.conns, c)
		c.Close()
	}
}

// length returns how many bytes have passed in a direction.
func (s *surgery) length(way direction) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.passed[way]
}

func (s *surgery) close() {
	s.listener.Close()
	<-s.ended
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}
