//go:build linux

package fleet

import (
	"errors"

	"golang.org/x/sys/unix"
)

// add opens a session.
func (f *Fleet) add(observer bool) {
	s := &session{index: len(f.sessions), fd: -1, observer: observer}
	f.sessions = append(f.sessions, s)
	f.opening++
	if !observer {
		s.index = len(f.sessions) - 1 - f.observers()
		s.slow = s.index < f.config.Slow
		s.items = make([]item, len(f.config.Items(s.index)))
		for i := range s.items {
			s.items[i].seq = none
		}
	}
	if err := f.dial(s); err != nil {
		f.tally.fault("session %d: %v", s.index, err)
		s.state = ended
		f.opening--
		f.tally.Ended++
	}
}

// observers returns how many of the sessions are observers.
func (f *Fleet) observers() int {
	if f.config.Transport == Bare {
		return 0
	}
	return 1
}

// dial begins to connect. Each 200 sessions have a source address of their own, so
// that neither ports nor limits per address run out.
func (f *Fleet) dial(s *session) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	s.fd = fd
	group := s.index / 200
	source := unix.SockaddrInet4{Addr: [4]byte{127, 1, byte(group / 250), byte(1 + group%250)}}
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1),
		unix.Bind(fd, &source),
	)
	if s.slow {
		// The kernel takes this for the least it can do, a few KiB.
		err = errors.Join(err, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4096))
	}
	if err == nil {
		if err = unix.Connect(fd, &f.address); errors.Is(err, unix.EINPROGRESS) {
			err = nil
		}
	}
	if err == nil {
		err = unix.EpollCtl(f.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLOUT, Fd: f.place(s)})
	}
	if err != nil {
		unix.Close(fd)
	}
	return err
}

// place returns where a session is in sessions, which epoll gives back.
func (f *Fleet) place(s *session) int32 {
	if s.observer {
		return 0
	}
	return int32(s.index + f.observers())
}

// established goes on when the connection is open, or could not be.
func (f *Fleet) established(s *session) {
	code, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = unix.Errno(code)
	}
	if err == nil {
		err = unix.EpollCtl(f.epoll, unix.EPOLL_CTL_MOD, s.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: f.place(s)})
	}
	if err != nil {
		f.tally.fault("session %d: connecting: %v", s.index, err)
		f.end(s)
		return
	}
	f.connected(s)
}
