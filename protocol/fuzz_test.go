package protocol

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParseRequest reads a WebSocket message as a server does. Whatever it is,
// the answer is a request or a refusal with one of three codes; a batch is the sum
// of its lines; and what was read can be said again.
func FuzzParseRequest(f *testing.F) {
	for _, c := range load[requestCase](f, "requests.json") {
		f.Add([]byte(c.Request+"\r\n"+c.Line), 9)
	}
	for _, c := range load[comboCase](f, "combos.json") {
		f.Add([]byte(c.Message), 30)
	}
	f.Add([]byte("heartbeat\r\n\r\n"), 0)
	f.Add([]byte("control\r\nLS_reqId=1&LS_op=destroy&\r\nLS_reqId=2&LS_op=delete&LS_subId=1\r\n"), 40)
	f.Fuzz(func(t *testing.T, msg []byte, cut int) {
		name, rest := SplitMessage(msg)
		request, ok := ParseName(name)
		var all [][]byte
		for line := range Lines(rest) {
			all = append(all, line)
			if ok {
				checkRequest(t, request, line)
			}
		}
		if len(all) == 0 || len(all) > 1 && hasEmpty(all) {
			t.Fatalf("%q: lines %q", rest, all)
		}
		checkCut(t, rest, all, cut)
	})
}

func hasEmpty(lines [][]byte) bool {
	for _, line := range lines {
		if len(line) == 0 {
			return true
		}
	}
	return false
}

// checkCut parts a body behind a line end; its halves have the same lines.
func checkCut(t *testing.T, body []byte, all [][]byte, cut int) {
	if cut < 0 || cut >= len(body) || body[cut] != '\n' {
		return
	}
	var parts [][]byte
	for _, half := range [][]byte{body[:cut+1], body[cut+1:]} {
		for line := range Lines(half) {
			if len(line) > 0 {
				parts = append(parts, line)
			}
		}
	}
	if len(all) == 1 && len(all[0]) == 0 {
		all = nil
	}
	if !bytes.Equal(bytes.Join(parts, []byte("\n")), bytes.Join(all, []byte("\n"))) {
		t.Fatalf("%q cut at %d: got %q, want %q", body, cut, parts, all)
	}
}

func checkRequest(t *testing.T, request RequestName, line []byte) {
	if request == CreateSession {
		checkCombo(t, line)
	}
	got, err := parseRequest(request, line)
	if err != nil {
		var refusal *Error
		if !errors.As(err, &refusal) {
			t.Fatalf("%q: %v is no refusal", line, err)
		}
		if c := refusal.Code; c != ReqInvalid && c != ReqMalformed && c != ReqInternal {
			t.Fatalf("%q: code %d", line, c)
		}
		if n, err := ParseLine(AppendREQERR(nil, "1", refusal.Code, refusal.Text)); err != nil || n.Message() != refusal.Text {
			t.Fatalf("%q: got %q, %v, want %q", line, n.Message(), err, refusal.Text)
		}
		return
	}
	var p Params
	if err := p.Parse(line); err != nil {
		t.Fatalf("%q: %v the second time", line, err)
	}
	var said []byte
	for i := range p.pairs {
		if !utf8.Valid(p.pairs[i].name) {
			continue // nobody asks for it
		}
		name := unescape(p.pairs[i].name)
		value, ok := p.Get(name)
		if !ok || !utf8.ValidString(value) {
			t.Fatalf("%q: %q is %q, %v", line, name, value, ok)
		}
		said = AppendParam(said, name, value)
	}
	if again, err := parseRequest(request, said); err != nil || again != got {
		t.Fatalf("%q: got %+v, %v\nwant %+v", said, again, err, got)
	}
}

