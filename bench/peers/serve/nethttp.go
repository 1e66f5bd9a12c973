//go:build linux

package serve

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// serveHTTP is a server-sent-events server as one writes it with the standard library
// only, a goroutine per client. Plain, it writes and flushes each update; or it gathers
// what comes while it writes, which is a little more work for the author.
func serveHTTP(c Config, ticks io.Reader, stdout io.Writer) error {
	s := &events{items: make([]listeners, c.Items), join: newPlainListener}
	if c.Gather {
		s.join = func() listener { return newGatherer(c.Delay) }
	}
	if err := listen(s, stdout); err != nil {
		return err
	}
	return eachTick(ticks, s.publish)
}

// events are the clients by item.
type events struct {
	items []listeners
	join  func() listener
}

type listeners struct {
	mu  sync.RWMutex
	all []listener
}

// listener is a client.
type listener interface {
	// add takes an update, of which it may keep the event, but not change it.
	add(event []byte)
	// serve writes until the client is gone.
	serve(ctx context.Context, write func([]byte) error)
}

func (s *events) publish(item int, update []byte) error {
	if item >= len(s.items) {
		return fmt.Errorf("no item %d", item)
	}
	event := make([]byte, 0, len(update)+8)
	event = append(event, "data: "...)
	event = append(event, update...)
	event = append(event, "\n\n"...)
	l := &s.items[item]
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, client := range l.all {
		client.add(event)
	}
	return nil
}

// ServeHTTP serves a client: GET /?items=1,2,3.
func (s *events) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	client := s.join()
	for text := range strings.SplitSeq(r.URL.Query().Get("items"), ",") {
		item, err := strconv.Atoi(text)
		if err != nil || item < 0 || item >= len(s.items) {
			http.Error(w, "no such item", http.StatusBadRequest)
			return
		}
		s.items[item].join(client)
		defer s.items[item].leave(client)
	}
	flusher := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	if flusher.Flush() != nil {
		return
	}
	client.serve(r.Context(), func(b []byte) error {
		if _, err := w.Write(b); err != nil {
			return err
		}
		return flusher.Flush()
	})
}

func (l *listeners) join(client listener) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, client)
}

func (l *listeners) leave(client listener) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = slices.DeleteFunc(l.all, func(c listener) bool { return c == client })
}

// plainListener has a channel. When it is full the publisher waits, because the other
// choice is to lose updates.
type plainListener struct {
	events chan []byte
	gone   chan struct{}
}

func newPlainListener() listener {
	return &plainListener{events: make(chan []byte, 256), gone: make(chan struct{})}
}

func (l *plainListener) add(event []byte) {
	select {
	case l.events <- event:
	case <-l.gone:
	}
}

func (l *plainListener) serve(ctx context.Context, write func([]byte) error) {
	defer close(l.gone)
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-l.events:
			if write(event) != nil {
				return
			}
		}
	}
}

// gatherer has a buffer: add fills one while serve writes the other.
type gatherer struct {
	delay time.Duration
	wake  chan struct{}

	mu      sync.Mutex
	waiting []byte
}

func newGatherer(delay time.Duration) *gatherer {
	return &gatherer{delay: delay, wake: make(chan struct{}, 1)}
}

func (g *gatherer) add(event []byte) {
	g.mu.Lock()
	g.waiting = append(g.waiting, event...)
	g.mu.Unlock()
	select {
	case g.wake <- struct{}{}:
	default: // it has been said
	}
}

// take returns what waits and puts an empty buffer, which is given, in its place.
func (g *gatherer) take(empty []byte) []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	waiting := g.waiting
	g.waiting = empty[:0]
	return waiting
}

func (g *gatherer) serve(ctx context.Context, write func([]byte) error) {
	var waiting []byte
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.wake:
		}
		time.Sleep(g.delay)
		waiting = g.take(waiting)
		if write(waiting) != nil {
			return
		}
	}
}
