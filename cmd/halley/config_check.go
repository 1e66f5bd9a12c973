package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Validate returns the faults of c that its tags do not find, each with the path
// of its setting in front.
func (c *config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }

	if err := checkAddress(c.Listen); err != nil {
		fault("listen: %w", err)
	}
	if strings.ContainsFunc(c.Name, unicode.IsControl) {
		fault("name: %q has a control character in it", c.Name)
	}
	if c.Admin.Listen != "" {
		if err := checkAddress(c.Admin.Listen); err != nil {
			fault("admin.listen: %w; empty turns it off", err)
		} else if samePort(c.Listen, c.Admin.Listen) {
			fault("admin.listen: %s is where clients connect (listen); choose another port", c.Admin.Listen)
		}
	}
	if len(c.AdapterSets) == 0 {
		fault("adapter_sets: there is none, so nobody could subscribe anything; leave out the key to get the default, DEMO")
	}
	return errors.Join(faults...)
}

// Validate returns the faults of c.
func (c *engineConfig) Validate() error {
	if c.WindowMin > c.WindowMax {
		return fmt.Errorf("window_min: %s is longer than window_max, %s", c.WindowMin, c.WindowMax)
	}
	return nil
}

// Validate returns the faults of c.
func (c *limitsConfig) Validate() error {
	if c.SessionsPerAddress > c.Sessions {
		return fmt.Errorf("sessions_per_address: %d is more than the limit of all sessions, %d; 0 is no limit per address", c.SessionsPerAddress, c.Sessions)
	}
	return nil
}

// Validate returns the faults of c.
func (c *protocolConfig) Validate() error {
	var faults []error
	if c.KeepaliveMin > c.KeepaliveMax {
		faults = append(faults, fmt.Errorf("keepalive_min: %s is longer than keepalive_max, %s", c.KeepaliveMin, c.KeepaliveMax))
	} else if c.KeepaliveDefault < c.KeepaliveMin || c.KeepaliveDefault > c.KeepaliveMax {
		faults = append(faults, fmt.Errorf("keepalive_default: %s is not between keepalive_min, %s, and keepalive_max, %s", c.KeepaliveDefault, c.KeepaliveMin, c.KeepaliveMax))
	}
	if strings.ContainsFunc(c.ControlLink, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == ',' }) {
		faults = append(faults, fmt.Errorf("control_link: %q has a blank or a comma in it; write host, host:port or a URL", c.ControlLink))
	}
	if name, _, ok := strings.Cut(c.StickyCookie, "="); c.StickyCookie != "" && (!ok || name == "" || strings.ContainsFunc(c.StickyCookie, unicode.IsControl)) {
		faults = append(faults, fmt.Errorf("sticky_cookie: %q is not name=value", c.StickyCookie))
	}
	if c.ContentLengthDefault < c.ContentLengthMin {
		faults = append(faults, fmt.Errorf("content_length_default: %d is less than content_length_min, %d", c.ContentLengthDefault, c.ContentLengthMin))
	}
	return errors.Join(faults...)
}

// Validate returns the faults of c.
func (c *corsConfig) Validate() error {
	var faults []error
	for i, origin := range c.Origins {
		if origin == "*" {
			continue
		}
		u, err := url.Parse(origin)
		if err != nil || u.Scheme == "" || u.Host == "" || u.User != nil || u.Scheme+"://"+u.Host != origin {
			faults = append(faults, fmt.Errorf("origins[%d]: %q is no origin; write scheme, host and port only, such as https://app.example.com", i, origin))
		}
	}
	return errors.Join(faults...)
}

// Validate returns the faults of c.
func (c *adapterSetCfg) Validate() error {
	if len(c.Data) == 0 {
		return errors.New("data: there is no Data Adapter in the set; add one, such as QUOTES: {type: demo}")
	}
	return nil
}

// checkAddress returns what is wrong with an address to listen on.
func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not host:port; write for example :8080, 127.0.0.1:8080 or [::1]:8080", address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("the port of %q must be a number from 0 to 65535", address)
	} else if n == 0 && host == "" {
		return nil // any free port
	}
	if strings.ContainsAny(host, " /") {
		return fmt.Errorf("%q has no valid host; write only the name or address, without http://", address)
	}
	return nil
}

// samePort reports whether two addresses cannot be listened on both.
func samePort(a, b string) bool {
	hostA, portA, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	all := []string{"", "0.0.0.0", "::"}
	return portA == portB && portA != "0" && (hostA == hostB || slices.Contains(all, hostA) || slices.Contains(all, hostB))
}
