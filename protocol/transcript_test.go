package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

// load reads the cases of a file in testdata. Its README says what they are.
func load[T any](t testing.TB, name string) []T {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var cases []T
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&cases); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(cases) == 0 {
		t.Fatalf("%s: no cases", name)
	}
	return cases
}

type tokenCase struct {
	Value               *string
	Token               string
	DecodeOnly, Invalid bool
}

func (c *tokenCase) value() []byte {
	if c.Value == nil {
		return nil
	}
	return append([]byte{}, *c.Value...)
}

func TestTokens(t *testing.T) {
	for _, c := range load[tokenCase](t, "tokens.json") {
		value, null, err := DecodeToken([]byte(c.Token), []byte(">"))
		if c.Invalid {
			if !errors.Is(err, ErrToken) {
				t.Errorf("decode %q: got %q, %v, want %v", c.Token, value, err, ErrToken)
			}
			continue
		}
		if want := ">" + string(c.value()); err != nil || string(value) != want || null != (c.Value == nil) {
			t.Errorf("decode %q: got %q, %v, %v, want %q", c.Token, value, null, err, want)
		}
		if c.DecodeOnly {
			continue
		}
		if tok, replaced := AppendToken([]byte("<"), c.value()); string(tok) != "<"+c.Token || replaced != 0 {
			t.Errorf("encode %q: got %q, %d replaced, want %q", c.value(), tok, replaced, c.Token)
		}
	}
}

type storyCase struct {
	Name    string
	Fields  int
	Updates []struct {
		Body              string
		Values            []*string
		Changed           []int
		DecodeOnly, Error bool
	}
}

func TestUpdates(t *testing.T) {
	for _, story := range load[storyCase](t, "updates.json") {
		t.Run(story.Name, func(t *testing.T) {
			state := NewItemState(story.Fields)
			for _, u := range story.Updates {
				err := state.Apply([]byte(u.Body))
				if u.Error {
					if !errors.Is(err, ErrUpdate) {
						t.Errorf("apply %q: got %v, want %v", u.Body, err, ErrUpdate)
					}
					continue
				}
				if err != nil {
					t.Fatalf("apply %q: %v", u.Body, err)
				}
				if state.Len() != len(u.Values) {
					t.Fatalf("%q: %d values of %d fields", u.Body, len(u.Values), state.Len())
				}
				for i, want := range u.Values {
					value, ok := state.Value(i)
					if ok != (want != nil) || ok && string(value) != *want {
						t.Errorf("%q: value %d: got %q, %v, want %v", u.Body, i+1, value, ok, want)
					}
					if got, want := state.Changed(i), slices.Contains(u.Changed, i+1); got != want {
						t.Errorf("%q: changed %d: got %v, want %v", u.Body, i+1, got, want)
					}
				}
				if u.DecodeOnly {
					continue
				}
				b := BeginBody([]byte("U,1,1,"))
				for i, v := range u.Values {
					if !slices.Contains(u.Changed, i+1) {
						b.Unchanged()
						continue
					}
					tok, _ := AppendToken(nil, (&tokenCase{Value: v}).value())
					b.Token(tok)
				}
				if got, want := string(b.End()), "U,1,1,"+u.Body+"\r\n"; got != want {
					t.Errorf("encode %q: got %q", want, got)
				}
			}
		})
	}
}

type lineCase struct {
	Line, Tag, Version string
	DecodeOnly, Error  bool
	Want               struct {
		Sub, Item, Items, Fields, KeyPos, CommandPos, Code, Limit int

		Number     int64
		Kbps       float64
		Frequency  Frequency
		Name, Text string
	}
}

func TestLines(t *testing.T) {
	seen := map[Tag]bool{}
	for _, c := range load[lineCase](t, "lines.json") {
		n, err := ParseLine([]byte(c.Line))
		if c.Error {
			if !errors.Is(err, ErrLine) {
				t.Errorf("%q: got %+v, %v, want %v", c.Line, n, err, ErrLine)
			}
			continue
		}
		if err != nil || n.Tag.String() != c.Tag {
			t.Errorf("%q: got %v, %v, want %v", c.Line, n.Tag, err, c.Tag)
		}
		w := &c.Want
		want := Notification{
			Tag: n.Tag, Sub: w.Sub, Item: w.Item, Items: w.Items, Fields: w.Fields,
			KeyPos: w.KeyPos, CommandPos: w.CommandPos, Code: w.Code, Number: w.Number,
			Limit: w.Limit, Kbps: w.Kbps, Frequency: w.Frequency,
			Name: []byte(w.Name), Text: []byte(w.Text),
		}
		if !sameNotification(n, want) {
			t.Errorf("%q:\n got %+v\nwant %+v", c.Line, n, want)
		}
		if ended, err := ParseLine([]byte(c.Line + "\r\n")); err != nil || !sameNotification(ended, want) {
			t.Errorf("%q with its line end: got %+v, %v, want %+v", c.Line, ended, err, want)
		}
		if c.DecodeOnly {
			continue
		}
		seen[n.Tag] = true
		v := V25
		if c.Version != "" {
			v, _ = ParseVersion(c.Version)
		}
		if got := string(appendNotification(nil, v, n)); got != c.Line+"\r\n" {
			t.Errorf("encode %q: got %q", c.Line, got)
		}
	}
	for tag := TagCONOK; tag <= TagMSGFAIL; tag++ {
		if !seen[tag] {
			t.Errorf("no line of %v", tag)
		}
	}
}

