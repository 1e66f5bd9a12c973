package engine

import (
	"context"
	"fmt"
	"testing"

	"github.com/halley-stream/halley/adapters"
)

// A table whose snapshot was lost on the way is told anew. It begins with CS only if
// some of it had arrived: there may be rows that are not there any more.
func TestRecoveryOfASnapshot(t *testing.T) {
	const (
		head = "SUBCMD,1,1,3,1,2 CONF,1,unlimited,filtered"
		rows = "U,1,1,a|ADD|1 U,1,1,b|ADD|2 EOS,1,1"
	)
	for _, c := range []struct {
		has  int // lines
		want string
	}{
		{0, head + " " + rows},
		{1, "CONF,1,unlimited,filtered " + rows},
		{2, rows},
		{3, "CS,1,1 " + rows},
		{4, "EOS,1,1"},
		{5, ""},
	} {
		t.Run(fmt.Sprintf("%d lines had come", c.has), func(t *testing.T) {
			d := newDesk(t, Config{}, simMetadata{})
			d.publishTable(t)
			d.open()
			d.link.Message([]byte("control\r\nLS_reqId=1&LS_op=add&LS_subId=1&LS_mode=COMMAND&LS_group=c&LS_schema=key%20command%20v&LS_snapshot=true&LS_ack=false"))
			d.settle()
			if got, want := d.conn.said(), head+" "+rows; got != want {
				t.Fatalf("%q, want %q", got, want)
			}
			d.link.Closed()
			d.conn = new(recorder)
			d.link = d.newLink(d.conn)
			d.link.Message(fmt.Appendf(nil, "bind_session\r\nLS_session=S1&LS_recovery_from=%d&LS_send_sync=false&LS_reduce_head=true", c.has))
			d.settle()
			want := fmt.Sprintf("CONOK,S1,50000,5000,* PROG,%d", c.has)
			if c.want != "" {
				want += " " + c.want
			}
			if got := d.conn.said(); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

// publishTable publishes the item c, with the rows a and b.
func (d *desk) publishTable(t *testing.T) {
	t.Helper()
	d.feed = newFeed(context.Background(), d.source)
	item, err := d.feed.Publish("c", adapters.Command, adapters.WithSnapshot)
	if err != nil {
		t.Fatal(err)
	}
	var fields []adapters.Field
	for _, name := range []string{adapters.KeyField, adapters.CommandField, "v"} {
		f, err := d.feed.Field(name)
		if err != nil {
			t.Fatal(err)
		}
		fields = append(fields, f)
	}
	batch := <-d.feed.free
	for _, row := range [][]string{{"a", "1"}, {"b", "2"}} {
		batch.Update(item, fields, [][]byte{[]byte(row[0]), []byte(adapters.CommandAdd), []byte(row[1])})
	}
	batch.EndOfSnapshot(item)
	batch.Send()
	d.settle()
}

// However many subscribers come and go, a session knows those whose lines it
// remembers, and hardly more.
func TestTellersOfForgottenLinesAreDismissed(t *testing.T) {
	const most = 16
	s := &Session{loop: &Loop{engine: &Engine{cfg: Config{Past: most}}}, outlet: new(outlet)}
	var last [2 * most]*subscriber
	for i := range 10 * most {
		sub := new(subscriber)
		for range 2 { // two lines each
			s.count++
			s.remember(sub, nil, pastLine{before: s.count - 1, kind: pastUpdate})
		}
		last[i%len(last)] = sub
	}
	if n := len(s.past.lines.tellers); n > most {
		t.Errorf("%d tellers of %d lines", n, s.past.lines.n)
	}
	for line, teller := range s.past.lines.all() {
		at := (line.before / 2) % uint64(len(last))
		if teller.sub != last[at] {
			t.Errorf("line %d is another subscriber's", line.before)
		}
	}
}

// The lines are a queue, whatever comes and goes.
func TestPastLinesAreAQueue(t *testing.T) {
	var p pastLines
	var want []uint64
	next := uint64(0)
	for step := range 2000 {
		for range step * 7 % 23 {
			p.push(pastLine{before: next})
			want = append(want, next)
			next++
		}
		n := min(len(want), step*11%25)
		p.drop(n)
		want = want[n:]
		if p.n != len(want) {
			t.Fatalf("step %d: %d lines, want %d", step, p.n, len(want))
		}
		for i, before := range want {
			if got := p.at(i).before; got != before {
				t.Fatalf("step %d: line %d is %d, want %d", step, i, got, before)
			}
		}
		if most := 2 + (len(want)+50)/pieceLines; len(p.pieces) > most+8 {
			t.Fatalf("step %d: %d pieces for %d lines", step, len(p.pieces), len(want))
		}
	}
}
