package demo

import (
	"sync"

	"github.com/halley-stream/halley/adapters"
)

// wants is which items the engine wants of an adapter: Subscribe and Unsubscribe
// write it, from any goroutine, and Run reads it. None of its methods waits.
type wants struct {
	changed chan struct{} // says that there is something to look at

	mu    sync.Mutex
	items []adapters.Item // by index; the zero Item is not wanted
}

func newWants(n int) *wants {
	return &wants{changed: make(chan struct{}, 1), items: make([]adapters.Item, n)}
}

func (w *wants) set(i int, item adapters.Item) {
	w.mu.Lock()
	w.items[i] = item
	w.mu.Unlock()
	select {
	case w.changed <- struct{}{}:
	default: // it has been said
	}
}

// unset forgets an item, unless another life of it has begun.
func (w *wants) unset(i int, item adapters.Item) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.items[i] == item {
		w.items[i] = adapters.Item{}
	}
}

// clear forgets all items, at the end of Run.
func (w *wants) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.items)
}

// look brings known up to date and calls begin, which may wait, for each item in
// it that is new. It reports whether any item is wanted.
func (w *wants) look(known []adapters.Item, begin func(i int, item adapters.Item)) (any bool) {
	for i := range known {
		w.mu.Lock()
		item := w.items[i]
		w.mu.Unlock()
		begun := item != known[i]
		known[i] = item
		if item == (adapters.Item{}) {
			continue
		}
		any = true
		if begun {
			begin(i, item)
		}
	}
	return any
}
