package http1

import (
	"fmt"
	"strings"
	"testing"
)

// accepted are requests as clients send them. The text behind each is method, path,
// query, host, minor version, and what holds: k keep-alive, u upgrade.
var accepted = []struct {
	name string
	in   string
	want string
	body string
}{
	{"the shortest", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", `GET "/" "" "a" 1 k`, ""},
	{"no blank behind the colon", "GET / HTTP/1.1\r\nHost:a\r\n\r\n", `GET "/" "" "a" 1 k`, ""},
	// RFC 9110 5.6.3
	{"blanks around a value", "GET / HTTP/1.1\r\nHost: \t a \t \r\n\r\n", `GET "/" "" "a" 1 k`, ""},
	{"names in other case", "GET / HTTP/1.1\r\nhOST: a\r\nCONNECTION: CLOSE\r\n\r\n", `GET "/" "" "a" 1 `, ""},
	{"an empty value", with("X:"), `POST "/" "" "a" 1 k`, ""},
	// RFC 9110 5.5
	{"obs-text in a value", with("X: \xe4\xff\x80"), `POST "/" "" "a" 1 k`, ""},
	{"a tab in a value", with("X: a\tb"), `POST "/" "" "a" 1 k`, ""},
	{"an odd token for a name", with("!#$%&'*+-.^_`|~0aZ: b"), `POST "/" "" "a" 1 k`, ""},
	// RFC 9112 2.2
	{"an empty line before it", "\r\n" + next, `GET "/next" "" "a" 1 k`, ""},

	// RFC 9112 3.2.1
	{"a path", line("GET /lightstreamer/create_session.txt?LS_protocol=TLCP-2.5.0 HTTP/1.1"), `GET "/lightstreamer/create_session.txt" "LS_protocol=TLCP-2.5.0" "a" 1 k`, ""},
	{"an encoded path", line("GET /a%20b%C3%A4 HTTP/1.1"), `GET "/a bä" "" "a" 1 k`, ""},
	{"an encoded percent sign", line("GET /a%2525 HTTP/1.1"), `GET "/a%25" "" "a" 1 k`, ""},
	{"all of pchar", line("GET /-._~!$&'()*+,;=:@ HTTP/1.1"), `GET "/-._~!$&'()*+,;=:@" "" "a" 1 k`, ""},
	{"two slashes", line("GET //a//b HTTP/1.1"), `GET "//a//b" "" "a" 1 k`, ""},
	{"dots in a path", line("GET /.a/b./c..d/.../.well-known HTTP/1.1"), `GET "/.a/b./c..d/.../.well-known" "" "a" 1 k`, ""},
	{"an empty query", line("GET /? HTTP/1.1"), `GET "/" "" "a" 1 k`, ""},
	{"question marks", line("GET /?a?b HTTP/1.1"), `GET "/" "a?b" "a" 1 k`, ""},
	{"what browsers leave in a query", line("GET /?a=[]{}|^`\\' HTTP/1.1"), "GET \"/\" \"a=[]{}|^`\\\\'\" \"a\" 1 k", ""},
	{"any percent sign in a query", line("GET /?%&%zz%00%2e%2e%2f HTTP/1.1"), `GET "/" "%&%zz%00%2e%2e%2f" "a" 1 k`, ""},
	{"dots in a query", line("GET /?/../ HTTP/1.1"), `GET "/" "/../" "a" 1 k`, ""},
	{"the longest request line", line("GET /" + strings.Repeat("a", 8192-14) + " HTTP/1.1"), `GET "/` + strings.Repeat("a", 8192-14) + `" "" "a" 1 k`, ""},
	// RFC 9112 3.2.2
	{"an absolute target", line("GET http://a/b?c HTTP/1.1"), `GET "/b" "c" "a" 1 k`, ""},
	{"an absolute target in other case", line("GET HTTP://A/b HTTP/1.1"), `GET "/b" "" "a" 1 k`, ""},
	{"an absolute target of https", line("GET https://a HTTP/1.1"), `GET "/" "" "a" 1 k`, ""},
	{"an absolute target without path", line("GET http://a?b HTTP/1.1"), `GET "/" "b" "a" 1 k`, ""},
	{"an absolute target with a port", "GET http://a.b:8080/c HTTP/1.1\r\nHost: a.b:8080\r\n\r\n", `GET "/c" "" "a.b:8080" 1 k`, ""},
	{"an absolute target with an address", "GET http://[::1]:8080/ HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", `GET "/" "" "[::1]:8080" 1 k`, ""},
	// RFC 9112 3.2.4
	{"OPTIONS *", line("OPTIONS * HTTP/1.1"), `OPTIONS "*" "" "a" 1 k`, ""},
	{"OPTIONS with a path", line("OPTIONS /a HTTP/1.1"), `OPTIONS "/a" "" "a" 1 k`, ""},

	// RFC 9110 7.2
	{"a Host with a port", "GET / HTTP/1.1\r\nHost: a:8080\r\n\r\n", `GET "/" "" "a:8080" 1 k`, ""},
	{"a Host with an empty port", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", `GET "/" "" "a:" 1 k`, ""},
	{"a Host with an IPv4 address", "GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n", `GET "/" "" "127.0.0.1:80" 1 k`, ""},
	{"a Host with an IPv6 address", "GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n", `GET "/" "" "[2001:db8::1]" 1 k`, ""},
	{"a Host with dots and hyphens", "GET / HTTP/1.1\r\nHost: a-1.b_2.example.\r\n\r\n", `GET "/" "" "a-1.b_2.example." 1 k`, ""},
	{"a Host with capitals", "GET / HTTP/1.1\r\nHost: Example.ORG\r\n\r\n", `GET "/" "" "Example.ORG" 1 k`, ""},
	{"Host last", "GET / HTTP/1.1\r\nX: a\r\nHost: b\r\n\r\n", `GET "/" "" "b" 1 k`, ""},

	// RFC 9112 2.3 and 9.3: versions and persistence.
	{"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", `GET "/" "" "" 0 `, ""},
	{"HTTP/1.0 with Host", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", `GET "/" "" "a" 0 `, ""},
	{"HTTP/1.0 with an absolute target", "GET http://a/ HTTP/1.0\r\n\r\n", `GET "/" "" "a" 0 `, ""},
	{"HTTP/1.0 and keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", `GET "/" "" "" 0 `, ""},
	{"HTTP/1.0 with a body", "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", `POST "/" "" "" 0 `, "hello"},
	{"HTTP/1.0 and an expectation", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello", `POST "/" "" "" 0 `, "hello"},
	{"HTTP/1.0 and an upgrade", "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", `GET "/" "" "" 0 `, ""},
	{"close", with("Connection: close"), `POST "/" "" "a" 1 `, ""},
	{"close in a list", with("Connection: x , Close,y"), `POST "/" "" "a" 1 `, ""},
	{"close in a second line", with("Connection: keep-alive", "Connection: close"), `POST "/" "" "a" 1 `, ""},
	{"keep-alive", with("Connection: keep-alive"), `POST "/" "" "a" 1 k`, ""},
	{"almost close", with("Connection: closed"), `POST "/" "" "a" 1 k`, ""},

	// RFC 9110 7.8
	{"an upgrade", "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n", `GET "/" "" "a" 1 ku`, ""},
	{"an upgrade without Connection", with("Upgrade: websocket"), `POST "/" "" "a" 1 k`, ""},
	{"an upgrade to something else", with("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"), `POST "/" "" "a" 1 k`, ""},
	{"an upgrade to one of two", with("Connection: Upgrade", "Upgrade: h2c, websocket"), `POST "/" "" "a" 1 ku`, ""},

	// RFC 9112 6
	{"a body", with("Content-Length: 5") + "hello", `POST "/" "" "a" 1 k`, "hello"},
	{"no blank before the length", with("Content-Length:5") + "hello", `POST "/" "" "a" 1 k`, "hello"},
	{"a body that looks like a head", with("Content-Length: 31") + next, `POST "/" "" "a" 1 k`, next},
	{"a body with all bytes", with("Content-Length: 4") + "\x00\r\n\xff", `POST "/" "" "a" 1 k`, "\x00\r\n\xff"},
	{"a body of nothing", with("Content-Length: 0"), `POST "/" "" "a" 1 k`, ""},
	{"no length", with(), `POST "/" "" "a" 1 k`, ""},
	{"GET with a length of nothing", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", `GET "/" "" "a" 1 k`, ""},
	{"DELETE with a body", "DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", `DELETE "/" "" "a" 1 k`, "hello"},
	{"the largest body", with("Content-Length: 65536") + strings.Repeat("a", 65536), `POST "/" "" "a" 1 k`, strings.Repeat("a", 65536)},
	// RFC 9110 6.6.2, without chunks
	{"a Trailer field", with("Trailer: X"), `POST "/" "" "a" 1 k`, ""},
	{"TE", with("TE: trailers"), `POST "/" "" "a" 1 k`, ""},
	{"the most fields", with(strings.Repeat("X: a\r\n", 62) + "Y: b"), `POST "/" "" "a" 1 k`, ""},
	{"the largest head", with("X: " + strings.Repeat("a", 16<<10-len(with("X: ")))), `POST "/" "" "a" 1 k`, ""},

	{"a browser", "POST /lightstreamer/control.txt?LS_protocol=TLCP-2.5.0&LS_session=S1 HTTP/1.1\r\nHost: push.example.org\r\nConnection: keep-alive\r\nContent-Length: 9\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nContent-Type: text/plain; charset=utf-8\r\nAccept: */*\r\nOrigin: https://www.example.org\r\nSec-Fetch-Mode: cors\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: de-DE,de;q=0.9\r\n\r\nLS_op=add", `POST "/lightstreamer/control.txt" "LS_protocol=TLCP-2.5.0&LS_session=S1" "push.example.org" 1 k`, "LS_op=add"},
	{"a Node client", "POST /lightstreamer/create_session.txt?LS_protocol=TLCP-2.5.0 HTTP/1.1\r\nUser-Agent: node-XMLHttpRequest\r\nAccept: */*\r\nContent-Type: text/plain; charset=utf-8\r\nHost: localhost:8080\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", `POST "/lightstreamer/create_session.txt" "LS_protocol=TLCP-2.5.0" "localhost:8080" 1 `, ""},
}

func summary(r *Request) string {
	s := fmt.Sprintf("%s %q %q %q %d ", r.Method, r.Path, r.Query, r.Host, r.Minor)
	if r.KeepAlive {
		s += "k"
	}
	if r.Upgrade {
		s += "u"
	}
	return s
}

func TestAccepted(t *testing.T) {
	for _, c := range accepted {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := c.in
			v := checkSplits(t, in, Limits{})
			if v.req == nil {
				t.Fatalf("got %s\ninput: %q", describe(v), in)
			}
			if got := summary(v.req); got != c.want || v.body != c.body {
				t.Fatalf("got  %s, body %q\nwant %s, body %q\ninput: %q", got, v.body, c.want, c.body, in)
			}
			if v.n != len(in) {
				t.Fatalf("used %d bytes of %d\ninput: %q", v.n, len(in), in)
			}
			checkReadRequest(t, in, v)
			// What follows changes nothing, whatever it is.
			for _, rest := range []string{next, "\x00", "\r\n", strings.Repeat("x", 100_000)} {
				if got := parse(t, in+rest, Limits{}); describe(got) != describe(v) {
					t.Fatalf("followed by %.20q: got %s, want %s", rest, describe(got), describe(v))
				}
			}
			// One byte less is not enough.
			if v := parse(t, in[:len(in)-1], Limits{}); v.req != nil || v.err != nil {
				t.Fatalf("one byte less: %s", describe(v))
			}
		})
	}
}

// RFC 9112 9.3.2: pipelined requests are cut where they end.
func TestPipelined(t *testing.T) {
	in := with("Content-Length: 5") + "hello" + "\r\n" + next + next + with("Content-Length: 0") + next
	var got []string
	for len(in) > 0 {
		v := checkSplits(t, in, Limits{})
		if v.req == nil {
			t.Fatalf("got %s\ninput: %q", describe(v), in)
		}
		got = append(got, v.req.Method+" "+v.req.Path+" "+v.body)
		in = in[v.n:]
	}
	if got, want := strings.Join(got, "; "), "POST / hello; GET /next ; GET /next ; POST / ; GET /next "; got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}

// What stands behind a refused request is never looked at.
func TestNothingBehindAFault(t *testing.T) {
	for _, c := range refused {
		if len(c.in) > 1000 || !strings.HasSuffix(c.in, "\r\n\r\n") {
			continue
		}
		if v := parse(t, c.in+next, Limits{}); v.err == nil || v.err.Status != c.status {
			t.Errorf("%s: got %s, want status %d", c.name, describe(v), c.status)
		}
	}
}

func TestLimits(t *testing.T) {
	in := with("X: aaaa", "Content-Length: 10") + "0123456789"
	headSize := len(in) - 10
	for _, c := range []struct {
		lim  Limits
		want int
	}{
		{Limits{}, 0},
		{Limits{Head: headSize, Body: 10}, 0},
		{Limits{Head: headSize - 1, Body: 10}, 431},
		{Limits{Head: headSize, Body: 9}, 413},
		{Limits{Head: 10, Body: 10}, 414},
		{Limits{Head: 17, Body: 10}, 431}, // right behind the request line
		{Limits{Head: -1, Body: -1}, 0},
	} {
		got := 0
		if v := checkSplits(t, in, c.lim); v.err != nil {
			got = v.err.Status
		} else if v.req == nil {
			t.Fatalf("%+v: more bytes needed", c.lim)
		}
		if got != c.want {
			t.Errorf("%+v: got %d, want %d", c.lim, got, c.want)
		}
	}
}

func TestRequestKeepsNothing(t *testing.T) {
	in := []byte("POST /p?q HTTP/1.1\r\nHost: h\r\nOrigin: http://o\r\nX: v\r\nContent-Length: 1\r\n\r\nbGET")
	req, body, n, err := Parse(in, Limits{})
	if err != nil || n != len(in)-3 {
		t.Fatal(n, err)
	}
	if cap(body) != 1 || &body[0] != &in[n-1] {
		t.Errorf("body is not the end of the input, cap %d", cap(body))
	}
	for i := range in {
		in[i] = 'z'
	}
	if got := fmt.Sprint(*req); got != fmt.Sprint(Request{
		Method: "POST", Path: "/p", Query: "q", Host: "h", Origin: "http://o", Minor: 1, KeepAlive: true, ContentLength: 1,
		Header: req.Header,
	}) || req.Header.Get("X") != "v" {
		t.Errorf("request changed with its input: %s", got)
	}
}

func BenchmarkParse(b *testing.B) {
	in := []byte(accepted[len(accepted)-2].in)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if req, _, _, _ := Parse(in, Limits{}); req == nil {
			b.Fatal("not accepted")
		}
	}
}

func BenchmarkParseIncomplete(b *testing.B) {
	in := []byte(accepted[len(accepted)-2].in)
	in = in[:len(in)-1]
	b.ReportAllocs()
	for b.Loop() {
		if req, _, _, err := Parse(in, Limits{}); req != nil || err != nil {
			b.Fatal("decided")
		}
	}
}
