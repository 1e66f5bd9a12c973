//go:build linux

package serve

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"
)

// Config is what a peer may be told.
type Config struct {
	// Items is how many items there are.
	Items int
	// Delay is how long it collects updates of a client before it writes them; 0 is
	// not at all.
	Delay time.Duration
	// Gather lets net/http write all at once that waits for a client.
	Gather bool
	// Protobuf lets Centrifuge speak its binary protocol.
	Protobuf bool
}

// Run runs a peer by name until ticks has ended.
func Run(name string, c Config, ticks io.Reader, stdout io.Writer) error {
	switch name {
	case "nethttp":
		return serveHTTP(c, ticks, stdout)
	case "centrifuge":
		return serveCentrifuge(c, ticks, stdout)
	case "nats":
		return serveNATS(c, ticks, stdout)
	}
	return fmt.Errorf("no peer %q", name)
}

// Version returns the version of a module that this program is built with.
func Version(module string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range info.Deps {
		if m.Path == module {
			return m.Version
		}
	}
	return "unknown"
}

// listen serves HTTP on a free port of loopback, and prints it.
func listen(handler http.Handler, stdout io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		server := http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		_ = server.Serve(l) // it ends with the process
	}()
	return announce(l.Addr().(*net.TCPAddr).Port, stdout)
}

func announce(port int, stdout io.Writer) error {
	_, err := fmt.Fprintln(stdout, port)
	return err
}

// eachTick calls publish for each line of r, an update and the number of its item,
// until r has ended. The line is lent.
func eachTick(r io.Reader, publish func(item int, update []byte) error) error {
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		update := line[:len(line)-1]
		head, _, _ := bytes.Cut(update, []byte("|"))
		if len(head) < 2 {
			return fmt.Errorf("no update: %q", line)
		}
		item, err := strconv.Atoi(string(head[1:]))
		if err != nil {
			return fmt.Errorf("no update: %q", line)
		}
		if err := publish(item, update); err != nil {
			return err
		}
	}
}
