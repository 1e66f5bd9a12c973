//go:build linux

// Package floor is what no server can go below: the writes that it makes, and
// nothing else. It writes frames made beforehand, of the sizes given, to
// connections in turn, at a fixed rate, and allocates nothing while it does.
package floor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

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
	frames := make([][]byte, len(c.Sizes))
	for i, size := range c.Sizes {
		frames[i] = Frame(size, c.Fields)
	}
	pause := unix.NsecToTimespec(int64(c.turn()))
	start, next, frame := time.Now(), 0, 0
	for ctx.Err() == nil {
		for due := uint64(time.Since(start).Seconds() * c.PerSecond); writes < due; writes++ {
			_, err := unix.Write(conns[next], frames[frame])
			switch {
			case errors.Is(err, unix.EPIPE), errors.Is(err, unix.ECONNRESET):
				return writes, nil // the fleet has gone
			case err != nil && !errors.Is(err, unix.EAGAIN):
				return writes, fmt.Errorf("write: %w", err)
			}
			if next++; next == len(conns) {
				next = 0
			}
			if frame++; frame == len(frames) {
				frame = 0
			}
		}
		if err := unix.Nanosleep(&pause, nil); err != nil && !errors.Is(err, unix.EINTR) {
			return writes, fmt.Errorf("nanosleep: %w", err)
		}
	}
	return writes, nil
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

// Frame returns a WebSocket frame of a size that is full of updates such as a server
// sends, so that whoever reads it has as much to do.
func Frame(size, fields int) []byte {
	head, length := []byte{0x81, byte(size - 2)}, size-2
	if length >= 126 {
		length = size - 4
		head = []byte{0x81, 126, byte(length >> 8), byte(length)}
	}
	line := []byte("U,1,1,12345|1700000000000000000" + string(bytes.Repeat([]byte("|abcd"), fields-2)) + "\r\n")
	n := length / len(line)
	if n == 0 { // too short for an update, or for any line with an argument
		filler := []byte("NOOP," + string(bytes.Repeat([]byte{'.'}, max(length-7, 0))) + "\r\n")
		return append(head, filler...)
	}
	rest := length - n*len(line)
	longer := append(line[:len(line)-2:len(line)-2], append(bytes.Repeat([]byte{'x'}, rest), "\r\n"...)...)
	return append(append(head, longer...), bytes.Repeat(line, n-1)...)
}
