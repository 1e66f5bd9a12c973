package websocket

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/halley-stream/halley/engine/transport/http1"
)

// upgrade is a correct request for a WebSocket; each of lines replaces the line
// of its name, or is added. A name without a value takes the line away.
func upgrade(lines ...string) string {
	all := []string{
		"Host: a",
		"Connection: Upgrade",
		"Upgrade: websocket",
		"Sec-WebSocket-Version: 13",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		i := slices.IndexFunc(all, func(l string) bool { return strings.HasPrefix(l, name+":") })
		switch {
		case value == "":
			all = slices.Delete(all, i, i+1)
		case i < 0:
			all = append(all, line)
		default:
			all[i] = line
		}
	}
	return "GET /lightstreamer HTTP/1.1\r\n" + strings.Join(all, "\r\n") + "\r\n\r\n"
}

// twice sends a line of the correct request once more.
func twice(line string) string {
	return strings.Replace(upgrade(), "\r\n\r\n", "\r\n"+line+"\r\n\r\n", 1)
}

func isTLCP(p string) bool { return strings.HasPrefix(p, "TLCP-") }

func parse(t testing.TB, in string) *http1.Request {
	t.Helper()
	req, _, _, err := http1.Parse([]byte(in), http1.Limits{})
	if req == nil {
		t.Fatalf("not a request: %v\ninput: %q", err, in)
	}
	return req
}

