//go:build linux

package floor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

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

// pipes returns a writer to n sockets, and their other ends.
func pipes(t *testing.T, n int, sizes ...int) (*writer, []int) {
	t.Helper()
	w, ends := &writer{}, make([]int, n)
	for i := range ends {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(pair[0]); unix.Close(pair[1]) })
		w.conns, ends[i] = append(w.conns, pair[0]), pair[1]
	}
	for _, size := range sizes {
		w.frames = append(w.frames, Frame(size, 5))
	}
	return w, ends
}

func TestWritingDoesNotAllocate(t *testing.T) {
	w, ends := pipes(t, 3, 100, 200)
	buffer, due := make([]byte, 4096), uint64(0)
	turn := func() {
		due += 10
		if err := w.write(due); err != nil {
			t.Fatal(err)
		}
		for _, fd := range ends {
			if _, err := unix.Read(fd, buffer); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := testing.AllocsPerRun(100, turn); n != 0 {
		t.Errorf("10 writes allocate %v times", n)
	}
}

func TestConnectionsTakeTurns(t *testing.T) {
	w, ends := pipes(t, 3, 100)
	for due := uint64(2); due <= 14; due += 4 {
		if err := w.write(due); err != nil {
			t.Fatal(err)
		}
	}
	buffer := make([]byte, 4096)
	for i, want := range []int{500, 500, 400} { // 14 writes
		if n, err := unix.Read(ends[i], buffer); n != want || err != nil {
			t.Errorf("connection %d got %d bytes, %v; want %d", i, n, err, want)
		}
	}
	unix.Close(ends[0])
	if err := w.write(20); !errors.Is(err, unix.EPIPE) {
		t.Errorf("writing to a connection that is closed: %v", err)
	}
}

func TestALookAtTheClockIsRare(t *testing.T) {
	for perSecond, want := range map[float64]time.Duration{
		1: 50 * time.Millisecond, 1000: 20 * time.Millisecond, 10_000: 2 * time.Millisecond, 100_000: time.Millisecond,
	} {
		if got := (Config{PerSecond: perSecond}).turn(); got != want {
			t.Errorf("at %v writes/s it looks every %v, want %v", perSecond, got, want)
		}
	}
}
