package http1

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// verdict is what Parse says about a buffer.
type verdict struct {
	req  *Request
	body string
	n    int
	err  *Error
}

// parse calls Parse and checks what holds for all its results.
func parse(t testing.TB, buf string, lim Limits) verdict {
	t.Helper()
	in := []byte(buf)
	req, body, n, err := Parse(in, lim)
	if string(in) != buf {
		t.Fatalf("Parse has changed its input %q", buf)
	}
	v := verdict{req: req, body: string(body), n: n}
	if err != nil && !errors.As(err, &v.err) {
		t.Fatalf("error is a %T, want *Error\ninput: %q", err, buf)
	}
	switch {
	case req != nil && (err != nil || n == 0 || n > len(buf) || len(body) != req.ContentLength):
		t.Fatalf("accepted with n %d, body %q, error %v\ninput: %q", n, body, err, buf)
	case req == nil && (n != 0 || body != nil):
		t.Fatalf("not accepted, but n %d, body %q\ninput: %q", n, body, buf)
	case v.err != nil && v.err.Text == errReadRequest().Text:
		t.Fatalf("only net/http has found the fault\ninput: %q", buf)
	case v.err != nil && (v.err.Status < 400 || v.err.Status > 505 || v.err.Text == ""):
		t.Fatalf("error %+v\ninput: %q", v.err, buf)
	}
	return v
}

// feed looks at a growing buffer, as a connection does, with the steps between two
// looks chosen by step. It returns the first verdict, which must be final.
func feed(t testing.TB, in string, lim Limits, step func() int) (v verdict, looked int) {
	t.Helper()
	for looked < len(in) {
		looked = min(looked+step(), len(in))
		if v = parse(t, in[:looked], lim); v.req != nil || v.err != nil {
			return v, looked
		}
	}
	return v, looked
}

// checkSplits compares the verdict on the whole input with those on pieces of it.
// Looking at a long input at each of its bytes takes too long.
func checkSplits(t testing.TB, in string, lim Limits) verdict {
	t.Helper()
	whole := parse(t, in, lim)
	rng := rand.New(rand.NewPCG(1, uint64(len(in))))
	piece := 40
	if len(in) > 2<<10 {
		piece = 1000
	}
	for name, step := range map[string]func() int{
		"byte by byte": func() int { return 1 },
		"in pieces":    func() int { return 1 + rng.IntN(piece) },
	} {
		if name == "byte by byte" && len(in) > 2<<10 {
			continue
		}
		if got, _ := feed(t, in, lim, step); !reflect.DeepEqual(got, whole) {
			t.Fatalf("%s: got %s, at once: %s\ninput: %q", name, describe(got), describe(whole), in)
		}
	}
	return whole
}

func describe(v verdict) string {
	switch {
	case v.err != nil:
		return v.err.Error()
	case v.req == nil:
		return "more bytes needed"
	}
	return fmt.Sprintf("accepted %d bytes: %+v, body %q", v.n, *v.req, v.body)
}

// checkReadRequest compares an accepted request with what net/http reads.
func checkReadRequest(t testing.TB, in string, v verdict) {
	t.Helper()
	rest := bytes.NewReader([]byte(strings.TrimPrefix(in, "\r\n")))
	br := bufio.NewReader(rest)
	r, err := http.ReadRequest(br)
	if err != nil {
		t.Fatalf("net/http refuses what was accepted: %v\ninput: %q", err, in)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatalf("net/http reads no body: %v\ninput: %q", err, in)
	}
	path := r.URL.Path
	if path == "" {
		path = "/"
	}
	left := rest.Len() + br.Buffered()
	got := []any{v.req.Method, v.req.Path, v.req.Query, strings.ToLower(v.req.Host), v.req.Header, v.body, int64(v.req.ContentLength), len(in) - v.n}
	want := []any{r.Method, path, r.URL.RawQuery, strings.ToLower(r.Host), r.Header, string(body), r.ContentLength, left}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Fatalf("got %q, net/http has %q\ninput: %q", got[i], want[i], in)
		}
	}
	if v.req.KeepAlive && r.Close {
		t.Fatalf("kept open, net/http would close\ninput: %q", in)
	}
	for name, values := range v.req.Header {
		for _, value := range values {
			if !IsToken(name) || strings.ContainsAny(value, "\r\n\x00") {
				t.Fatalf("header %q: %q\ninput: %q", name, value, in)
			}
		}
	}
}
