package plugin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// listen listens on a socket. One that a process has left behind, because it was killed
// in its debugger, is taken away: nobody answers there any more.
func listen(path string) (net.Listener, error) {
	ctx := context.Background()
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if !errors.Is(err, syscall.EADDRINUSE) {
		return l, err
	}
	other, dialed := (&net.Dialer{}).DialContext(ctx, "unix", path)
	switch {
	case dialed == nil:
		_ = other.Close() // it has said what we wanted to know
		return nil, fmt.Errorf("%w: another process listens there", err)
	case !isSocket(path) || !errors.Is(dialed, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("%w, and it is no socket that a plugin has left behind", err)
	}
	if err := os.Remove(path); err != nil {
		return nil, err
	}
	return (&net.ListenConfig{}).Listen(ctx, "unix", path)
}

func isSocket(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().Type() == os.ModeSocket
}
