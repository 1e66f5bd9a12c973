package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/protocol"
)

// listener is a Metadata Adapter that takes messages.
type listener struct {
	simMetadata
	heard []string
}

func (l *listener) Message(_ context.Context, m adapters.Message) (string, error) {
	l.heard = append(l.heard, fmt.Sprintf("%s%d:%s", m.Sequence, m.Number, m.Text))
	switch m.Text {
	case "no":
		return "", &adapters.Refusal{Code: 0, Text: "Not,you"}
	case "fire":
		return "", errors.New("database on fire")
	case "long":
		return strings.Repeat("x", answerMax+1), nil
	}
	return "got:" + m.Text, nil
}

func TestMessages(t *testing.T) {
	const (
		failed = "MSGFAIL,*,1,34,The message could not be handled"
		again  = "A message of this number has been there before"
	)
	type step struct {
		request string // lines of msg
		wait    int64  // milliseconds, before it
		want    string
	}
	for _, c := range []struct {
		name  string
		steps []step
		heard string
	}{
		{"alone", []step{{"LS_reqId=1&LS_message=hi&LS_msg_prog=1", 0, "REQOK,1 MSGDONE,*,1,got:hi"}}, "0:hi"},
		{"an empty one", []step{{"LS_reqId=1&LS_message=&LS_msg_prog=1", 0, "REQOK,1 MSGDONE,*,1,got:"}}, "0:"},
		{"nobody wants to know", []step{{"LS_reqId=1&LS_message=hi&LS_outcome=false&LS_ack=false", 0, ""}}, "0:hi"},
		{"refused by the application", []step{{"LS_reqId=1&LS_message=no&LS_msg_prog=1", 0, "REQOK,1 MSGFAIL,*,1,0,Not%2Cyou"}}, "0:no"},
		{"not handled", []step{{"LS_reqId=1&LS_message=fire&LS_msg_prog=1", 0, "REQOK,1 " + failed}}, "0:fire"},
		{"an answer without end", []step{{"LS_reqId=1&LS_message=long&LS_msg_prog=1", 0, "REQOK,1 " + failed}}, "0:long"},
		{"alone and repeated", []step{
			{"LS_reqId=1&LS_message=a&LS_msg_prog=2\r\nLS_reqId=2&LS_message=a&LS_msg_prog=2", 0, "REQOK,1 REQOK,2 MSGDONE,*,2,got:a"},
			{"LS_reqId=3&LS_message=a&LS_msg_prog=2", 0, "REQERR,3,33," + again},
			{"LS_reqId=4&LS_message=b&LS_msg_prog=1", 0, "REQOK,4 MSGDONE,*,1,got:b"},
			{"LS_reqId=5&LS_message=b&LS_msg_prog=1", 0, "REQERR,5,33," + again},
		}, "0:a 0:b"},
		{"a sequence out of turn", []step{
			{"LS_reqId=1&LS_message=c&LS_sequence=S&LS_msg_prog=3", 0, "REQOK,1"},
			{"LS_reqId=2&LS_message=b&LS_sequence=S&LS_msg_prog=2", 0, "REQOK,2"},
			{"LS_reqId=3&LS_message=b&LS_sequence=S&LS_msg_prog=2", 0, "REQOK,3"},
			{"LS_reqId=4&LS_message=a&LS_sequence=S&LS_msg_prog=1", 0, "REQOK,4 MSGDONE,S,1,got:a MSGDONE,S,2,got:b MSGDONE,S,3,got:c"},
			{"LS_reqId=5&LS_message=b&LS_sequence=S&LS_msg_prog=2", 0, "REQERR,5,33," + again},
		}, "S1:a S2:b S3:c"},
		{"sequences do not wait for each other", []step{
			{"LS_reqId=1&LS_message=b&LS_sequence=S&LS_msg_prog=2\r\nLS_reqId=2&LS_message=a&LS_sequence=T&LS_msg_prog=1", 0, "REQOK,1 REQOK,2 MSGDONE,T,1,got:a"},
		}, "T1:a"},
		{"one number is missing for too long", []step{
			{"LS_reqId=1&LS_message=b&LS_sequence=S&LS_msg_prog=2&LS_max_wait=100", 0, "REQOK,1"},
			{"", 99, ""},
			{"", 2, "MSGFAIL,S,1,38,Message skipped: it came too late MSGDONE,S,2,got:b"},
			{"LS_reqId=2&LS_message=a&LS_sequence=S&LS_msg_prog=1", 0, "REQERR,2,32," + again},
		}, "S2:b"},
		{"several are missing", []step{
			{"LS_reqId=1&LS_message=d&LS_sequence=S&LS_msg_prog=4&LS_max_wait=100", 0, "REQOK,1"},
			{"LS_reqId=2&LS_message=f&LS_sequence=S&LS_msg_prog=6&LS_max_wait=0", 0, "REQOK,2"},
			{"", 2, "MSGFAIL,S,3,39,3 MSGFAIL,S,5,38,Message skipped: it came too late MSGDONE,S,4,got:d MSGDONE,S,6,got:f"},
		}, "S4:d S6:f"},
		{"the server's own patience", []step{
			{"LS_reqId=1&LS_message=b&LS_sequence=S&LS_msg_prog=2", 0, "REQOK,1"},
			{"", 29_999, "PROBE"},
			{"", 2, "MSGFAIL,S,1,38,Message skipped: it came too late MSGDONE,S,2,got:b"},
		}, "S2:b"},
		{"too many", []step{
			{"LS_reqId=1&LS_message=b&LS_sequence=S&LS_msg_prog=2\r\nLS_reqId=2&LS_message=c&LS_sequence=S&LS_msg_prog=3\r\nLS_reqId=3&LS_message=d&LS_sequence=S&LS_msg_prog=4\r\nLS_reqId=4&LS_message=e&LS_sequence=S&LS_msg_prog=5", 0,
				"REQOK,1 REQOK,2 REQOK,3 REQERR,4,68,Too many messages that wait: at most 3 (limits.messages_per_session)"},
		}, ""},
		{"the reserved name", []step{{"LS_reqId=1&LS_message=b&LS_sequence=UNORDERED_MESSAGES&LS_msg_prog=2", 0, "REQERR,1,68,Reserved LS_sequence: UNORDERED_MESSAGES"}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := new(listener)
			d := newDesk(t, Config{Limits: Limits{Messages: 3}}, m)
			d.open()
			for _, s := range c.steps {
				d.now += s.wait * 1e6
				if s.request != "" {
					d.link.Message([]byte("msg\r\n" + s.request))
				}
				d.settle()
				if got := d.conn.said(); got != s.want {
					t.Errorf("%q: %q, want %q", s.request, got, s.want)
				}
			}
			if got := strings.Join(m.heard, " "); got != c.heard {
				t.Errorf("the adapter heard %q, want %q", got, c.heard)
			}
		})
	}
}

