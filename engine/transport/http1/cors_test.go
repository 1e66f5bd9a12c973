package http1

import (
	"slices"
	"strings"
	"testing"
)

// Nobody gets past a list of exact origins.
func TestOriginsCheck(t *testing.T) {
	list := Origins{"https://www.example.org", "http://localhost:3000"}
	for _, c := range []struct {
		origin  string
		allowed bool
	}{
		{"https://www.example.org", true},
		{"http://localhost:3000", true},
		{"", true}, // not from a page of another site
		{"null", false},
		{"*", false},
		{"https://example.org", false},
		{"http://www.example.org", false},
		{"https://www.example.org:443", false},
		{"https://www.example.org:8443", false},
		{"https://www.example.org/", false},
		{"https://www.example.org.evil.test", false},
		{"https://evil.test/https://www.example.org", false},
		{"https://evilwww.example.org", false},
		{"https://x.www.example.org", false},
		{"https://www-example.org", false},
		{"https://wwwXexample.org", false},
		{"HTTPS://www.example.org", false},
		{"https://WWW.example.org", false},
		{"https://www.example.org@evil.test", false},
		{"https://user@www.example.org", false},
		{"https://www.example.org\x00.evil.test", false},
		{"https://www.example.org https://evil.test", false},
		{"https://www.example.org, https://evil.test", false},
		{"https://www.ex\xc3\xa4mple.org", false},
		{"https://www.xn--exmple-cua.org", false},
		{"http://localhost", false},
		{"http://localhost:30000", false},
		{"http://127.0.0.1:3000", false},
		{"file://", false},
		{"www.example.org", false},
	} {
		allowed, headers := list.Check(c.origin)
		if allowed != c.allowed {
			t.Errorf("%q: allowed is %v", c.origin, allowed)
		}
		// RFC 9110 12.5.5: an answer that depends on a field says so.
		want := "Vary: Origin\r\n"
		if allowed && c.origin != "" {
			want += "Access-Control-Allow-Origin: " + c.origin + "\r\nAccess-Control-Allow-Credentials: true\r\n"
		}
		if got := string(headers.append(nil)); got != want {
			t.Errorf("%q: got %q, want %q", c.origin, got, want)
		}
		if allowed, headers := (Origins{"*"}).Check(c.origin); !allowed || string(headers.append(nil)) != "Access-Control-Allow-Origin: *\r\n" {
			t.Errorf("%q with *: allowed %v, headers %q", c.origin, allowed, headers.append(nil))
		}
		if allowed, headers := (Origins{}).Check(c.origin); allowed != (c.origin == "") || string(headers.append(nil)) != "Vary: Origin\r\n" {
			t.Errorf("%q without a list: allowed %v, headers %q", c.origin, allowed, headers.append(nil))
		}
	}
	if allowed, _ := (Origins{"null"}).Check("null"); allowed {
		t.Error("null is allowed by a list")
	}
}

func TestOriginsValidate(t *testing.T) {
	for _, c := range []struct {
		origin string
		valid  bool
	}{
		{"*", true},
		{"https://www.example.org", true},
		{"http://localhost:3000", true},
		{"http://[::1]:3000", true},
		{"https://example.org:80", true},
		{"chrome-extension://abcdefgh", true},
		{"", false},
		{"null", false},
		{"www.example.org", false},
		{"https://", false},
		{"://example.org", false},
		{"1a://example.org", false},
		{"https://example.org/", false},
		{"https://example.org/path", false},
		{"https://*.example.org", false},
		{"https://Example.org", false},
		{"HTTPS://example.org", false},
		{"https://example.org:443", false},
		{"http://example.org:80", false},
		{"http://example.org:", false},
		{"http://user@example.org", false},
		{"http://ex\xc3\xa4mple.org", false},
	} {
		if err := (Origins{"*", c.origin}).Validate(); (err == nil) != c.valid {
			t.Errorf("%q: got %v, want valid %v", c.origin, err, c.valid)
		}
	}
}

func TestPreflight(t *testing.T) {
	ask := func(lines ...string) *Request {
		in := "OPTIONS /lightstreamer/control.txt HTTP/1.1\r\nHost: a\r\nOrigin: http://o\r\n" + strings.Join(append(lines, ""), "\r\n") + "\r\n"
		return parse(t, in, Limits{}).req
	}
	const method = "Access-Control-Request-Method: POST"
	const answer = "Access-Control-Allow-Methods: GET, POST\r\nAccess-Control-Max-Age: 3600\r\n"
	for _, c := range []struct {
		name string
		req  *Request
		cors CORS
		want string
	}{
		{"no fields", ask(method), anyone, "Access-Control-Allow-Origin: *\r\nAllow: GET, POST, OPTIONS\r\n" + answer},
		{
			"some fields", ask(method, "Access-Control-Request-Headers: content-type, x-a ,, X-B"), anyone,
			"Access-Control-Allow-Origin: *\r\nAllow: GET, POST, OPTIONS\r\n" + answer + "Access-Control-Allow-Headers: content-type, x-a, X-B\r\n",
		},
		{
			"fields that are none", ask(method, "Access-Control-Request-Headers: a b, \xff, c:d, e"), anyone,
			"Access-Control-Allow-Origin: *\r\nAllow: GET, POST, OPTIONS\r\n" + answer + "Access-Control-Allow-Headers: e\r\n",
		},
		{
			"a listed origin", ask(method, "Connection: close"), listed,
			"Vary: Origin\r\nAccess-Control-Allow-Origin: http://o\r\nAccess-Control-Allow-Credentials: true\r\nAllow: GET, POST, OPTIONS\r\n" + answer + "Connection: close\r\n",
		},
		{"another origin", ask(method, "Access-Control-Request-Headers: a"), refusal, "Vary: Origin\r\nAllow: GET, POST, OPTIONS\r\n"},
		{"no preflight", ask(), anyone, "Access-Control-Allow-Origin: *\r\nAllow: GET, POST, OPTIONS\r\n"},
	} {
		want := "HTTP/1.1 204 No Content\r\n" + common + c.want + "\r\n"
		if got := string(AppendPreflight(nil, c.req, c.cors)); got != want {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, got, want)
		}
	}
	fields := append(make([]string, 0, 10), "Date: x")
	if got := string(AppendPreflight(nil, ask(method), anyone, fields...)); !strings.Contains(got, "\r\nDate: x\r\n") || fields[:2][1] != "" {
		t.Errorf("with a date: got %q, fields %q", got, fields[:2])
	}
}

func TestLists(t *testing.T) {
	lines := []string{" a,b ,, c", "", ",", "\td e\t,f"}
	if got, want := slices.Collect(Elements(lines)), []string{"a", "b", "c", "d e", "f"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for token, want := range map[string]bool{"a": true, "c": true, "f": true, "d": false, "": false, "b ": false} {
		if HasToken(lines, token) != want {
			t.Errorf("%q: want %v", token, want)
		}
	}
	if !HasToken([]string{"Keep-Alive, UPGRADE"}, "upgrade") || HasToken([]string{"\xe2\x84\xaa"}, "k") {
		t.Error("case")
	}
	for s, want := range map[string]bool{"a": true, "TLCP-2.5.0.lightstreamer.com": true, "": false, "a b": false, "a,": false, "\xff": false, "a:": false} {
		if IsToken(s) != want {
			t.Errorf("IsToken(%q): want %v", s, want)
		}
	}
}
