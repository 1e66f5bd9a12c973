package http1

import (
	"strings"
	"testing"
)

// with is a request for / with some header lines and a Host.
func with(lines ...string) string {
	return "POST / HTTP/1.1\r\nHost: a\r\n" + strings.Join(append(lines, ""), "\r\n") + "\r\n"
}

// line is a request with a certain request line.
func line(first string) string { return first + "\r\nHost: a\r\n\r\n" }

const next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"

// refused are requests that a strict server does not answer but with an error.
var refused = []struct {
	name   string
	status int
	in     string
}{
	// RFC 9112 2.2: message parsing. A recipient may take a bare LF for a line end,
	// must not take a bare CR for one, and ignores at least one empty line.
	{"LF alone after the request line", 400, "GET / HTTP/1.1\nHost: a\r\n\r\n"},
	{"LF alone after a field", 400, "GET / HTTP/1.1\r\nHost: a\n\r\n"},
	{"LF alone as the last line", 400, "GET / HTTP/1.1\r\nHost: a\r\n\n"},
	{"LF alone everywhere", 400, "GET / HTTP/1.1\nHost: a\n\n"},
	{"LF alone hides a field", 400, with("X: a\nTransfer-Encoding: chunked")},
	{"LF alone in the first place", 400, "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"CR alone after the request line", 400, "GET / HTTP/1.1\rHost: a\r\n\r\n"},
	{"CR alone after a field", 400, "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"},
	{"CR alone in a value", 400, with("X: a\rb")},
	{"CR alone before the value", 400, with("X:\rb")},
	{"CR alone in a name", 400, with("X\rY: b")},
	{"CR alone in the target", 400, line("GET /a\rb HTTP/1.1")},
	{"CR alone in the method", 400, line("G\rET / HTTP/1.1")},
	{"CR alone in the version", 400, line("GET / HTTP/1\r.1")},
	{"CR CR LF after a field", 400, with("X: a\r")},
	{"CR CR LF after the request line", 400, line("GET / HTTP/1.1\r")},
	{"CR alone as the last line", 400, "GET / HTTP/1.1\r\nHost: a\r\n\rX"},
	{"CR alone in the first place", 400, "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"CR hides a field", 400, with("X: a\rTransfer-Encoding: chunked")},
	{"a vertical tab for CR", 400, "GET / HTTP/1.1\v\nHost: a\r\n\r\n"},
	{"a vertical tab for CR after a field", 400, with("X: a\v\nY: b")},
	{"two empty lines before the request", 400, "\r\n\r\n" + next},
	{"nothing but empty lines", 400, "\r\n\r\n"},
	{"LF alone after an empty line", 400, "\r\n\n" + next},
	{"blank before the first field", 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
	{"tab before the first field", 400, "GET / HTTP/1.1\r\n\tHost: a\r\n\r\n"},
	{"a line of blanks before the fields", 400, "GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n"},
	{"a line of blanks instead of a request", 400, "   \r\n\r\n"},
	{"garbage", 400, "\x80\x01\x02\xff\xfe"},
	{"NUL in the first place", 400, "\x00GET / HTTP/1.1\r\n"},
	{"a TLS handshake", 400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"},
	{"a PROXY line", 501, "PROXY TCP4 10.0.0.1 10.0.0.2 1234 80\r\n" + next},
	{"a byte order mark", 400, "\xef\xbb\xbfGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"SSH", 501, "SSH-2.0-OpenSSH_9.9\r\n"},

	// RFC 9112 3: the request line has three parts with a blank between them. RFC
	// 9112 3.2: no whitespace in the target.
	{"no target", 400, line("GET HTTP/1.1")},
	{"no target, two blanks", 400, line("GET  HTTP/1.1")},
	{"only a method", 400, line("GET")},
	{"a method and a blank", 400, line("GET ")},
	{"a blank in the first place", 400, line(" GET / HTTP/1.1")},
	{"two blanks after the method", 400, line("GET  / HTTP/1.1")},
	{"two blanks before the version", 400, line("GET /  HTTP/1.1")},
	{"a blank after the version", 400, line("GET / HTTP/1.1 ")},
	{"a tab after the method", 400, line("GET\t/ HTTP/1.1")},
	{"a tab before the version", 400, line("GET /\tHTTP/1.1")},
	{"tabs for blanks", 400, line("GET\t/\tHTTP/1.1")},
	{"a vertical tab after the method", 400, line("GET\v/ HTTP/1.1")},
	{"a form feed before the version", 400, line("GET /\fHTTP/1.1")},
	{"a blank in the target", 400, line("GET /a b HTTP/1.1")},
	{"a blank in the query", 400, line("GET /?a b HTTP/1.1")},
	{"four words", 400, line("GET / x HTTP/1.1")},

	// RFC 9110 9.1: the method is a case-sensitive token; unknown ones get 501.
	{"an unknown method", 501, line("FROB / HTTP/1.1")},
	{"a method in lower case", 501, line("get / HTTP/1.1")},
	{"a method in mixed case", 501, line("Get / HTTP/1.1")},
	{"a long method", 501, strings.Repeat("A", 100_000)},
	{"a method that is no token", 400, line("GE[T / HTTP/1.1")},
	{"a method with a colon", 400, line("GET: / HTTP/1.1")},
	{"an empty method", 400, line(" / HTTP/1.1")},
	{"a method with NUL", 400, line("G\x00T / HTTP/1.1")},
	{"a byte before the method", 501, line("XGET / HTTP/1.1")},
	// RFC 9110 9.3.6: CONNECT is for proxies.
	{"CONNECT", 501, line("CONNECT a:443 HTTP/1.1")},
	{"CONNECT without a port", 501, line("CONNECT a HTTP/1.1")},
	{"CONNECT with an empty port", 501, line("CONNECT a: HTTP/1.1")},
	{"CONNECT with a path", 501, line("CONNECT / HTTP/1.1")},

	// RFC 9112 3.2: the forms of the target.
	{"a relative target", 400, line("GET a HTTP/1.1")},
	{"a relative target that begins like http", 400, line("GET home HTTP/1.1")},
	{"an authority", 400, line("GET a:80 HTTP/1.1")},
	{"only a query", 400, line("GET ?a HTTP/1.1")},
	{"dots without a slash", 400, line("GET ../a HTTP/1.1")},
	{"* with GET", 400, line("GET * HTTP/1.1")},
	{"* with POST", 400, line("POST * HTTP/1.1")},
	{"* and more", 400, line("OPTIONS *a HTTP/1.1")},
	{"* with a query", 400, line("OPTIONS *?a HTTP/1.1")},
	{"a fragment", 400, line("GET /a#b HTTP/1.1")},
	{"a fragment in the query", 400, line("GET /a?b#c HTTP/1.1")},
	{"NUL in the target", 400, line("GET /a\x00b HTTP/1.1")},
	{"DEL in the target", 400, line("GET /a\x7f HTTP/1.1")},
	{"a control in the target", 400, line("GET /a\x01 HTTP/1.1")},
	{"UTF-8 in the path", 400, line("GET /ä HTTP/1.1")},
	{"UTF-8 in the query", 400, line("GET /?ä HTTP/1.1")},
	{"an overlong slash in the path", 400, line("GET /a\xc0\xafb HTTP/1.1")},
	{"a quote in the target", 400, line("GET /\"a HTTP/1.1")},
	{"angles in the target", 400, line("GET /<a> HTTP/1.1")},
	{"a backslash in the path", 400, line(`GET /a\b HTTP/1.1`)},
	{"a backslash in the first place", 400, line(`GET \a HTTP/1.1`)},
	{"braces in the path", 400, line("GET /{a} HTTP/1.1")},
	{"brackets in the path", 400, line("GET /[a] HTTP/1.1")},
	{"half an encoding", 400, line("GET /%2 HTTP/1.1")},
	{"a percent sign", 400, line("GET /% HTTP/1.1")},
	{"an encoding that is not hexadecimal", 400, line("GET /%zz HTTP/1.1")},
	{"an encoded NUL in the path", 400, line("GET /a%00b HTTP/1.1")},
	{"an encoded line end in the path", 400, line("GET /a%0d%0aX:b HTTP/1.1")},
	{"an encoded DEL in the path", 400, line("GET /a%7f HTTP/1.1")},
	{"an encoded slash in the path", 400, line("GET /a%2fb HTTP/1.1")},
	{"an encoded backslash in the path", 400, line("GET /a%5Cb HTTP/1.1")},
	{"a segment of one dot", 400, line("GET /./a HTTP/1.1")},
	{"a segment of two dots", 400, line("GET /a/../b HTTP/1.1")},
	{"two dots at the end", 400, line("GET /a/.. HTTP/1.1")},
	{"two dots, encoded", 400, line("GET /a/%2e%2E/b HTTP/1.1")},
	{"two dots, half encoded", 400, line("GET /.%2e HTTP/1.1")},
	// RFC 9112 3.2.2: absolute-form, here only with the authority of Host.
	{"another host in the target", 400, line("GET http://b/ HTTP/1.1")},
	{"another port in the target", 400, line("GET http://a:80/ HTTP/1.1")},
	{"a target without authority", 400, line("GET http:///a HTTP/1.1")},
	{"a target with user information", 400, line("GET http://u@a/ HTTP/1.1")},
	{"a target with a password", 400, line("GET http://u:p@a/ HTTP/1.1")},
	{"a target of another scheme", 400, line("GET ftp://a/ HTTP/1.1")},
	{"a target with a scheme only", 400, line("GET http: HTTP/1.1")},
	{"a target with one slash", 400, line("GET http:/a HTTP/1.1")},
	{"a target of an odd scheme", 400, line("GET httpx://a/ HTTP/1.1")},
	{"a target with an odd port", 400, line("GET http://a:x/ HTTP/1.1")},
	{"two dots in an absolute target", 400, line("GET http://a/.. HTTP/1.1")},
	{"an absolute target without Host", 400, "GET http://a/ HTTP/1.1\r\n\r\n"},

	// RFC 9112 2.3: the version. RFC 9110 15.6.6: 505.
	{"HTTP/0.9 without a version", 400, "GET /\r\n"},
	{"HTTP/0.9 with a version", 505, line("GET / HTTP/0.9")},
	{"HTTP/1.2", 505, line("GET / HTTP/1.2")},
	{"HTTP/2.0", 505, line("GET / HTTP/2.0")},
	{"HTTP/3.0", 505, line("GET / HTTP/3.0")},
	{"HTTP/9.9", 505, line("GET / HTTP/9.9")},
	{"HTTP/0.0", 505, line("GET / HTTP/0.0")},
	{"the preface of HTTP/2", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
	{"no minor version", 400, line("GET / HTTP/1")},
	{"no digits after the dot", 400, line("GET / HTTP/1.")},
	{"two digits before the dot", 400, line("GET / HTTP/11.1")},
	{"two digits after the dot", 400, line("GET / HTTP/1.10")},
	{"a zero before the version", 400, line("GET / HTTP/01.1")},
	{"a zero in the version", 400, line("GET / HTTP/1.01")},
	{"a comma in the version", 400, line("GET / HTTP/1,1")},
	{"a letter in the version", 400, line("GET / HTTP/1.x")},
	{"a sign in the version", 400, line("GET / HTTP/+1.1")},
	{"the version in lower case", 400, line("GET / http/1.1")},
	{"the version in mixed case", 400, line("GET / Http/1.1")},
	{"another protocol", 400, line("GET / HTTPS/1.1")},
	{"a version of something else", 400, line("GET / ICAP/1.0")},
	{"a blank in the version", 400, line("GET / HTTP/ 1.1")},
	{"no slash in the version", 400, line("GET / HTTP1.1")},
	{"NUL after the version", 400, line("GET / HTTP/1.1\x00")},

	// RFC 9112 3.2, RFC 9110 7.2: exactly one valid Host.
	{"no Host", 400, "GET / HTTP/1.1\r\n\r\n"},
	{"no Host but others", 400, "GET / HTTP/1.1\r\nX-Host: a\r\nForwarded: host=a\r\n\r\n"},
	{"two Hosts", 400, with("Host: b")},
	{"two equal Hosts", 400, with("Host: a")},
	{"two Hosts in other case", 400, with("HOST: a")},
	{"two Hosts in HTTP/1.0", 400, "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"},
	{"an empty Host", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
	{"a Host of a blank", 400, "GET / HTTP/1.1\r\nHost: \r\n\r\n"},
	{"an empty Host in HTTP/1.0", 400, "GET / HTTP/1.0\r\nHost:\r\n\r\n"},
	{"two names in Host", 400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"},
	{"two names in Host without a blank", 400, "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"},
	{"a blank in Host", 400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
	{"a path in Host", 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
	{"a query in Host", 400, "GET / HTTP/1.1\r\nHost: a?b\r\n\r\n"},
	{"a fragment in Host", 400, "GET / HTTP/1.1\r\nHost: a#b\r\n\r\n"},
	{"user information in Host", 400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
	{"a URL in Host", 400, "GET / HTTP/1.1\r\nHost: http://a\r\n\r\n"},
	{"only a port in Host", 400, "GET / HTTP/1.1\r\nHost: :80\r\n\r\n"},
	{"letters in the port", 400, "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"},
	{"a sign in the port", 400, "GET / HTTP/1.1\r\nHost: a:-1\r\n\r\n"},
	{"too large a port", 400, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"},
	{"too long a port", 400, "GET / HTTP/1.1\r\nHost: a:000080\r\n\r\n"},
	{"two ports", 400, "GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n"},
	{"an encoding in Host", 400, "GET / HTTP/1.1\r\nHost: a%2eb\r\n\r\n"},
	{"UTF-8 in Host", 400, "GET / HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n"},
	{"a wildcard Host", 400, "GET / HTTP/1.1\r\nHost: *\r\n\r\n"},
	{"a backslash in Host", 400, "GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n"},
	{"an IPv6 address without brackets", 400, "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n"},
	{"half a bracket", 400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
	{"no address in brackets", 400, "GET / HTTP/1.1\r\nHost: []\r\n\r\n"},
	{"a name in brackets", 400, "GET / HTTP/1.1\r\nHost: [a]\r\n\r\n"},
	{"an IPv4 address in brackets", 400, "GET / HTTP/1.1\r\nHost: [127.0.0.1]\r\n\r\n"},
	{"a zone in brackets", 400, "GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n"},
	{"something behind brackets", 400, "GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n"},
	{"too long a name", 400, "GET / HTTP/1.1\r\nHost: " + strings.Repeat("a", 256) + "\r\n\r\n"},

	// RFC 9112 5, RFC 9110 5.1 and 5.6.2: a field name is a token, right before a
	// colon.
	{"a blank before the colon", 400, with("X : a")},
	{"a tab before the colon", 400, with("X\t: a")},
	{"a blank before the colon of Host", 400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
	{"a blank before the colon of a length", 400, with("Content-Length : 5") + "hello"},
	{"a blank before the colon of a coding", 400, with("Transfer-Encoding : chunked") + "0\r\n\r\n"},
	{"a blank in a name", 400, with("X Y: a")},
	{"no colon", 400, with("X")},
	{"no colon, two words", 400, with("X a")},
	{"no name", 400, with(": a")},
	{"brackets in a name", 400, with("X[0]: a")},
	{"a slash in a name", 400, with("X/Y: a")},
	{"an at sign in a name", 400, with("X@Y: a")},
	{"quotes in a name", 400, with(`"X": a`)},
	{"UTF-8 in a name", 400, with("X-\xc3\xa4: a")},
	{"a Kelvin sign in a name", 400, with("\xe2\x84\xaaey: a")},
	{"NUL in a name", 400, with("X\x00Y: a")},
	{"DEL in a name", 400, with("X\x7f: a")},
	{"a tab in a name", 400, with("Content-\tLength: 5") + "hello"},
	{"a soft hyphen in a name", 400, with("Content\xc2\xadLength: 5") + "hello"},

	// RFC 9112 5.2: obs-fold.
	{"a folded line", 400, with("X: a", " b")},
	{"a line folded with a tab", 400, with("X: a", "\tb")},
	{"a folded Host", 400, "GET / HTTP/1.1\r\nHost:\r\n a\r\n\r\n"},
	{"a folded length", 400, with("Content-Length:", " 5") + "hello"},
	{"a folded coding", 400, with("Transfer-Encoding:", " chunked") + "0\r\n\r\n"},
	{"a folded coding in OPTIONS", 400, "OPTIONS / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n"},
	{"a folded empty line", 400, with("X: a", " ")},
	{"a coding hidden in a folded line", 400, with("X: a", " Transfer-Encoding: chunked") + "0\r\n\r\n"},

	// RFC 9110 5.5: no controls in values.
	{"NUL in a value", 400, with("X: a\x00b")},
	{"NUL at the end of a value", 400, with("X: a\x00")},
	{"BEL in a value", 400, with("X: a\x07")},
	{"ESC in a value", 400, with("X: \x1b[31m")},
	{"DEL in a value", 400, with("X: a\x7f")},
	{"a vertical tab in a value", 400, with("X: a\vb")},
	{"a form feed in a value", 400, with("X: a\fb")},
	{"a backspace in a value", 400, with("X: a\b")},
	{"NUL in a cookie", 400, with("Cookie: a=\x00")},
	{"controls in a cookie", 400, with("Cookie: a=\x01\x02")},

	// RFC 9110 8.6: Content-Length is 1*DIGIT.
	{"an empty length", 400, with("Content-Length:")},
	{"a length of a blank", 400, with("Content-Length: ")},
	{"letters for a length", 400, with("Content-Length: abc")},
	{"a letter behind the length", 400, with("Content-Length: 5a") + "hello"},
	{"a negative length", 400, with("Content-Length: -1")},
	{"a length of minus zero", 400, with("Content-Length: -0")},
	{"a plus before the length", 400, with("Content-Length: +5") + "hello"},
	{"a hexadecimal length", 400, with("Content-Length: 0x5") + "hello"},
	{"an octal length", 400, with("Content-Length: 0o5") + "hello"},
	{"a zero before the length", 400, with("Content-Length: 05") + "hello"},
	{"zeros before the length", 400, with("Content-Length: 0005") + "hello"},
	{"an ambiguous length", 400, with("Content-Length: 0200")},
	{"two zeros", 400, with("Content-Length: 00")},
	{"a fraction for a length", 400, with("Content-Length: 5.0") + "hello"},
	{"an exponent in the length", 400, with("Content-Length: 1e1")},
	{"an underscore in the length", 400, with("Content-Length: 1_0")},
	{"a blank in the length", 400, with("Content-Length: 1 0")},
	{"a quoted length", 400, with(`Content-Length: "5"`) + "hello"},
	{"a comma behind the length", 400, with("Content-Length: 5,") + "hello"},
	{"a comma before the length", 400, with("Content-Length: ,5") + "hello"},
	{"two lengths in a list", 400, with("Content-Length: 5, 6") + "hello"},
	{"two equal lengths in a list", 400, with("Content-Length: 5, 5") + "hello"},
	{"three equal lengths in a list", 400, with("Content-Length: 5,5,5") + "hello"},
	{"a semicolon behind the length", 400, with("Content-Length: 5;a") + "hello"},
	{"Arabic digits", 400, with("Content-Length: \xd9\xa5") + "hello"},
	{"two blanks before the length", 400, with("Content-Length:  5") + "hello"},
	{"a tab before the length", 400, with("Content-Length:\t5") + "hello"},
	{"a blank behind the length", 400, with("Content-Length: 5 ") + "hello"},
	{"a tab behind the length", 400, with("Content-Length: 5\t") + "hello"},
	{"an underscore for the hyphen of the length", 400, with("Content_Length: 5") + "hello"},
	// RFC 9112 6.3: several lengths.
	{"two lengths", 400, with("Content-Length: 5", "Content-Length: 6") + "hello"},
	{"two equal lengths", 400, with("Content-Length: 5", "Content-Length: 5") + "hello"},
	{"two lengths in other case", 400, with("Content-Length: 5", "CONTENT-LENGTH: 6") + "hello"},
	{"a good and an empty length", 400, with("Content-Length: 5", "Content-Length:") + "hello"},
	{"two lengths around a request", 400, with("Content-Length: 0", "Content-Length: 31") + next},
	// RFC 9112 6.3: longer than acceptable, known by the head alone.
	{"too large a length", 413, with("Content-Length: 65537")},
	{"a huge length", 413, with("Content-Length: 99999999999")},
	{"a length of 64 bits", 413, with("Content-Length: 18446744073709551616")},
	{"a length that wraps around to 5", 413, with("Content-Length: 18446744073709551621")},
	{"a length of 200 digits", 413, with("Content-Length: 1" + strings.Repeat("0", 200))},

	// RFC 9112 6.1 and 6.3: Transfer-Encoding. Chunks get 411, what could be read in
	// two ways 400, other codings 501.
	{"chunks", 411, with("Transfer-Encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n"},
	{"chunks in other case", 411, with("transfer-encoding: Chunked") + "0\r\n\r\n"},
	{"chunks, tab before the value", 411, with("Transfer-Encoding:\tchunked") + "0\r\n\r\n"},
	{"chunks, blank behind the value", 411, with("Transfer-Encoding: chunked ") + "0\r\n\r\n"},
	{"chunks with GET", 411, "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
	{"chunks and a trailer", 411, with("Transfer-Encoding: chunked", "Trailer: X") + "0\r\nX: a\r\n\r\n"},
	{"length and coding", 400, with("Content-Length: 5", "Transfer-Encoding: chunked") + "0\r\n\r\n"},
	{"coding and length", 400, with("Transfer-Encoding: chunked", "Content-Length: 5") + "0\r\n\r\n"},
	{"length, coding and the end", 400, with("Connection: close", "Content-Length: 5", "Transfer-Encoding: chunked") + "0\r\n\r\n"},
	{"a request behind the chunks", 400, with("Content-Length: 36", "Transfer-Encoding: chunked") + "0\r\n\r\n" + next},
	{"a request inside the length", 400, with("Transfer-Encoding: chunked", "Content-Length: 4") + "1f\r\n" + next + "\r\n0\r\n\r\n"},
	{"length and an unknown coding", 400, with("Content-Length: 5", "Transfer-Encoding: xchunked") + "hello"},
	{"length and identity", 400, with("Content-Length: 5", "Transfer-Encoding: identity") + "hello"},
	{"length and an empty coding", 400, with("Content-Length: 5", "Transfer-Encoding:") + "hello"},
	{"length and chunked twice", 400, with("Content-Length: 5", "Transfer-Encoding: chunked, chunked") + "0\r\n\r\n"},
	{"a bad length and a coding", 400, with("Content-Length: 5x", "Transfer-Encoding: chunked") + "0\r\n\r\n"},
	{"coding in HTTP/1.0", 400, "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
	{"coding and length in HTTP/1.0", 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello"},
	{"coding and keep-alive in HTTP/1.0", 400, "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
	{"an empty coding", 400, with("Transfer-Encoding:")},
	{"two lines of codings", 400, with("Transfer-Encoding: chunked", "Transfer-Encoding: identity") + "0\r\n\r\n"},
	{"chunked in two lines", 400, with("Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + "0\r\n\r\n"},
	{"gzip and chunked in two lines", 400, with("Transfer-Encoding: gzip", "Transfer-Encoding: chunked")},
	{"chunked twice", 400, with("Transfer-Encoding: chunked, chunked") + "0\r\n\r\n"},
	{"chunked before another", 400, with("Transfer-Encoding: chunked, gzip") + "0\r\n\r\n"},
	{"a comma before chunked", 400, with("Transfer-Encoding: ,chunked") + "0\r\n\r\n"},
	{"a comma behind chunked", 400, with("Transfer-Encoding: chunked,") + "0\r\n\r\n"},
	{"only another coding", 400, with("Transfer-Encoding: gzip")},
	{"identity", 400, with("Transfer-Encoding: identity")},
	{"an unknown coding", 400, with("Transfer-Encoding: xchunked")},
	{"chunked with a parameter", 400, with("Transfer-Encoding: chunked;q=1") + "0\r\n\r\n"},
	{"chunked in quotes", 400, with(`Transfer-Encoding: "chunked"`) + "0\r\n\r\n"},
	{"chunked with a Kelvin sign", 400, with("Transfer-Encoding: chun\xe2\x84\xaaed") + "0\r\n\r\n"},
	{"chunked behind a vertical tab", 400, with("Transfer-Encoding: \vchunked") + "0\r\n\r\n"},
	{"chunked behind a form feed", 400, with("Transfer-Encoding: \fchunked") + "0\r\n\r\n"},
	{"chunked before NUL", 400, with("Transfer-Encoding: chunked\x00") + "0\r\n\r\n"},
	{"chunked behind a no-break space", 400, with("Transfer-Encoding: \xc2\xa0chunked") + "0\r\n\r\n"},
	{"an underscore for the hyphen of the coding", 400, with("Transfer_Encoding: chunked") + "0\r\n\r\n"},
	{"gzip before chunked", 501, with("Transfer-Encoding: gzip, chunked")},
	{"an unknown coding before chunked", 501, with("Transfer-Encoding: foo,chunked")},

	// RFC 9110 9.3.1 and others: content without a meaning.
	{"GET with a body", 400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"},
	{"GET with a request for a body", 400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 31\r\n\r\n" + next},
	{"HEAD with a body", 400, "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"},
	{"OPTIONS with a body", 400, "OPTIONS / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"},
	{"TRACE with a body", 400, "TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"},

	// RFC 9110 10.1.1: expectations.
	{"100-continue", 417, with("Content-Length: 5", "Expect: 100-continue")},
	{"100-continue and the body", 417, with("Content-Length: 5", "Expect: 100-continue") + "hello"},
	{"an unknown expectation", 417, with("Expect: 200-ok")},

	// RFC 9110 5.3: fields that occur once.
	{"two Origins", 400, with("Origin: http://a", "Origin: http://b")},
	{"two Content-Types", 400, with("Content-Type: text/plain", "Content-Type: text/html")},
	{"two Authorizations", 400, with("Authorization: Basic YQ==", "Authorization: Basic Yg==")},

	// RFC 9110 15.5.15 and RFC 6585 5: sizes.
	{"a long path", 414, line("GET /" + strings.Repeat("a", 8192) + " HTTP/1.1")},
	{"a long query", 414, line("GET /?" + strings.Repeat("a", 100_000) + " HTTP/1.1")},
	{"a path without end", 414, "GET /" + strings.Repeat("a", 8192)},
	{"a long name", 431, with(strings.Repeat("a", 100_000) + ": b")},
	{"a long value", 431, with("X: " + strings.Repeat("a", 100_000))},
	{"a value without end", 431, "GET / HTTP/1.1\r\nX: " + strings.Repeat("a", 16<<10)},
	{"large fields", 431, with(strings.Repeat("X: "+strings.Repeat("a", 1000)+"\r\n", 20) + "Y: b")},
	{"many fields", 431, with(strings.Repeat("X: a\r\n", 64) + "Y: b")},
	{"very many fields", 431, with(strings.Repeat("X: a\r\n", 10_000) + "Y: b")},
	{"a large cookie", 431, with("Cookie: a=" + strings.Repeat("b", 64<<10))},
}

func TestRefused(t *testing.T) {
	for _, c := range refused {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := c.in
			if len(in) > 20<<10 {
				in = in[:20<<10] // nothing behind it is looked at
			}
			v := checkSplits(t, in, Limits{})
			if v.err == nil {
				t.Fatalf("got %s, want status %d\ninput: %q", describe(v), c.status, in)
			}
			if v.err.Status != c.status {
				t.Fatalf("got %s, want status %d\ninput: %q", describe(v), c.status, in)
			}
		})
	}
}

// A request that cannot become a good one is refused at the byte that says so.
func TestRefusedAtOnce(t *testing.T) {
	for _, c := range []struct{ good, bad string }{
		{"", "\x16"},
		{"", "\n"},
		{"", " "},
		{"\r", "G"},
		{"GET", "\t"},
		{"OPTIONS", "X"},
		{"FROB", " "},
		{"CONNECT", " "},
		{"GET ", " "},
		{"GET ", "a"},
		{"GET /", "\x00"},
		{"GET /..", " "},
		{"GET / ", "h"},
		{"GET / HTTP/1.1", " "},
		{"GET / HTTP/1.1", "\n"},
		{"GET / HTTP/1.1\r", "\r"},
		{"GET / HTTP/2.0\r", "\n"},
		{"GET / HTTP/1.1\r\n", " "},
		{"GET / HTTP/1.1\r\nHost", " "},
		{"GET / HTTP/1.1\r\nHost: a\x20", "\x00"},
		{"GET / HTTP/1.1\r\nHost: a", "\n"},
		{"GET / HTTP/1.1\r\nHost: a\r\n", "\n"},
		{"GET / HTTP/1.1\r\nHost: a\r", "X"},
		{"GET / HTTP/1.1\r\nHost: a\r\n", " "},
		{"GET / HTTP/1.1\r\nHost: a\r\n\r", "\r"},
		{"GET / HTTP/1.1\r\n\r", "\n"},
		{"GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: a\r\n", 63), "X"},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r", "\n"},
		{"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r", "\n"},
		{"GET /" + strings.Repeat("a", 8192-len("GET /")), "a"},
		{"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("a", 16<<10-len("GET / HTTP/1.1\r\nHost: a\r\nX: ")-1), "a"},
	} {
		if v := parse(t, c.good, Limits{}); v.err != nil || v.req != nil {
			t.Errorf("got %s, want more bytes needed\ninput: %q", describe(v), c.good)
		}
		if v := parse(t, c.good+c.bad, Limits{}); v.err == nil {
			t.Errorf("got %s, want an error\ninput: %q", describe(v), c.good+c.bad)
		}
	}
}
