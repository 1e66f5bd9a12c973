//go:build linux

// Package floor is what no server can go below: the writes that it makes, and
// nothing else. It writes frames made beforehand, of the sizes given, to
// connections in turn, at a fixed rate, and allocates nothing while it does.
//
// Its system calls are raw ones: Go's scheduler is not told about them. Otherwise
// it would take its processor away from every write that takes longer than it
// likes, which costs a fifth of a core, and the floor would be too high.
package floor

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Config says how much to write.
type Config struct {
	Connections int
	// PerSecond is how many writes to make, over all connections.
	PerSecond float64
	// Sizes are the sizes of the writes, which come in turn.
	Sizes []int
	// Fields is how many fields the updates have that the writes consist of.
	Fields int
}

// turn returns the time between two looks at the clock: some twenty writes' time, so
// that looking costs little beside writing.
func (c Config) turn() time.Duration {
	return min(max(time.Duration(20*float64(time.Second)/max(c.PerSecond, 1)), time.Millisecond), 50*time.Millisecond)
}

// Run accepts connections on a listening socket and, from when all are there, writes
// until ctx is done or the first has gone. It returns how many writes it made.
func Run(ctx context.Context, listener int, c Config) (writes uint64, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	conns, err := accept(ctx, listener, c.Connections)
	defer func() {
		for _, fd := range conns {
			unix.Close(fd)
		}
	}()
	if err != nil {
		return 0, err
	}
	w := writer{conns: conns, frames: make([][]byte, len(c.Sizes))}
	for i, size := range c.Sizes {
		w.frames[i] = Frame(size, c.Fields)
	}
	pause := unix.NsecToTimespec(int64(c.turn()))
	for start := time.Now(); ctx.Err() == nil && err == nil; {
		err = w.write(uint64(time.Since(start).Seconds() * c.PerSecond))
		_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&pause)), 0, 0) // a signal may cut it short
	}
	if errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET) {
		err = nil // the fleet has gone
	}
	return w.writes, err
}

// writer writes frames to connections, both in turn.
type writer struct {
	conns  []int
	frames [][]byte
	conn   int // whose turn it is
	frame  int
	writes uint64
}

// write makes as many writes as are due.
func (w *writer) write(due uint64) error {
	for ; w.writes < due; w.writes++ {
		frame := w.frames[w.frame]
		_, _, code := unix.RawSyscall(unix.SYS_WRITE, uintptr(w.conns[w.conn]), uintptr(unsafe.Pointer(unsafe.SliceData(frame))), uintptr(len(frame)))
		if code != 0 && code != unix.EAGAIN {
			return fmt.Errorf("write: %w", code)
		}
		if w.conn++; w.conn == len(w.conns) {
			w.conn = 0
		}
		if w.frame++; w.frame == len(w.frames) {
			w.frame = 0
		}
	}
	return nil
}

// Listen opens a socket on a free port of 127.0.0.1 and returns the port.
func Listen() (listener, port int, err error) {
	listener, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, 0, err
	}
	err = errors.Join(
		unix.Bind(listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}),
		unix.Listen(listener, 4096),
	)
	name, nameErr := unix.Getsockname(listener)
	if err = errors.Join(err, nameErr); err != nil {
		unix.Close(listener)
		return -1, 0, err
	}
	return listener, name.(*unix.SockaddrInet4).Port, nil
}

func accept(ctx context.Context, listener, n int) (conns []int, err error) {
	pause := unix.NsecToTimespec(int64(time.Millisecond))
	for len(conns) < n {
		fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch {
		case errors.Is(err, unix.EAGAIN):
			if ctx.Err() != nil {
				return conns, ctx.Err()
			}
			_ = unix.Nanosleep(&pause, nil) // it may be cut short by a signal
			continue
		case err != nil:
			return conns, fmt.Errorf("accept: %w", err)
		}
		conns = append(conns, fd)
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
			return conns, fmt.Errorf("setsockopt: %w", err)
		}
	}
	return conns, nil
}
