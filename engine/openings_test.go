package engine

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// short is a Data Adapter whose runs end at once, and which is subscribed in each.
type short struct{ subscribed chan string }

func (s short) Run(ctx context.Context, _ adapters.Feed) error {
	select {
	case <-s.subscribed:
	case <-ctx.Done():
	}
	return adapters.ErrAgain
}

func (s short) Subscribe(ctx context.Context, item adapters.Item) (adapters.SnapshotKind, error) {
	select {
	case s.subscribed <- item.Name():
		return adapters.NoSnapshot, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (short) Unsubscribe(adapters.Item) {}

// What is wanted is opened in each run, however quickly they follow each other: the
// end of one does not reach into the next.
func TestRunsThatFollowQuickly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{}, simMetadata{})
		d.source.adapter = short{make(chan string)}
		d.open()
		d.link.Message([]byte("control\r\nLS_reqId=1&LS_op=add&LS_subId=1&LS_mode=MERGE&LS_group=i&LS_schema=f"))
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() {
			d.source.run(ctx)
			close(ended)
		}()
		for range 2000 {
			for len(d.engine.requests.queue) > 0 {
				d.engine.requests.step(ctx, <-d.engine.requests.queue)
			}
			d.step()
			<-time.After(time.Millisecond)
		}
		if n := d.source.stats.restarts.Load(); n < 1900 {
			t.Errorf("only %d runs: the next one waits for what nobody subscribes", n)
		}
		cancel()
		<-ended
	})
}

// An item that is let go of while a run ends is forgotten in the next one.
func TestAnItemThatIsLetGoAtTheEndOfARun(t *testing.T) {
	d := newDesk(t, Config{}, simMetadata{})
	d.open()
	d.link.Message([]byte("control\r\nLS_reqId=1&LS_op=add&LS_subId=1&LS_mode=MERGE&LS_group=i&LS_schema=f"))
	d.settle()
	d.link.Message([]byte("control\r\nLS_reqId=2&LS_op=delete&LS_subId=1"))
	d.step() // the shard lets it go
	over, cancel := context.WithCancel(t.Context())
	cancel()
	d.source.open.step(over, d.source)
	if n := len(d.engine.shards[0].items); n != 1 {
		t.Fatalf("%d items", n)
	}
	d.source.open.reset()
	d.settle()
	if n := len(d.engine.shards[0].items); n != 0 {
		t.Errorf("%d items are still there", n)
	}
}
