package plugin

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/halley-stream/halley/adapters"
)

// caller is a Data Adapter that keeps the calls, and waits in Subscribe where the name
// says so.
type caller struct {
	mu    sync.Mutex
	calls []string
}

func (c *caller) say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, fmt.Sprintf(format, args...))
}

func (c *caller) Run(context.Context, adapters.Feed) error { return nil }

func (c *caller) Subscribe(ctx context.Context, item adapters.Item) (adapters.SnapshotKind, error) {
	c.say("subscribe %s %d", item.Name(), item.Ref())
	switch item.Name() {
	case "waits":
		<-ctx.Done()
		c.say("given up")
		return 0, ctx.Err()
	case "late":
		<-ctx.Done() // and succeeds all the same
	case "unknown":
		return 0, adapters.ErrUnknownItem
	}
	return adapters.NoSnapshot, nil
}

func (c *caller) Unsubscribe(item adapters.Item) { c.say("unsubscribe %s %d", item.Name(), item.Ref()) }

// TestNobodyAsksAfterTheEnd has the server ask for an item, and take it back, when Run
// has returned. An adapter was called that had put away all it holds.
func TestNobodyAsksAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSending(t)
		a := new(caller)
		wants := newTurns(s.out.ctx, a, s.out)
		wants.subscribe(1, "IBM")
		synctest.Wait()
		s.cancel()
		wants.wait()
		wants.subscribe(2, "AIG")
		wants.unsubscribe(1)
		wants.unsubscribe(2)
		synctest.Wait()
		if got := strings.Join(a.calls, ", "); got != "subscribe IBM 1" {
			t.Errorf("the calls are %s", got)
		}
		if err := s.end(); err != nil {
			t.Error(err)
		}
	})
}

func TestCallsOfANameComeInTurn(t *testing.T) {
	for _, c := range []struct {
		name, item string
		calls      string
	}{
		{"one life after the other", "IBM", "subscribe IBM 1, unsubscribe IBM 1, subscribe IBM 2"},
		{"what waits is given up", "waits", "subscribe waits 1, given up, subscribe waits 2"},
		{"what succeeds too late is unsubscribed", "late", "subscribe late 1, unsubscribe late 1, subscribe late 2"},
		{"what was refused is not", "unknown", "subscribe unknown 1, subscribe unknown 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSending(t)
				a := new(caller)
				wants := newTurns(s.out.ctx, a, s.out)
				wants.subscribe(1, c.item)
				synctest.Wait()
				wants.unsubscribe(1)
				wants.subscribe(2, c.item)
				synctest.Wait()
				if got := strings.Join(a.calls, ", "); got != c.calls {
					t.Errorf("the calls are %s, want %s", got, c.calls)
				}
				s.cancel()
				wants.wait()
				if err := s.end(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
