//go:build linux

package fleet

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/halley-stream/halley/adapters/load"
)

const (
	// readMax is how much is read at once. It is more than a server sends between
	// two looks, so one read takes all there is.
	readMax = 512 << 10
	// wait is the longest time between two looks at the clock.
	wait = 20 * time.Millisecond
	// openingPatience is how long no session may come any further while the fleet
	// connects.
	openingPatience = 30 * time.Second
)

// Fleet is a fleet of clients.
type Fleet struct {
	config   Config
	address  unix.SockaddrInet4
	schema   string
	sessions []*session
	observed observed

	epoll  int
	events []unix.EpollEvent
	in     []byte // for reading
	out    []byte // for writing
	now    int64  // when the present bytes were read, in nanoseconds since 1970
	random uint64

	opening    int // sessions that are being opened
	ready      int // sessions that have their snapshot
	slow       slowReaders
	speaker    speaker
	lastUpdate int64

	tally Tally
}

// New returns a fleet that has no connections yet. Close it.
func New(c Config) (*Fleet, error) {
	c = c.withDefaults()
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
		schema:  strings.Join(load.FieldNames(max(c.Fields, 2)), " "),
		epoll:   epoll,
		events:  make([]unix.EpollEvent, 512),
		in:      make([]byte, readMax),
	}, nil
}

// Close closes all connections.
func (f *Fleet) Close() {
	for _, s := range f.sessions {
		if s.state != ended {
			unix.Close(s.fd)
		}
	}
	f.sessions = nil
	unix.Close(f.epoll)
}

// Tally returns what was counted since the last Reset. It is valid until the next
// call.
func (f *Fleet) Tally() *Tally { return &f.tally }

// Reset begins to count anew.
func (f *Fleet) Reset() { f.tally = Tally{} }

// Ready returns how many sessions have their snapshot.
func (f *Fleet) Ready() int { return f.ready }

// Connect opens all sessions and waits for their snapshots. progress is called
// every second.
func (f *Fleet) Connect(ctx context.Context, progress func()) error {
	if f.config.Transport != Bare {
		f.add(true)
	}
	start, last, ready := time.Now(), time.Now(), 0
	opened := 0
	all := f.config.Sessions + len(f.sessions)
	err := f.pump(ctx, func() bool {
		now := time.Now()
		for opened < f.config.Sessions && f.opening < f.config.Opening &&
			float64(opened) <= now.Sub(start).Seconds()*float64(f.config.Ramp) {
			f.add(false)
			opened++
		}
		if f.ready > ready {
			ready, last = f.ready, now
		}
		return f.tally.Ended > 0 || f.ready >= all || now.Sub(last) > openingPatience
	}, progress)
	switch {
	case err != nil:
		return err
	case f.tally.Ended > 0:
		return fmt.Errorf("sessions ended while connecting: %s", strings.Join(f.tally.faults, "; "))
	case f.ready < all:
		return fmt.Errorf("only %d of %d sessions got their snapshot", f.ready, all)
	}
	return nil
}

// Run lets the fleet read for a time. progress is called every second.
func (f *Fleet) Run(ctx context.Context, d time.Duration, progress func()) error {
	end := time.Now().Add(d)
	return f.pump(ctx, func() bool { return !time.Now().Before(end) }, progress)
}

// Settle lets the fleet read until no update has come for a time, and reports
// whether that happened before the limit.
func (f *Fleet) Settle(ctx context.Context, quiet, limit time.Duration) (bool, error) {
	start := time.Now()
	f.lastUpdate = start.UnixNano()
	settled := false
	err := f.pump(ctx, func() bool {
		settled = time.Now().UnixNano()-f.lastUpdate > int64(quiet)
		return settled || time.Since(start) > limit
	}, nil)
	return settled, err
}

// pump reads until done. It keeps its thread, because it lives in system calls.
func (f *Fleet) pump(ctx context.Context, done func() bool, progress func()) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	second := time.Now().Add(time.Second)
	for !done() {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := unix.EpollWait(f.epoll, f.events, int(f.speaker.patience(f.slow.patience(wait))/time.Millisecond))
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("epoll_wait: %w", err)
		}
		for i := range max(n, 0) {
			f.event(f.sessions[f.events[i].Fd], f.events[i].Events)
		}
		f.readSlowly()
		f.speak()
		if now := time.Now(); progress != nil && !now.Before(second) {
			second = now.Add(time.Second)
			progress()
		}
	}
	return nil
}

// event acts on what epoll says of a session.
func (f *Fleet) event(s *session, events uint32) {
	if s.state == ended {
		return
	}
	if s.state == connecting {
		f.established(s)
		return
	}
	if events&(unix.EPOLLIN|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		f.read(s, len(f.in))
	}
}

// read reads at most so many bytes of a session and takes them in.
func (f *Fleet) read(s *session, most int) {
	kept := copy(f.in, s.rest)
	if kept == len(f.in) {
		f.tally.fault("session %d: %d bytes without an end", s.index, kept)
		f.end(s)
		return
	}
	n, err := unix.Read(s.fd, f.in[kept:min(kept+most, len(f.in))])
	f.now = time.Now().UnixNano()
	switch {
	case errors.Is(err, unix.EAGAIN):
		return
	case err != nil || n == 0:
		f.tally.fault("session %d: the connection has ended: %v", s.index, err)
		f.end(s)
		return
	}
	switch {
	case s.slow:
		f.tally.SlowBytes += uint64(n)
	case !s.observer:
		f.tally.Bytes += uint64(n)
	}
	data, used := f.in[:kept+n], 0
	switch f.transportOf(s) {
	case WebSocket, Bare:
		used = f.frames(s, data)
	default:
		used = f.responses(s, data)
	}
	s.rest = append(s.rest[:0], data[used:]...)
}