func TestHandshake(t *testing.T) {
	const chosen = "TLCP-2.5.0.lightstreamer.com"
	for _, c := range []struct {
		name   string
		in     string
		status int
		want   string // subprotocol
	}{
		// RFC 6455 4.2.1
		{"the shortest", upgrade(), 101, ""},
		{"a browser", upgrade("Connection: keep-alive, Upgrade", "Origin: http://o", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"), 101, ""},
		{"in other case", upgrade("Connection: UPGRADE", "Upgrade: WebSocket"), 101, ""},
		{"one of two protocols", upgrade("Upgrade: h2c, websocket"), 101, ""},
		{"a length of nothing", upgrade("Content-Length: 0"), 101, ""},
		{"a query", strings.Replace(upgrade(), "/lightstreamer", "/lightstreamer?a=b", 1), 101, ""},
		{"POST", strings.Replace(upgrade(), "GET", "POST", 1), 405, ""},
		{"HEAD", strings.Replace(upgrade(), "GET", "HEAD", 1), 405, ""},
		{"HTTP/1.0", strings.Replace(upgrade(), "HTTP/1.1", "HTTP/1.0", 1), 400, ""},
		{"no Upgrade", upgrade("Upgrade:"), 400, ""},
		{"another Upgrade", upgrade("Upgrade: h2c"), 400, ""},
		{"nearly the Upgrade", upgrade("Upgrade: websockets"), 400, ""},
		{"a version of the Upgrade", upgrade("Upgrade: websocket/13"), 400, ""},
		{"no Connection", upgrade("Connection:"), 400, ""},
		{"another Connection", upgrade("Connection: keep-alive"), 400, ""},
		{"nearly the Connection", upgrade("Connection: Upgrades"), 400, ""},
		{"no key", upgrade("Sec-WebSocket-Key:"), 400, ""},
		{"two keys", twice("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), 400, ""},
		{"a key of 15 bytes", upgrade("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j"), 400, ""},
		{"a key of 17 bytes", upgrade("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTE="), 400, ""},
		{"a key of 18 bytes", upgrade("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTEx"), 400, ""},
		{"a key without padding", upgrade("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ"), 400, ""},
		{"a key with letters that are none", upgrade("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j!Q=="), 400, ""},
		{"a key for URLs", upgrade("Sec-WebSocket-Key: ____________________-w=="), 400, ""},
		{"a key of blanks", upgrade("Sec-WebSocket-Key: a                     =="), 400, ""},
		{"two keys in one", upgrade("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=="), 400, ""},
		// RFC 6455 4.4
		{"no version", upgrade("Sec-WebSocket-Version:"), 426, ""},
		{"an old version", upgrade("Sec-WebSocket-Version: 8"), 426, ""},
		{"a new version", upgrade("Sec-WebSocket-Version: 99"), 426, ""},
		{"a list of versions", upgrade("Sec-WebSocket-Version: 13, 8"), 426, ""},
		{"two versions", twice("Sec-WebSocket-Version: 13"), 426, ""},
		{"a zero before the version", upgrade("Sec-WebSocket-Version: 013"), 426, ""},
		// RFC 6455 4.2.2 item 5.5
		{"a subprotocol", upgrade("Sec-WebSocket-Protocol: " + chosen), 101, chosen},
		{"the first of two", upgrade("Sec-WebSocket-Protocol: " + chosen + ", TLCP-2.4.0"), 101, chosen},
		{"the second of two", upgrade("Sec-WebSocket-Protocol: other , " + chosen), 101, chosen},
		{"of two lines", upgrade("Sec-WebSocket-Protocol: other\r\nSec-WebSocket-Protocol: " + chosen), 101, chosen},
		{"empty elements", upgrade("Sec-WebSocket-Protocol: , ," + chosen), 101, chosen},
		{"no known subprotocol", upgrade("Sec-WebSocket-Protocol: other"), 101, ""},
		{"in other case", upgrade("Sec-WebSocket-Protocol: tlcp-2.5.0"), 101, ""},
		{"a subprotocol that is no token", upgrade("Sec-WebSocket-Protocol: TLCP-1 2"), 400, ""},
		{"such behind a good one", upgrade("Sec-WebSocket-Protocol: TLCP-1, a/b"), 400, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			response, subprotocol, err := Handshake(parse(t, c.in), isTLCP)
			if c.status != 101 {
				if err == nil || err.Status != c.status || response != nil || subprotocol != "" {
					t.Fatalf("got %q, %v, want status %d", response, err, c.status)
				}
				checkRefusal(t, err)
				return
			}
			if err != nil || subprotocol != c.want {
				t.Fatalf("got %q, %v, want %q", subprotocol, err, c.want)
			}
			// RFC 6455 1.3 has this pair of key and proof.
			want := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
			if c.want != "" {
				want += "Sec-WebSocket-Protocol: " + c.want + "\r\n"
			}
			if got := string(response); got != want+"\r\n" {
				t.Fatalf("got  %q\nwant %q", got, want)
			}
		})
	}
}

// checkRefusal looks at a refusal as a client sees it.
func checkRefusal(t testing.TB, err *http1.Error) {
	t.Helper()
	answer := http1.AppendError(nil, err, http1.CORS{})
	res, rerr := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), nil)
	if rerr != nil {
		t.Fatal(rerr)
	}
	h := res.Header
	switch res.StatusCode {
	case 400:
	case 405: // RFC 9110 15.5.6
		if h.Get("Allow") != "GET" {
			t.Errorf("405 with %v", h)
		}
	case 426: // RFC 6455 4.4, RFC 9110 15.5.22 and 7.8
		if h.Get("Sec-Websocket-Version") != "13" || h.Get("Upgrade") != "websocket" || !bytes.Contains(answer, []byte("\r\nConnection: Upgrade\r\n")) {
			t.Errorf("426 with %q", answer)
		}
	default:
		t.Errorf("status %d", res.StatusCode)
	}
}

// duplex is what ws.Upgrader talks to.
type duplex struct {
	*strings.Reader
	bytes.Buffer
}

func (d *duplex) Read(p []byte) (int, error) { return d.Reader.Read(p) }

func (d *duplex) Write(p []byte) (int, error) { return d.Buffer.Write(p) }

// FuzzHandshake checks what is accepted against ws.Upgrader and what is refused for
// its form.
func FuzzHandshake(f *testing.F) {
	f.Add("Connection: Upgrade\r\nUpgrade: websocket", "dGhlIHNhbXBsZSBub25jZQ==", "13", "TLCP-2.5.0")
	f.Add("Connection: x, upgrade\r\nUpgrade: a, websocket", "AAAAAAAAAAAAAAAAAAAAAA==", "13", "a, TLCP-2, b")
	f.Add("Connection: keep-alive\r\nUpgrade: h2c", "dGhlIHNhbXBsZSBub25jZR==", "8", "TLCP-1\r\nSec-WebSocket-Protocol: b")
	f.Add("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 1", "x", "", "a b")
	f.Fuzz(func(t *testing.T, lines, key, version, subprotocols string) {
		in := fmt.Sprintf("GET / HTTP/1.1\r\nHost: a\r\n%s\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Version: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
			lines, key, version, subprotocols)
		req, _, n, _ := http1.Parse([]byte(in), http1.Limits{})
		if req == nil || n != len(in) {
			return
		}
		response, subprotocol, err := Handshake(req, isTLCP)
		if err != nil {
			checkRefusal(t, err)
			return
		}
		res, rerr := http.ReadResponse(bufio.NewReader(bytes.NewReader(response)), nil)
		if rerr != nil || res.StatusCode != 101 || res.Header.Get("Sec-Websocket-Protocol") != subprotocol {
			t.Fatalf("got %q, %v", response, rerr)
		}
		offered := slices.Collect(http1.Elements(req.Header["Sec-Websocket-Protocol"]))
		if i := slices.IndexFunc(offered, isTLCP); i >= 0 && offered[i] != subprotocol || i < 0 && subprotocol != "" {
			t.Fatalf("offered %q, got %q", offered, subprotocol)
		}
		h := req.Header
		if len(h["Upgrade"]) > 1 || h.Get("Upgrade") != "websocket" || len(h["Connection"]) > 1 ||
			!slices.Equal(h["Sec-Websocket-Protocol"], []string{strings.Join(offered, ", ")}) || len(offered) == 0 {
			return // ws.Upgrader knows no lists here, or no empty elements
		}
		d := &duplex{Reader: strings.NewReader(in)}
		hs, uerr := ws.Upgrader{Protocol: func(p []byte) bool { return isTLCP(string(p)) }}.Upgrade(d)
		if uerr != nil {
			t.Fatalf("ws.Upgrader refuses: %v\ninput: %q", uerr, in)
		}
		ures, uerr := http.ReadResponse(bufio.NewReader(&d.Buffer), nil)
		if uerr != nil {
			t.Fatal(uerr)
		}
		if name := "Sec-Websocket-Accept"; ures.Header.Get(name) != res.Header.Get(name) || hs.Protocol != subprotocol {
			t.Fatalf("got %v, %q; ws.Upgrader has %v, %q\ninput: %q", res.Header, subprotocol, ures.Header, hs.Protocol, in)
		}
	})
}
