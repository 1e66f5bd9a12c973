package protocol

import (
	"math"
	"strings"
	"testing"
)

func TestResponses(t *testing.T) {
	for _, c := range []struct {
		got  []byte
		want string
	}{
		{AppendCONOK(nil, "S1", 50000, 5000, ""), "CONOK,S1,50000,5000,*"},
		{AppendCONOK(nil, "S1", 50000, 0, "[::1]:8080"), "CONOK,S1,50000,0,[::1]:8080"},
		{AppendCONERR(nil, ConnAdapterSet, "Requested Adapter Set not available"), "CONERR,2,Requested Adapter Set not available"},
		{AppendCONERR(nil, 0, ""), "CONERR,0,"},
		{AppendEND(nil, ConnLifeLimit, "Session life limit"), "END,48,Session life limit"},
		{AppendLOOP(nil, 100), "LOOP,100"},
		{AppendWSOK(nil), "WSOK"},
		{AppendREQOK(nil, ""), "REQOK"},
		{AppendREQOK(nil, "7"), "REQOK,7"},
		{AppendREQOK(nil, "a,b\r\nU,1,1,x"), "REQOK,a%2Cb%0D%0AU%2C1%2C1%2Cx"},
		{AppendREQERR(nil, "12", ReqMode, "Mode RAW, not allowed"), "REQERR,12,24,Mode RAW%2C not allowed"},
		{AppendREQERR(nil, "1,2", -3, "50%\n"), "REQERR,1%2C2,-3,50%25%0A"},
		{AppendERROR(nil, ReqMalformed, "Malformed request"), "ERROR,67,Malformed request"},
		{AppendERROR(nil, ReqInternal, "Zürich \xff|#"), "ERROR,68,Zürich \ufffd|#"},
		{AppendSERVNAME(nil, "Push node 1"), "SERVNAME,Push node 1"},
		{AppendCLIENTIP(nil, "203.0.113.9"), "CLIENTIP,203.0.113.9"},
		{AppendCONS(nil, 0), "CONS,unlimited"},
		{AppendCONS(nil, Unmanaged), "CONS,unmanaged"},
		{AppendCONS(nil, 40), "CONS,40"},
		{AppendCONS(nil, 20.1), "CONS,20.1"},
		{AppendCONS(nil, 1e21), "CONS,1000000000000000000000"},
		{AppendNOOP(nil, "x, y"), "NOOP,x%2C y"},
		{AppendPROBE(nil), "PROBE"},
		{AppendSYNC(nil, 25), "SYNC,25"},
		{AppendPROG(nil, math.MaxUint64), "PROG,18446744073709551615"},
		{AppendSUBOK(nil, 3, 2, 10), "SUBOK,3,2,10"},
		{AppendSUBCMD(nil, 4, 1, 5, 1, 2), "SUBCMD,4,1,5,1,2"},
		{AppendUNSUB(nil, 3), "UNSUB,3"},
		{AppendEOS(nil, 4, 1), "EOS,4,1"},
		{AppendCS(nil, 4, 1), "CS,4,1"},
		{AppendOV(nil, 3, 2, 17), "OV,3,2,17"},
		{AppendCONF(nil, 3, Frequency{}), "CONF,3,unlimited,filtered"},
		{AppendCONF(nil, 3, Frequency{Kind: Unfiltered}), "CONF,3,unlimited,unfiltered"},
		{AppendCONF(nil, 3, Frequency{Kind: Limited, PerSecond: 2.5}), "CONF,3,2.5,filtered"},
		{AppendCONF(nil, 3, Frequency{Kind: Limited, PerSecond: 1e-7}), "CONF,3,0.0000001,filtered"},
		{AppendMSGDONE(nil, V25, "SEQ", 3, "accepted, id 9"), "MSGDONE,SEQ,3,accepted%2C id 9"},
		{AppendMSGDONE(nil, V25, "", 1, ""), "MSGDONE,*,1,"},
		{AppendMSGDONE(nil, V24, "", 1, "not told"), "MSGDONE,*,1"},
		{AppendMSGFAIL(nil, "SEQ", 9, ReqMessagesSkipped, "3"), "MSGFAIL,SEQ,9,39,3"},
		{AppendMSGFAIL(nil, "", 9, -1, ""), "MSGFAIL,*,9,-1,"},
		{AppendSkipped(nil, "SEQ", 9, 3), "MSGFAIL,SEQ,9,39,3"},
		{AppendSkipped(nil, "SEQ", 9, 1), "MSGFAIL,SEQ,9,38,Message skipped: it came too late"},
		{AppendMSGDONE(nil, V20, "SEQ", 2, "x"), "MSGDONE,SEQ,2"},
	} {
		if string(c.got) != c.want+"\r\n" {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestEncodersAppend(t *testing.T) {
	got := AppendREQOK(AppendSUBOK([]byte("x"), 1, 2, 3), "")
	if want := "xSUBOK,1,2,3\r\nREQOK\r\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What is text comes out as it went in, and stays one line.
func TestTextSurvives(t *testing.T) {
	for _, text := range []string{"", "a,b", "100%", "%2C", "\r\nEND,31,x", "日本 😀", strings.Repeat(",", 999)} {
		line := AppendCONERR(nil, 66, text)
		body, rest, ok := CutLine(line)
		if !ok || len(rest) > 0 {
			t.Errorf("%q: not one line: %q", text, line)
		}
		n, err := ParseLine(body)
		if err != nil || n.Message() != text {
			t.Errorf("%q: got %q, %v", text, n.Message(), err)
		}
	}
}
