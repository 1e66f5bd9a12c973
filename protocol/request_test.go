package protocol

import (
	"slices"
	"strings"
	"testing"
)

func TestParsePath(t *testing.T) {
	for _, c := range []struct {
		path string
		want RequestName
	}{
		{"/lightstreamer/create_session.txt", CreateSession},
		{"/lightstreamer/bind_session.txt", BindSession},
		{"/lightstreamer/control.txt", Control},
		{"/lightstreamer/msg.txt", Message},
		{"/lightstreamer/heartbeat.txt", Heartbeat},
		{"/pre/fix/lightstreamer/control.txt", Control},
		{"/lightstreamer/wsok.txt", 0},
		{"/lightstreamer/control", 0},
		{"/lightstreamer/control.js", 0},
		{"/lightstreamer/.txt", 0},
		{"/lightstreamer", 0},
		{"/lightstreamer/x/control.txt", 0},
		{"/mylightstreamer/control.txt", 0},
		{"lightstreamer/control.txt", 0},
		{"control.txt", 0},
		{".txt", 0},
		{"", 0},
	} {
		got, ok := ParsePath(c.path)
		if ok != (c.want != 0) || ok && got != c.want {
			t.Errorf("%q: got %v, %v, want %v", c.path, got, ok, c.want)
		}
	}
}

func TestParseName(t *testing.T) {
	for n := CreateSession; n <= WSOK; n++ {
		if got, ok := ParseName([]byte(n.String())); !ok || got != n {
			t.Errorf("%v: got %v, %v", n, got, ok)
		}
	}
	for _, name := range []string{"", "Control", "control ", "no request", "create_session.txt"} {
		if got, ok := ParseName([]byte(name)); ok {
			t.Errorf("%q: got %v", name, got)
		}
	}
}

func TestSplitMessage(t *testing.T) {
	for _, c := range []struct{ msg, name, rest string }{
		{"wsok", "wsok", ""},
		{"wsok\r\n", "wsok", ""},
		{"heartbeat\r\n\r\n", "heartbeat", "\r\n"},
		{"control\r\nLS_reqId=1\r\nLS_reqId=2", "control", "LS_reqId=1\r\nLS_reqId=2"},
		{"control\nLS_reqId=1", "control", "LS_reqId=1"},
		{"", "", ""},
		{"\r\n", "", ""},
	} {
		name, rest := SplitMessage([]byte(c.msg))
		if string(name) != c.name || string(rest) != c.rest {
			t.Errorf("%q: got %q and %q, want %q and %q", c.msg, name, rest, c.name, c.rest)
		}
	}
}

func lines(body string) (got []string) {
	for line := range Lines([]byte(body)) {
		got = append(got, string(line))
	}
	return got
}

func TestRequestLines(t *testing.T) {
	for _, c := range []struct {
		body string
		want []string
	}{
		{"a=1", []string{"a=1"}},
		{"a=1\r\n", []string{"a=1"}},
		{"a=1&\r\n", []string{"a=1"}},
		{"a=1\r\nb=2", []string{"a=1", "b=2"}},
		{"a=1&\r\nb=2&", []string{"a=1", "b=2"}},
		{"a=1\nb=2\n", []string{"a=1", "b=2"}},
		{"a=1\r\n\r\nb=2\r\n\r\n", []string{"a=1", "b=2"}},
		{"\r\na=1", []string{"a=1"}},
		{"a=\rb", []string{"a=\rb"}},
		{"", []string{""}},
		{"\r\n", []string{""}},
		{"\r\n\r\n", []string{""}},
		{"&", []string{""}},
	} {
		if got := lines(c.body); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.body, got, c.want)
		}
	}
}

func TestLinesCanBeLeft(t *testing.T) {
	for range Lines([]byte("a=1\r\nb=2")) {
		break
	}
	for range Lines(nil) {
		break
	}
}

// A batch is no more than its lines.
func TestBatchIsTheSumOfItsLines(t *testing.T) {
	var all []string
	for _, c := range load[requestCase](t, "requests.json") {
		if line := strings.TrimRight(c.Line, "&"); line != "" {
			all = append(all, line)
		}
	}
	for _, end := range []string{"\r\n", "\n", "&\r\n", "\r\n\r\n"} {
		for i := range all {
			body := strings.Join(all[:i], end) + end + strings.Join(all[i:], end)
			if got := lines(body); !slices.Equal(got, all) {
				t.Fatalf("separated by %q, parted at %d: got %q", end, i, got)
			}
		}
	}
}

func TestParamsKeepWhatCouldBeRead(t *testing.T) {
	var p Params
	for _, line := range []string{
		"LS_reqId=7&LS_group=%zz",
		"LS_group=%zz&LS_reqId=7",
		"LS_group&LS_reqId=7",
		"LS_reqId=7" + strings.Repeat("&a=b", paramsMax),
	} {
		err := p.Parse([]byte(line))
		if e, ok := err.(*Error); !ok || e.Code != ReqMalformed {
			t.Errorf("%q: got %v", line, err)
		}
		if id := p.ReqID(); id != "7" {
			t.Errorf("%q: got id %q", line, id)
		}
	}
}

