package load

import (
	"sync"

	"github.com/halley-stream/halley/adapters"
)

// wants is a list of what Subscribe and Unsubscribe, called from any goroutine, have
// to tell Run. It is as long as the changes that Run has not looked at yet.
type wants struct {
	changed chan struct{} // says that there is something to look at

	mu   sync.Mutex
	list []want
}

// want is an item whose life begins, or ends, or to which something is said.
type want struct {
	index int
	item  adapters.Item
	ends  bool
	said  *said
}

func newWants() *wants { return &wants{changed: make(chan struct{}, 1)} }

func (w *wants) add(x want) {
	w.mu.Lock()
	w.list = append(w.list, x)
	w.mu.Unlock()
	select {
	case w.changed <- struct{}{}:
	default: // it has been said
	}
}

// take returns the list and puts an empty one, which is given, in its place.
func (w *wants) take(empty []want) []want {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.list
	w.list = empty[:0]
	return list
}
