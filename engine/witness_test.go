package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// watcher is a Metadata Adapter that writes down what it is told.
type watcher struct {
	strict
	seen []string
}

func (w *watcher) Notice(_ context.Context, n adapters.Notice) {
	kind := map[adapters.NoticeKind]string{
		adapters.SessionOpened: "+", adapters.SessionClosed: "-", adapters.SubscriptionOpened: "+", adapters.SubscriptionClosed: "-",
	}[n.Kind]
	if n.Subscription == 0 {
		w.seen = append(w.seen, fmt.Sprint(kind, n.Session, "/", n.User, "/", n.Address))
		return
	}
	w.seen = append(w.seen, fmt.Sprint(kind, n.Session, "/", n.Subscription, "/", n.DataAdapter, "/", n.Mode, n.Items))
}

// deliver delivers the notices that wait, and returns what was told.
func (d *desk) deliver(w *watcher) string {
	for _, queue := range d.engine.witnesses.queues {
		for len(queue) > 0 {
			d.engine.witnesses.step(context.Background(), <-queue)
		}
	}
	defer func() { w.seen = nil }()
	return strings.Join(w.seen, " ")
}

func TestNotices(t *testing.T) {
	const add = "LS_op=add&LS_mode=MERGE&LS_schema=f&LS_group="
	w := &watcher{strict: strict{permit: adapters.Permit{MaxSubscriptions: 2}}}
	d := newStrictDesk(t, Config{}, w)
	expect := func(when, want string) {
		t.Helper()
		if got := d.deliver(w); got != want {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	k, c, _ := d.as("ann", "")
	expect("a session", "+S1/ann/127.0.0.1")
	d.ask(k, c, add+"i&LS_reqId=1&LS_subId=1\r\n"+add+"i%20j&LS_reqId=2&LS_subId=2")
	expect("two subscriptions", "+S1/1/DEFAULT/MERGE [i] +S1/2/DEFAULT/MERGE [i j]")
	d.ask(k, c, add+"i&LS_reqId=1&LS_subId=3")
	expect("one too many", "")
	d.ask(k, c, "LS_reqId=3&LS_op=delete&LS_subId=2")
	expect("a subscription less", "-S1/2/DEFAULT/MERGE [i j]")
	d.ask(k, c, add+"i&LS_reqId=4&LS_subId=4\r\nLS_reqId=5&LS_op=delete&LS_subId=4")
	expect("one that was cancelled before it was decided", "")
	k.Message([]byte("control\r\n" + add + "i&LS_reqId=6&LS_subId=5\r\nLS_reqId=7&LS_op=destroy"))
	d.settle()
	expect("the end, with a subscription undecided", "-S1/1/DEFAULT/MERGE [i] -S1/ann/127.0.0.1")
	k, _, _ = d.as("bob", "\r\n"+add+"i&LS_subId=1")
	expect("a session with its subscription", "+S2/bob/127.0.0.1 +S2/1/DEFAULT/MERGE [i]")
	d.as("bob", strings.Repeat("\r\n"+add+"i&LS_subId=1", 2))
	d.as("bob", "\r\n"+add+"i&LS_subId=1\r\n"+add+"i&LS_subId=2\r\n"+add+"i&LS_subId=3")
	w.refuses = adapters.ErrCredentials
	d.as("eve", "")
	expect("sessions that were refused", "")
	k.Closed()
	d.settle()
	expect("a connection that broke", "")
	d.now += 21e9
	d.settle()
	expect("a client that does not come back", "-S2/1/DEFAULT/MERGE [i] -S2/bob/127.0.0.1")
	if f := d.engine.Stats().Notices; f != (NoticeStats{Told: 10}) {
		t.Errorf("the figures are %+v", f)
	}
}

func TestNoticesThatDoNotFit(t *testing.T) {
	w := &watcher{}
	d := newStrictDesk(t, Config{RequestQueue: 2, RequestWorkers: 1}, w)
	for range 3 {
		k, c, _ := d.as("ann", "")
		d.ask(k, c, "LS_reqId=1&LS_op=destroy")
	}
	if f := d.engine.Stats().Notices; f != (NoticeStats{Waiting: 2, Lost: 4}) {
		t.Errorf("the figures are %+v", f)
	}
	if got, want := d.deliver(w), "+S1/ann/127.0.0.1 -S1/ann/127.0.0.1"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}

// When the server stops, the last notices are still delivered.
func TestTheLastNotices(t *testing.T) {
	w := &watcher{}
	d := newStrictDesk(t, Config{RequestWorkers: 1}, w)
	d.as("ann", "")
	d.as("bob", "")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	cancel()
	d.engine.witnesses.work(ctx, d.engine.witnesses.queues[0])
	if got, want := strings.Join(w.seen, " "), "+S1/ann/127.0.0.1 +S2/bob/127.0.0.1"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}