func sameNotification(a, b Notification) bool {
	if !bytes.Equal(a.Name, b.Name) || !bytes.Equal(a.Text, b.Text) {
		return false
	}
	a.Name, a.Text, b.Name, b.Text = nil, nil, nil, nil
	return reflect.DeepEqual(a, b)
}

// appendNotification writes a line of which the parts are known, with the
// encoders that the server uses.
func appendNotification(dst []byte, v Version, n Notification) []byte {
	name, text := unescape(n.Name), n.Message()
	star := func(s string) string {
		if s == "*" {
			return ""
		}
		return s
	}
	switch n.Tag {
	case TagCONOK:
		return AppendCONOK(dst, name, n.Limit, n.Number, star(text))
	case TagCONERR:
		return AppendCONERR(dst, n.Code, text)
	case TagEND:
		return AppendEND(dst, n.Code, text)
	case TagLOOP:
		return AppendLOOP(dst, n.Number)
	case TagWSOK:
		return AppendWSOK(dst)
	case TagREQOK:
		return AppendREQOK(dst, name)
	case TagREQERR:
		return AppendREQERR(dst, name, n.Code, text)
	case TagERROR:
		return AppendERROR(dst, n.Code, text)
	case TagSERVNAME:
		return AppendSERVNAME(dst, text)
	case TagCLIENTIP:
		return AppendCLIENTIP(dst, text)
	case TagCONS:
		return AppendCONS(dst, n.Kbps)
	case TagNOOP:
		return AppendNOOP(dst, text)
	case TagPROBE:
		return AppendPROBE(dst)
	case TagSYNC:
		return AppendSYNC(dst, n.Number)
	case TagPROG:
		return AppendPROG(dst, uint64(n.Number))
	case TagSUBOK:
		return AppendSUBOK(dst, n.Sub, n.Items, n.Fields)
	case TagSUBCMD:
		return AppendSUBCMD(dst, n.Sub, n.Items, n.Fields, n.KeyPos, n.CommandPos)
	case TagUNSUB:
		return AppendUNSUB(dst, n.Sub)
	case TagEOS:
		return AppendEOS(dst, n.Sub, n.Item)
	case TagCS:
		return AppendCS(dst, n.Sub, n.Item)
	case TagOV:
		return AppendOV(dst, n.Sub, n.Item, uint64(n.Number))
	case TagCONF:
		return AppendCONF(dst, n.Sub, n.Frequency)
	case TagU:
		return append(append(AppendUpdateHead(dst, n.Sub, n.Item), n.Text...), "\r\n"...)
	case TagMSGDONE:
		return AppendMSGDONE(dst, v, star(name), n.Number, text)
	case TagMSGFAIL:
		return AppendMSGFAIL(dst, star(name), n.Number, n.Code, text)
	}
	panic("no encoder of " + n.Tag.String())
}

type requestCase struct {
	Name, Request, Line string
	Want                json.RawMessage
	Error               int
}

func TestRequests(t *testing.T) {
	for _, c := range load[requestCase](t, "requests.json") {
		t.Run(c.Name, func(t *testing.T) {
			name, ok := ParseName([]byte(c.Request))
			if !ok {
				t.Fatalf("no request %q", c.Request)
			}
			got, err := parseRequest(name, []byte(c.Line))
			if c.Error != 0 {
				var refusal *Error
				if !errors.As(err, &refusal) || refusal.Code != c.Error || refusal.Text == "" {
					t.Errorf("%s: got %v, want code %d", c.Line, err, c.Error)
				}
				return
			}
			if err != nil {
				t.Fatalf("%s: %v", c.Line, err)
			}
			want := defaultRequest(name, c.Want)
			if err := json.Unmarshal(c.Want, want); err != nil {
				t.Fatalf("want: %v", err)
			}
			if want := reflect.ValueOf(want).Elem().Interface(); got != want {
				t.Errorf("%s:\n got %+v\nwant %+v", c.Line, got, want)
			}
		})
	}
}

// parseRequest does what a server does with a line.
func parseRequest(name RequestName, line []byte) (any, error) {
	var p Params
	if err := p.Parse(line); err != nil {
		return nil, err
	}
	switch name {
	case CreateSession:
		return asAny(ParseCreate(&p))
	case BindSession:
		return asAny(ParseBind(&p))
	case Control:
		return asAny(ParseControl(&p))
	case Message:
		return asAny(ParseMessage(&p))
	case Heartbeat:
		return ParseHeartbeat(&p), nil
	}
	return nil, nil
}

func asAny[T any](v T, err error) (any, error) { return v, err }

// defaultRequest returns a pointer to what a request is without parameters.
func defaultRequest(name RequestName, want json.RawMessage) any {
	connection := ConnectionParams{SendSync: true}
	switch name {
	case CreateSession:
		return &Create{ConnectionParams: connection, AdapterSet: DefaultAdapter}
	case BindSession:
		return &Bind{ConnectionParams: connection, RecoveryFrom: -1}
	case Control:
		c := &ControlRequest{Ack: true}
		if bytes.Contains(want, []byte(`"add"`)) {
			c.Add.DataAdapter = DefaultAdapter
		}
		return c
	case Heartbeat:
		return &HeartbeatRequest{}
	}
	return &MessageRequest{MaxWait: -1, Outcome: true, Ack: true}
}
