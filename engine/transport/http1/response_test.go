package http1

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// common is what all responses have.
const common = "X-Content-Type-Options: nosniff\r\nCache-Control: no-store, no-transform\r\n"

var (
	_, anyone  = Origins{"*"}.Check("http://o")
	_, listed  = Origins{"http://o"}.Check("http://o")
	_, refusal = Origins{"http://o"}.Check("http://p")
)

func TestResponses(t *testing.T) {
	dst := []byte("before")
	for _, c := range []struct {
		name string
		got  []byte
		want string
	}{
		{
			"an answer", AppendResponse(dst, 200, "text/html", 3, true, CORS{}),
			"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + common + "Content-Length: 3\r\n\r\n",
		},
		{
			"the last answer, with more fields", AppendResponse(dst, 404, textPlain, 0, false, anyone, "A: b", "C: d"),
			"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\n" + common +
				"Access-Control-Allow-Origin: *\r\nContent-Length: 0\r\nA: b\r\nC: d\r\nConnection: close\r\n\r\n",
		},
		{
			// RFC 9110 8.6
			"no content", AppendResponse(dst, 204, "", 0, true, listed),
			"HTTP/1.1 204 No Content\r\n" + common + "Vary: Origin\r\nAccess-Control-Allow-Origin: http://o\r\nAccess-Control-Allow-Credentials: true\r\n\r\n",
		},
		{
			"not modified", AppendResponse(dst, 304, "", 0, true, refusal),
			"HTTP/1.1 304 Not Modified\r\n" + common + "Vary: Origin\r\n\r\n",
		},
		{
			"a stream", AppendStreamHead(dst, textPlain, true, anyone),
			"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n" + common +
				"Access-Control-Allow-Origin: *\r\nTransfer-Encoding: chunked\r\nX-Accel-Buffering: no\r\n\r\n",
		},
		{
			"the last stream", AppendStreamHead(dst, textPlain, false, CORS{}),
			"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n" + common +
				"Transfer-Encoding: chunked\r\nX-Accel-Buffering: no\r\nConnection: close\r\n\r\n",
		},
		{
			// RFC 9112 6.1
			"a stream for HTTP/1.0", AppendRawStreamHead(dst, textPlain, anyone),
			"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n" + common +
				"Access-Control-Allow-Origin: *\r\nX-Accel-Buffering: no\r\nConnection: close\r\n\r\n",
		},
		{
			"an error", AppendError(dst, &Error{Status: 405, Text: "no", Fields: []string{"Allow: GET"}}, anyone, "A: b"),
			"HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain; charset=utf-8\r\n" + common +
				"Access-Control-Allow-Origin: *\r\nContent-Length: 28\r\nA: b\r\nAllow: GET\r\nConnection: close\r\n\r\n405 Method Not Allowed: no\r\n",
		},
	} {
		if want := "before" + c.want; string(c.got) != want {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, c.got, want)
		}
		res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(c.got[len(dst):]))), nil)
		if err != nil {
			t.Errorf("%s: net/http: %v", c.name, err)
			continue
		}
		if closes := strings.Contains(c.want, "close"); res.Close != closes {
			t.Errorf("%s: net/http reads close %v, want %v", c.name, res.Close, closes)
		}
	}
}

func TestDate(t *testing.T) {
	now := time.Date(1994, 11, 6, 9, 49, 37, 0, time.FixedZone("", 3600))
	if got, want := Date(now), "Date: Sun, 06 Nov 1994 08:49:37 GMT"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The answers to all refused requests are readable, and say neither less nor more
// than they should.
func TestErrorsAreReadable(t *testing.T) {
	for _, c := range refused {
		_, _, _, err := Parse([]byte(c.in), Limits{})
		res, rerr := http.ReadResponse(bufio.NewReader(strings.NewReader(string(AppendError(nil, err.(*Error), anyone)))), nil)
		if rerr != nil {
			t.Fatalf("%s: %v", c.name, rerr)
		}
		body, rerr := io.ReadAll(res.Body)
		if rerr != nil || res.StatusCode != c.status || !res.Close || res.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: got %v, %+v", c.name, rerr, res)
		}
		for _, b := range string(body) {
			if b != '\r' && b != '\n' && (b < 0x20 || b > 0x7e) {
				t.Errorf("%s: text %q", c.name, body)
			}
		}
	}
}

func TestAppendAllocs(t *testing.T) {
	dst := make([]byte, 0, 1024)
	date := Date(time.Unix(0, 0))
	if n := testing.AllocsPerRun(100, func() {
		dst = AppendResponse(dst[:0], 200, textPlain, 100, true, listed, date)
		dst = AppendStreamHead(dst[:0], textPlain, true, anyone, date)
	}); n != 0 {
		t.Errorf("heads allocate %v times", n)
	}
}
