package host

import "sync"

// place holds a value that others wait for. Its methods may be called from any
// goroutine.
type place[T any] struct {
	mu      sync.Mutex
	value   T
	changed chan struct{} // closed at the next change; nil while nobody waits
}

func (p *place[T]) set(value T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.value = value
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

// get returns the value, and a channel that is closed when there is another.
func (p *place[T]) get() (T, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return p.value, p.changed
}