// checkCombo reads a line as what rides on a create_session: it says the same as a
// request of its own, or is refused as a part of the whole.
func checkCombo(t *testing.T, line []byte) {
	var p Params
	if p.Parse(line) != nil {
		return
	}
	combo, err := ParseCombo(&p)
	var refusal *Error
	if err != nil {
		if !errors.As(err, &refusal) || refusal.Code != ConnCombo {
			t.Fatalf("%q: %v", line, err)
		}
		return
	}
	if err := p.Parse(append(append([]byte(nil), line...), "&LS_reqId=1&LS_session="...)); err != nil {
		return // too many
	}
	if combo.IsMessage {
		combo.Message.ReqID = "1"
		if m, err := ParseMessage(&p); err != nil || m != combo.Message {
			t.Fatalf("%q: got %+v, want %+v, %v", line, combo.Message, m, err)
		}
	} else if c, err := ParseControl(&p); err != nil || c.Add != combo.Add {
		t.Fatalf("%q: got %+v, want %+v, %v", line, combo.Add, c.Add, err)
	}
}

// FuzzParseLine reads a line as a client does. What it understands, it can write,
// and understands again.
func FuzzParseLine(f *testing.F) {
	for _, c := range load[lineCase](f, "lines.json") {
		f.Add([]byte(c.Line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		n, err := ParseLine(line)
		if err != nil {
			if !errors.Is(err, ErrLine) {
				t.Fatalf("%q: %v", line, err)
			}
			return
		}
		if n.Tag == TagUnknown {
			return
		}
		out := appendNotification(nil, V25, n)
		again, err := ParseLine(out)
		if err != nil {
			t.Fatalf("%q, written %q: %v", line, out, err)
		}
		if second := appendNotification(nil, V25, again); !bytes.Equal(out, second) {
			t.Fatalf("%q: written %q, then %q", line, out, second)
		}
		if n.Tag == TagU {
			if !sameNotification(n, again) {
				t.Fatalf("%q: got %+v, then %+v", line, n, again)
			}
			checkBody(t, n.Text)
		} else if cut, rest, ok := CutLine(out); !ok || len(rest) > 0 || !utf8.Valid(cut) {
			t.Fatalf("%q: written %q, which is not one line of text", line, out)
		}
	})
}

// checkBody applies the body of an update to items of several sizes: at most one
// of them can be meant if no field is unchanged.
func checkBody(t *testing.T, body []byte) {
	first := 0
	for fields := 1; fields <= 8; fields++ {
		fresh, used := NewItemState(fields), NewItemState(fields)
		if err := used.Apply([]byte(strings.Repeat("#|", fields-1) + "#")); err != nil {
			t.Fatal(err)
		}
		freshErr, usedErr := fresh.Apply(body), used.Apply(body)
		if freshErr == nil && usedErr != nil {
			t.Fatalf("%q: good for %d fields at first, then %v", body, fields, usedErr)
		}
		if usedErr == nil {
			if first++; first > 1 {
				t.Fatalf("%q: good for two numbers of fields", body)
			}
		}
	}
}

// FuzzToken: a value comes back from its token as it was, if it was UTF-8; and a
// token holds nothing that has a meaning around it.
func FuzzToken(f *testing.F) {
	for _, c := range load[tokenCase](f, "tokens.json") {
		f.Add([]byte(c.Token))
		f.Add(c.value())
	}
	f.Add([]byte("\xed\xa0\x80\xf0\x9f\x98|"))
	f.Fuzz(func(t *testing.T, value []byte) {
		tok, replaced := AppendToken(nil, value)
		if len(tok) == 0 || bytes.ContainsAny(tok, "|\r\n") || !utf8.Valid(tok) {
			t.Fatalf("%q: token %q", value, tok)
		}
		if replaced > 0 == utf8.Valid(value) {
			t.Fatalf("%q: %d replaced", value, replaced)
		}
		got, null, err := DecodeToken(tok, nil)
		if want := string([]rune(string(value))); err != nil || null != (value == nil) || string(got) != want {
			t.Fatalf("%q, as %q: got %q, %v, %v", value, tok, got, null, err)
		}
		// Anything may stand where a token should.
		if got, _, err := DecodeToken(value, nil); err == nil {
			tok, _ := AppendToken(nil, got)
			again, _, err := DecodeToken(tok, nil)
			if want := string([]rune(string(got))); err != nil || string(again) != want {
				t.Fatalf("%q: got %q, %v, want %q", value, again, err, want)
			}
		}
	})
}
