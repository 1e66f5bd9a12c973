package transport_test

import (
	"net"
	"runtime"
	"syscall"
	"testing"

	"github.com/halley-stream/halley/engine"
	"github.com/halley-stream/halley/engine/transport"
)

// browserHeader is what a browser sends beside what a WebSocket needs.
const browserHeader = "Pragma: no-cache\r\nCache-Control: no-cache\r\nOrigin: https://charts.example.com\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9,de;q=0.8\r\n" +
	"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" +
	"Cookie: sid=0123456789abcdef0123456789abcdef; _ga=GA1.1.1234567890.1234567890\r\n\r\n"

// An idle session costs little: connection, session, one item, and the headers
// that it came with. The clients are bare sockets, which cost nothing here.
func TestMemoryOfAnIdleSession(t *testing.T) {
	const sessions = 500
	s := start(t, func(c *engine.Config, _ *transport.Config) { c.Limits.SessionsPerAddress = -1 })
	address := s.transport.Address().(*net.TCPAddr)
	to := &syscall.SockaddrInet4{Port: address.Port, Addr: [4]byte{127, 0, 0, 1}}
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	s.feed.tick("m1", "a", "1")
	s.webSocket().create()
	create := text("wsok") + text("create_session", createParams("LS_keepalive_millis=60000"))
	subscribe := text("control", add(1, "MERGE", "m1", "a b c d e", "LS_snapshot=true"))
	measure := func(name string, hello string, ready func() bool) float64 {
		before := heap()
		for range sessions {
			fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { syscall.Close(fd) })
			if err := syscall.Connect(fd, to); err != nil {
				t.Fatal(err)
			}
			if len(hello) > 0 {
				if _, err := syscall.Write(fd, []byte(hello)); err != nil {
					t.Fatal(err)
				}
			}
		}
		eventually(t, name+": all are there", ready)
		each := float64(heap()-before) / sessions
		t.Logf("%s: %.0f bytes of heap each", name, each)
		return each
	}
	measure("silent connections", "", func() bool { return s.transport.Stats().Connections.Load() == 1+sessions })
	measure("WebSocket sessions", handshake+"\r\n"+create, func() bool { return s.engine.Stats().Transports[engine.WebSocketStreaming] == 1+sessions })
	updated := func(n uint64) func() bool {
		return func() bool {
			n := n
			for _, l := range s.engine.Stats().Loops {
				n -= l.Updates
			}
			return n == 0
		}
	}
	measure("the same with an item", handshake+"\r\n"+create+subscribe, updated(sessions))
	each := measure("the same with an item and a browser's headers", handshake+browserHeader+create+subscribe, updated(2*sessions))
	if each > 8<<10 {
		t.Errorf("an idle session takes %.0f bytes of heap", each)
	}
}
