package e2e

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// network passes connections on to a server, and can fail in the ways in which
// networks do.
type network struct {
	address  string
	listener net.Listener
	ended    chan struct{} // closed when it accepts no more
	running  sync.WaitGroup
	passed   atomic.Int64 // bytes

	mu      sync.Mutex
	to      string // the server's address
	weather weather
	changed chan struct{} // closed and replaced at each change of the weather
	conns   map[net.Conn]bool
}

// weather is what a network does with what comes.
type weather string

const (
	fair  weather = "fair"
	muted weather = "muted" // what the server says is lost
	jam   weather = "jam"   // what the server says waits
	held  weather = "held"  // what the client says waits
	down  weather = "down"  // no new connections come about
)

// newNetwork returns a network to an address, which ends with the test.
func newNetwork(t testing.TB, to string) *network {
	t.Helper()
	n, err := openNetwork(to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.close)
	return n
}

func openNetwork(to string) (*network, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	n := &network{address: l.Addr().String(), listener: l, ended: make(chan struct{}), to: to, weather: fair, changed: make(chan struct{}), conns: make(map[net.Conn]bool)}
	go n.accept()
	return n, nil
}

func (n *network) accept() {
	defer close(n.ended)
	for {
		near, err := n.listener.Accept()
		if err != nil {
			return
		}
		n.mu.Lock()
		to, refused := n.to, n.weather == down
		n.mu.Unlock()
		far, err := net.Dial("tcp", to)
		if err != nil || refused {
			near.Close()
			if err == nil {
				far.Close()
			}
			continue
		}
		n.mu.Lock()
		n.conns[near], n.conns[far] = true, true
		n.mu.Unlock()
		n.running.Go(func() { n.pass(near, far, held, "") })
		n.running.Go(func() { n.pass(far, near, jam, muted) })
	}
}

// pass copies one direction until either end is closed. It waits in the weather
// waits, and what comes in the weather loses is lost.
func (n *network) pass(from, to net.Conn, waits, loses weather) {
	defer n.drop(from, to)
	buf := make([]byte, 32<<10)
	for {
		size, err := from.Read(buf)
		now := n.await(from, waits)
		if now == loses {
			size = 0
		}
		_, failed := to.Write(buf[:size])
		n.passed.Add(int64(size))
		if err != nil {
			n.await(from, loses) // an end is lost as well
		}
		if err != nil || failed != nil {
			return
		}
	}
}

// await waits while the weather is of a kind and the connection has not been cut,
// and returns what it is then.
func (n *network) await(c net.Conn, kind weather) weather {
	for {
		n.mu.Lock()
		now, open, changed := n.weather, n.conns[c], n.changed
		n.mu.Unlock()
		if now != kind || !open {
			return now
		}
		<-changed
	}
}

func (n *network) drop(conns ...net.Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range conns {
		delete(n.conns, c)
		c.Close()
	}
	n.change()
}

// change wakes who waits for better weather. The caller holds the lock.
func (n *network) change() {
	close(n.changed)
	n.changed = make(chan struct{})
}

// become changes the weather.
func (n *network) become(w weather) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.weather = w
	n.change()
}

// leadTo changes the server that new connections reach.
func (n *network) leadTo(address string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.to = address
}

// cut resets all connections. Some clients take an orderly end for the end of a
// response.
func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.conns {
		_ = c.(*net.TCPConn).SetLinger(0) // it may just have been closed
		c.Close()
	}
	clear(n.conns)
	n.change()
}

func (n *network) close() {
	n.listener.Close()
	<-n.ended
	n.cut()
	n.running.Wait()
}