func TestParamsBound(t *testing.T) {
	var p Params
	if err := p.Parse([]byte(strings.Repeat("a=b&", paramsMax))); err != nil {
		t.Error(err)
	}
	if err := p.Parse([]byte(strings.Repeat("a=b&", paramsMax+1))); err == nil {
		t.Error("no error")
	}
	if err := p.Parse([]byte("b=c")); err != nil {
		t.Error(err)
	}
	if value, ok := p.Get("a"); ok {
		t.Errorf("a parameter of the line before: %q", value)
	}
}

// The values of a request do not change with the buffer it was read from.
func TestRequestsDoNotReferToTheirInput(t *testing.T) {
	line := []byte("LS_cid=abc&LS_user=ann")
	var p Params
	if err := p.Parse(line); err != nil {
		t.Fatal(err)
	}
	c, err := ParseCreate(&p)
	if err != nil {
		t.Fatal(err)
	}
	clear(line)
	if c.CID != "abc" || c.User != "ann" {
		t.Errorf("got %q and %q", c.CID, c.User)
	}
}

func TestRefusedRequestsHaveTheirName(t *testing.T) {
	var p Params
	if err := p.Parse([]byte("LS_op=add&LS_session=S1&LS_reqId=r%2C1")); err != nil {
		t.Fatal(err)
	}
	if c, err := ParseControl(&p); err == nil || c.ReqID != "r,1" || c.Session != "S1" {
		t.Errorf("control: got %+v, %v", c, err)
	}
	if m, err := ParseMessage(&p); err == nil || m.ReqID != "r,1" || m.Session != "S1" {
		t.Errorf("msg: got %+v, %v", m, err)
	}
}

func TestRefusalsNameTheParameter(t *testing.T) {
	var p Params
	for line, want := range map[string]string{
		"LS_cid=c&LS_polling=yes": `Invalid value of LS_polling: "yes" (code 65)`,
		"LS_user=u":               `Malformed request: LS_cid is missing (code 67)`,
		"LS_cid=c&LS_idle_millis=" + strings.Repeat("9", 99): `Invalid value of LS_idle_millis: "` + strings.Repeat("9", 40) + `" (code 65)`,
	} {
		if err := p.Parse([]byte(line)); err != nil {
			t.Fatal(err)
		}
		if _, err := ParseCreate(&p); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", line, err, want)
		}
	}
}

func TestDiffs(t *testing.T) {
	for _, c := range []struct {
		line        string
		version     Version
		patch, tlcp bool
	}{
		{"LS_cid=c", V25, true, true},
		{"LS_cid=c", V24, true, true},
		{"LS_cid=c", V23, false, false},
		{"LS_cid=c&LS_supported_diffs=P,T", V20, false, false},
		{"LS_cid=c&LS_supported_diffs=", V25, false, false},
		{"LS_cid=c&LS_supported_diffs=P", V25, true, false},
		{"LS_cid=c&LS_supported_diffs=P%2C%20T", V25, true, true},
		{"LS_cid=c&LS_supported_diffs=T,X", V25, false, true},
		{"LS_cid=c&LS_supported_diffs=PT,p,,TLCP-diff", V25, false, false},
	} {
		got, err := parseRequest(CreateSession, []byte(c.line))
		if err != nil {
			t.Fatal(err)
		}
		create := got.(Create)
		formats := create.Diffs(c.version)
		if formats.Has(JSONPatch) != c.patch || formats.Has(TLCPDiff) != c.tlcp || formats.Has('X') {
			t.Errorf("%s, %v: got %v and %v", c.line, c.version, formats.Has(JSONPatch), formats.Has(TLCPDiff))
		}
	}
}

// A request whose answer got lost comes again under another id; a server knows it by
// what it asks for.
func TestRepeatedSubscriptionIsEqual(t *testing.T) {
	parse := func(line string) Add {
		got, err := parseRequest(Control, []byte(line))
		if err != nil {
			t.Fatal(err)
		}
		return got.(ControlRequest).Add
	}
	const line = "LS_op=add&LS_subId=1&LS_mode=MERGE&LS_group=a%20b&LS_schema=s&LS_snapshot=true&LS_requested_max_frequency=2.50"
	first := parse(line + "&LS_reqId=1")
	if again := parse("LS_reqId=2&" + strings.ReplaceAll(line, "%20", " ")); again != first {
		t.Errorf("got %+v, then %+v", first, again)
	}
	if other := parse(line + "0&LS_reqId=2&LS_selector=x"); other == first {
		t.Errorf("another one is equal: %+v", other)
	}
}

func TestAppendParam(t *testing.T) {
	line := AppendParam([]byte("control\r\n"), "LS_reqId", "1")
	line = AppendParam(line, "LS_message", "a&b=c+d %\r\nZürich")
	want := "control\r\nLS_reqId=1&LS_message=a%26b%3Dc%2Bd%20%25%0D%0AZürich"
	if string(line) != want {
		t.Errorf("got %q, want %q", line, want)
	}
	if got := AppendParam(nil, "a", ""); string(got) != "a=" {
		t.Errorf("got %q", got)
	}
}
