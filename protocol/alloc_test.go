package protocol

import "testing"

var (
	plainValue  = []byte("1234.567")
	escapeValue = []byte("^a|b%c\xff Zürich")
	updateLine  = []byte("U,12,345,1234.567||99.5|^3|EUR%7CUSD|#\r\n")
	subcmdLine  = []byte("SUBCMD,1,1,40,1,2\r\n")
	confLine    = []byte("CONF,1,2.5,filtered\r\n")
	longBody    = []byte("a long text that nearly stays|1")
	diffBody    = []byte("^Tbb%7CbBa|2")
	updateBody  = []byte("1234.567||99.5|^3|EUR%7CUSD|#")
)

func appendTestBody(dst []byte) []byte {
	b := BeginBody(dst)
	b.Token(plainValue)
	b.Unchanged()
	b.Token(plainValue)
	b.Unchanged()
	b.Unchanged()
	b.Unchanged()
	b.Token(plainValue)
	b.Token(plainValue)
	return b.End()
}

func TestHotPathDoesNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 4096)
	state := NewItemState(8)
	if err := state.Apply([]byte("1234.567|#|99.5|#|#|#|EUR%7CUSD|#")); err != nil {
		t.Fatal(err)
	}
	diffed := NewItemState(2)
	diffed.TakeDiffs(nil)
	if err := diffed.Apply(longBody); err != nil {
		t.Fatal(err)
	}
	var params Params
	line := []byte("LS_reqId=1&LS_op=destroy")
	for name, f := range map[string]func(){
		"a plain token":         func() { AppendToken(buf, plainValue) },
		"a token with escapes":  func() { AppendToken(buf, escapeValue) },
		"the head of an update": func() { AppendUpdateHead(buf, 12345, 678) },
		"the body of an update": func() { appendTestBody(buf) },
		"parsing an update":     func() { _, _ = ParseLine(updateLine) },
		"applying an update":    func() { _ = state.Apply(updateBody) },
		"the token of a diff":   func() { AppendDiff(buf, TLCPDiff, plainValue) },
		"applying a diff": func() {
			_ = diffed.Apply(diffBody)
			_ = diffed.Apply(longBody)
		},
		"parsing parameters":       func() { _ = params.Parse(line) },
		"CONF":                     func() { AppendCONF(buf, 12, Frequency{Kind: Limited, PerSecond: 2.5}) },
		"SUBCMD":                   func() { AppendSUBCMD(buf, 12, 3, 40, 1, 2) },
		"CONOK":                    func() { AppendCONOK(buf, "Sab12cd", 50000, 5000, "") },
		"REQERR with escapes":      func() { AppendREQERR(buf, "1", 24, "a, b\xff") },
		"a text that is not ASCII": func() { AppendEND(buf, 0, "日本") },
		"a probe":                  func() { AppendPROBE(buf) },
		"parsing SUBCMD":           func() { _, _ = ParseLine(subcmdLine) },
		"parsing CONF":             func() { _, _ = ParseLine(confLine) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}
