package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// listen opens a listener for the admin pages, or finds out that it cannot be
// opened. The error is for the user.
func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, cannotListen(address, err)
	}
	return l, nil
}

// cannotListen says what is wrong with an address to listen on, and what to do.
func cannotListen(address string, err error) error {
	_, port, _ := net.SplitHostPort(address)
	var dns *net.DNSError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("port %s is taken: another program, perhaps another Halley, listens on %s; stop it or choose another port", port, address)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("this user may not listen on port %s; choose a port above 1023, or grant the program CAP_NET_BIND_SERVICE", port)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%s is no address of this machine; choose one of its own, or leave out the host for all of them", address)
	case errors.As(err, &dns):
		return fmt.Errorf("the host %q has no address: %s", dns.Name, dns.Err)
	}
	return fmt.Errorf("cannot listen on %s: %w", address, err)
}

// linkTo returns the address of a page for a browser on this machine.
func linkTo(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "http://" + address + "/"
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	if port == "80" {
		if ip := net.ParseIP(host); ip != nil && ip.To4() == nil {
			host = "[" + host + "]"
		}
		return "http://" + host + "/"
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}
