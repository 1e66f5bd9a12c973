package engine

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ageing is a connection that notes when each subscription was updated.
type ageing struct {
	recorder
	now     *int64
	updates map[int][]int64
	bytes   int64
}

func (a *ageing) Send(buf []byte, _ bool) error {
	for line := range bytes.Lines(buf[Headroom:]) {
		if !bytes.HasPrefix(line, []byte("U,")) {
			continue
		}
		a.bytes += int64(len(line))
		sub, _, _ := strings.Cut(string(line[2:]), ",")
		n, _ := strconv.Atoi(sub)
		a.updates[n] = append(a.updates[n], *a.now)
	}
	return nil
}

// 100 items at 10 updates a second, within 20 kbit/s: they take turns.
func TestBandwidthIsSharedInTurns(t *testing.T) {
	const (
		items  = 100
		kbps   = 20
		length = 60 * time.Second
	)
	b := newBench(t, items, 0, nil)
	conn := &ageing{now: &b.now, updates: make(map[int][]int64)}
	k := b.engine.loops[0].NewLink(conn, true, "127.0.0.1")
	k.Message(fmt.Appendf(nil, "create_session\r\nLS_cid=x&LS_send_sync=false&LS_requested_max_bandwidth=%d", kbps))
	b.settle()
	all := make([]int, items)
	for i := range all {
		all[i] = i
		k.Message(fmt.Appendf(nil, "control\r\nLS_reqId=%d&LS_op=add&LS_subId=%d&LS_mode=MERGE&LS_group=i%d&LS_schema=last%%20bid%%20ask%%20size%%20time", i+1, i+1, i))
	}
	b.settle()
	for end := b.now + int64(length); b.now < end; {
		if b.now/1e8 != (b.now+1e6)/1e8 {
			b.tick(all...)
		}
		b.now += 1e6
		b.step()
	}
	const perSecond = kbps * 1000 / 8
	if used := float64(conn.bytes) / length.Seconds() / perSecond; used > 1 || used < 0.85 {
		t.Errorf("%.1f %% of the bandwidth was used", 100*used)
	}
	total := 0
	least, most := len(conn.updates[1]), 0
	for i := range items {
		n := len(conn.updates[i+1])
		total += n
		least, most = min(least, n), max(most, n)
	}
	if most-least > 1 {
		t.Errorf("items were updated %d to %d times", least, most)
	}
	round := length.Seconds() * items / float64(total)
	for sub, at := range conn.updates {
		for i := 1; i < len(at); i++ {
			if age := float64(at[i]-at[i-1]) / 1e9; age > 1.25*round {
				t.Errorf("item %d waited for %.2f s, a round takes %.2f s", sub, age, round)
			}
		}
	}
}

func TestBandwidthRequests(t *testing.T) {
	d := newDesk(t, Config{}, simMetadata{})
	d.link.Message([]byte("create_session\r\nLS_cid=x&LS_send_sync=false&LS_requested_max_bandwidth=30.5"))
	d.settle()
	if got := d.conn.said(); !strings.HasSuffix(got, " CONS,30.5") {
		t.Errorf("created: %q", got)
	}
	for _, c := range []struct{ allowed, asked, want string }{
		{"0", "20.1", "REQOK,1 CONS,20.1"},
		{"0", "unlimited", "REQOK,1 CONS,unlimited"},
		{"10", "20.1", "REQOK,1 CONS,10"},
		{"10", "unlimited", "REQOK,1 CONS,10"},
		{"10", "5", "REQOK,1 CONS,5"},
	} {
		d.link.session.bandwidth.allowed, _ = strconv.ParseFloat(c.allowed, 64)
		d.link.Message([]byte("control\r\nLS_reqId=1&LS_op=constrain&LS_requested_max_bandwidth=" + c.asked))
		d.settle()
		if got := d.conn.said(); sorted(got) != sorted(c.want) {
			t.Errorf("%s of %s allowed: %q, want %q", c.asked, c.allowed, got, c.want)
		}
	}
}

// However little is allowed, one line goes through each second; answers to requests
// do not wait at all.
func TestALittleBandwidth(t *testing.T) {
	b := newBench(t, 1, 0, nil)
	conn := &ageing{now: &b.now, updates: make(map[int][]int64)}
	k := b.engine.loops[0].NewLink(conn, true, "127.0.0.1")
	k.Message([]byte("create_session\r\nLS_cid=x&LS_send_sync=false&LS_requested_max_bandwidth=0.001"))
	b.settle()
	k.Message([]byte("control\r\nLS_reqId=1&LS_op=add&LS_subId=1&LS_mode=MERGE&LS_group=i0&LS_schema=last"))
	b.settle()
	for end := b.now + 30e9; b.now < end; b.now += 1e6 {
		if b.now%1e8 == 0 {
			b.tick(0)
		}
		b.step()
	}
	if n := len(conn.updates[1]); n < 28 || n > 31 {
		t.Errorf("%d updates in 30 s", n)
	}
}
