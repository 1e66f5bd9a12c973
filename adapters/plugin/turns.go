package plugin

import (
	"context"
	"sync"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/plugin/internal/wire"
	adapterv1 "github.com/halley-stream/halley/adapters/plugin/proto/halley/adapter/v1"
)

// turns calls Subscribe and Unsubscribe: of one name strictly in turn, of several at
// the same time. The server has but a few calls under way, so there is a goroutine
// for each name that has any.
type turns struct {
	ctx     context.Context // of the session
	adapter adapters.DataAdapter
	out     *sender
	calls   sync.WaitGroup

	mu    sync.Mutex
	over  bool                // no call begins any more
	names map[string][]func() // by name: the calls that wait behind the one that is under way
	lives map[uint64]*life    // by number
}

// life is an item from Subscribe to Unsubscribe.
type life struct {
	item   adapters.Item
	ctx    context.Context // of Subscribe
	cancel func()
	open   bool // Subscribe has succeeded; belongs to the name's calls
}

func newTurns(ctx context.Context, a adapters.DataAdapter, out *sender) *turns {
	return &turns{ctx: ctx, adapter: a, out: out, names: make(map[string][]func()), lives: make(map[uint64]*life)}
}

// wait waits for the calls under way; the session has ended. What is still received from
// then on is for nobody: the adapter has put away what it holds.
func (t *turns) wait() {
	t.mu.Lock()
	t.over = true
	t.mu.Unlock()
	t.calls.Wait()
}

func (t *turns) subscribe(number uint64, name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return
	}
	l := &life{item: adapters.NewItem(name, number)}
	l.ctx, l.cancel = context.WithCancel(t.ctx)
	t.lives[number] = l
	t.enqueue(name, func() { t.open(number, l) })
}

// unsubscribe ends a life. One whose Subscribe is still under way is to end soon.
func (t *turns) unsubscribe(number uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lives[number]
	if l == nil || t.over { // it was refused in the meantime, or all have ended
		return
	}
	delete(t.lives, number)
	l.cancel()
	t.enqueue(l.item.Name(), func() {
		if l.open {
			t.adapter.Unsubscribe(l.item)
		}
	})
}

func (t *turns) open(number uint64, l *life) {
	kind, err := t.adapter.Subscribe(l.ctx, l.item)
	if err != nil {
		t.mu.Lock()
		delete(t.lives, number)
		t.mu.Unlock()
		l.cancel()
		t.out.control(&adapterv1.PluginFrame{Frame: &adapterv1.PluginFrame_Refused{
			Refused: &adapterv1.Refused{Item: number, Refusal: wire.RefusalOf(err)},
		}})
		return
	}
	l.open = true
	t.out.control(&adapterv1.PluginFrame{Frame: &adapterv1.PluginFrame_Subscribed{
		Subscribed: &adapterv1.Subscribed{Item: number, Snapshot: kind == adapters.WithSnapshot},
	}})
}

// enqueue makes a call when those of its name before it have been made. t.mu is
// held.
func (t *turns) enqueue(name string, call func()) {
	waiting, busy := t.names[name]
	if busy {
		t.names[name] = append(waiting, call)
		return
	}
	t.names[name] = nil
	t.calls.Go(func() {
		for call != nil {
			call()
			call = t.next(name)
		}
	})
}

// next returns the next call of a name, or nil. When the session is over nobody wants
// any more.
func (t *turns) next(name string) func() {
	t.mu.Lock()
	defer t.mu.Unlock()
	waiting := t.names[name]
	if len(waiting) == 0 || t.ctx.Err() != nil {
		delete(t.names, name)
		return nil
	}
	t.names[name] = waiting[1:]
	return waiting[0]
}
