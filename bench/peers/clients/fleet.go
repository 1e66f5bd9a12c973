//go:build linux

package clients

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// readMax is how much is read at once.
	readMax = 512 << 10
	// wait is the longest time between two looks at the clock.
	wait = 20 * time.Millisecond
	// ramp is how many connections are opened per second at most, opening how many
	// are being opened at the same time.
	ramp    = 1000
	opening = 50
	// patience is how long no client may come any further while they connect.
	patience = 30 * time.Second
)

// Config says what clients there are.
type Config struct {
	// Address is the server's, as an IPv4 address and a port.
	Address string
	// Clients is how many.
	Clients int
	// Items draws the items of a client.
	Items func(client int) []int
	// Dialogue is how they subscribe.
	Dialogue Dialogue
}

// Fleet is a fleet of clients.
type Fleet struct {
	config  Config
	address unix.SockaddrInet4
	clients []*client

	epoll  int
	events []unix.EpollEvent
	in     []byte
	now    int64 // when the present bytes were read, in nanoseconds since 1970

	ready      int // clients that are subscribed
	lastUpdate time.Time
	age        time.Duration // of the last update when it came

	tally Tally
}

// New returns a fleet that has no connections yet. Close it.
func New(c Config) (*Fleet, error) {
	at, err := netip.ParseAddrPort(c.Address)
	if err != nil || !at.Addr().Is4() {
		return nil, fmt.Errorf("%q is no IPv4 address with a port", c.Address)
	}
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	return &Fleet{
		config:  c,
		address: unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()},
		epoll:   epoll,
		events:  make([]unix.EpollEvent, 512),
		in:      make([]byte, readMax),
	}, nil
}

// Close closes all connections.
func (f *Fleet) Close() {
	for _, c := range f.clients {
		if c.state != ended {
			unix.Close(c.fd)
		}
	}
	f.clients = nil
	unix.Close(f.epoll)
}

// Tally returns what was counted since the last Reset. It is valid until the next
// call.
func (f *Fleet) Tally() *Tally { return &f.tally }

// Reset begins to count anew.
func (f *Fleet) Reset() { f.tally = Tally{} }

// Age returns how old the last update was when it came.
func (f *Fleet) Age() time.Duration { return f.age }

// Connect opens all connections and waits until all clients are subscribed.
func (f *Fleet) Connect(ctx context.Context) error {
	start, last, ready := time.Now(), time.Now(), 0
	all := f.config.Clients
	err := f.pump(ctx, func() bool {
		now := time.Now()
		for len(f.clients) < all && len(f.clients)-f.ready < opening &&
			float64(len(f.clients)) <= now.Sub(start).Seconds()*ramp {
			f.add()
		}
		if f.ready > ready {
			ready, last = f.ready, now
		}
		return f.tally.Ended > 0 || f.ready >= all || now.Sub(last) > patience
	})
	switch {
	case err != nil:
		return err
	case f.tally.Ended > 0:
		return fmt.Errorf("a connection ended before the client was subscribed: %s", strings.Join(f.tally.faults, "; "))
	case f.ready < all:
		return fmt.Errorf("only %d of %d clients are subscribed; the first of the others: %s", f.ready, all, f.stuck())
	}
	return nil
}

// stuck says how far the first client has come that is not subscribed.
func (f *Fleet) stuck() string {
	for _, c := range f.clients {
		if c.state < subscribed {
			return fmt.Sprintf("client %d, at step %d, has heard %q", c.index, c.step, c.heard)
		}
	}
	return "not connected"
}

// Run lets the clients read for a time, or until stop says so; it is asked now and
// then, and may be nil.
func (f *Fleet) Run(ctx context.Context, d time.Duration, stop func() bool) error {
	end := time.Now().Add(d)
	return f.pump(ctx, func() bool { return !time.Now().Before(end) || stop != nil && stop() })
}

// Settle lets the clients read until no update has come for a time, and reports
// whether that happened before the limit.
func (f *Fleet) Settle(ctx context.Context, quiet, limit time.Duration) (bool, error) {
	start := time.Now()
	f.lastUpdate = start
	settled := false
	err := f.pump(ctx, func() bool {
		settled = time.Since(f.lastUpdate) > quiet
		return settled || time.Since(start) > limit
	})
	return settled, err
}

// Forget lets the numbers of the items begin anew.
func (f *Fleet) Forget() {
	for _, c := range f.clients {
		clear(c.seqs)
	}
}

// Behind returns how many items of clients are not at their last number.
func (f *Fleet) Behind(last []uint64) (behind int) {
	for _, c := range f.clients {
		for i, number := range c.items {
			if c.seqs[i] != last[number] {
				behind++
			}
		}
	}
	return behind
}

// pump reads until done. It keeps its thread, because it lives in system calls.
func (f *Fleet) pump(ctx context.Context, done func() bool) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for !done() {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := unix.EpollWait(f.epoll, f.events, int(wait/time.Millisecond))
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("epoll_wait: %w", err)
		}
		for i := range max(n, 0) {
			f.event(f.clients[f.events[i].Fd])
		}
	}
	return nil
}