func TestMessagesWithoutAListener(t *testing.T) {
	d := newDesk(t, Config{}, struct{ adapters.MetadataAdapter }{simMetadata{}})
	d.open()
	d.link.Message([]byte("msg\r\nLS_reqId=1&LS_message=hi&LS_msg_prog=1"))
	d.settle()
	if got, want := d.conn.said(), "REQERR,1,34,Nobody listens to messages here"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestOlderClientsGetNoAnswerToMessages(t *testing.T) {
	d := newDesk(t, Config{}, new(listener))
	d.link.SetVersion(protocol.V24)
	d.open()
	d.link.Message([]byte("msg\r\nLS_reqId=1&LS_message=hi&LS_msg_prog=1"))
	d.settle()
	if got, want := d.conn.said(), "REQOK,1 MSGDONE,*,1"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A client that sends faster than its messages are handled is not read on, and then
// goes on.
func TestMessagesHoldTheReadingBack(t *testing.T) {
	m := new(listener)
	d := newDesk(t, Config{Limits: Limits{Messages: 8}}, m)
	d.open()
	sent := 0
	for range 20 {
		for !d.link.Paused() && sent < 100 {
			sent++
			d.link.Message(fmt.Appendf(nil, "msg\r\nLS_reqId=%d&LS_message=m&LS_sequence=S&LS_msg_prog=%d&LS_ack=false", sent, sent))
		}
		if sent < 100 && !d.link.Paused() {
			t.Fatal("the connection is read on")
		}
		d.settle()
		d.settle()
	}
	if got := d.conn.said(); strings.Contains(got, "REQERR") || len(m.heard) != sent || sent < 50 {
		t.Errorf("%d of %d messages were handled: %.200s", len(m.heard), sent, got)
	}
}

func TestLooseNumbers(t *testing.T) {
	var m loose
	for n := int64(2); n <= looseMax+10; n++ { // 1 never comes
		m.take(n)
		m.done(n)
	}
	if len(m.beyond) > looseMax || len(m.under) != 0 {
		t.Errorf("%d numbers are remembered, %d under way", len(m.beyond), len(m.under))
	}
	if _, code := m.knows(1); code != protocol.ReqMessageRepeated {
		t.Errorf("a number that was given up gets code %d", code)
	}
}
