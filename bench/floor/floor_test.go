//go:build linux

package floor

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/halley-stream/halley/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestFramesHaveTheirSize(t *testing.T) {
	for size := 20; size < 3000; size++ {
		f := Frame(size, 5)
		if len(f) != size && size != 128 && size != 129 { // no frame has these sizes
			t.Fatalf("the frame of %d bytes has %d", size, len(f))
		}
		length, head := int(f[1]), 2
		if length == 126 {
			length, head = int(binary.BigEndian.Uint16(f[2:])), 4
		}
		text := string(f[head:])
		if length != len(text) || !strings.HasSuffix(text, "\r\n") {
			t.Fatalf("the frame of %d bytes says %d and has %q", size, length, text)
		}
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "U,") && strings.Count(line, "|") != 4 {
				t.Fatalf("%q has not 5 fields", line)
			}
		}
	}
}

func TestWritesAtItsRate(t *testing.T) {
	listener, port, err := Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(listener)
	ctx, cancel := context.WithCancel(t.Context())
	type outcome struct {
		writes uint64
		err    error
	}
	done := make(chan outcome)
	go func() {
		n, err := Run(ctx, listener, Config{Connections: 2, PerSecond: 2000, Sizes: []int{100, 300}, Fields: 5})
		done <- outcome{n, err}
	}()
	var conns []net.Conn
	for range 2 {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
	}
	// In turn over connections and sizes: one gets all the short ones.
	for i, size := range []int{100, 300} {
		if _, err := io.CopyN(io.Discard, conns[i], int64(50*size)); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if o := <-done; o.err != nil || o.writes < 100 {
		t.Errorf("%d writes, %v; want 100 at least", o.writes, o.err)
	}
}
