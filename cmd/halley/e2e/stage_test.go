package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"
)

// stage is where the scenarios of calls are played: an HTTP server that has the
// page and the scripts for a browser, gives each scenario a world, and hears how it
// went. Pages come from here, so Halley is of another origin to them.
type stage struct {
	url string

	mu      sync.Mutex
	worlds  map[string]*world
	last    int
	plan    []string // the names of all runs
	results map[string]outcome
	changed chan struct{} // closed and replaced at each result
}

// webClient is the official client for browsers.
const webClient = "node_modules/lightstreamer-client-web/lightstreamer.min.js"

// outcome is how a run of a scenario went.
type outcome struct {
	Name    string
	Error   string // empty: well
	Skipped string // why it was not played
	Log     string
	Millis  float64
}

// newStage opens a stage, which closes with the test.
func newStage(t testing.TB) *stage {
	t.Helper()
	s := &stage{worlds: make(map[string]*world), results: make(map[string]outcome), changed: make(chan struct{})}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServer(http.Dir("calls")))
	mux.HandleFunc("GET /client.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, webClient) })
	mux.HandleFunc("POST /worlds", answer(s.open))
	mux.HandleFunc("POST /worlds/{world}", answer(s.order))
	mux.HandleFunc("DELETE /worlds/{world}", answer(s.leave))
	mux.HandleFunc("POST /plan", answer(s.planned))
	mux.HandleFunc("POST /results", answer(s.ended))
	server := httptest.NewServer(mux)
	s.url = server.URL
	t.Cleanup(func() {
		server.Close()
		for id, w := range s.worlds {
			if err := w.close(); err != nil {
				t.Errorf("world %s: %v", id, err)
			}
		}
	})
	return s
}

// answer makes a handler of a function that is given a request and returns what is
// to be answered.
func answer(do func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		value, err := do(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(value) // who has gone needs no answer
	}
}

// open makes a world.
func (s *stage) open(r *http.Request) (any, error) {
	var wanted setting
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
		return nil, err
	}
	w, err := newWorld(wanted)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	id := strconv.Itoa(s.last)
	s.worlds[id] = w
	return map[string]string{"id": id, "url": "http://" + w.network.address, "link": w.config.ControlLink}, nil
}

func (s *stage) world(r *http.Request) (string, *world, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.PathValue("world")
	if w := s.worlds[id]; w != nil {
		return id, w, nil
	}
	return id, nil, fmt.Errorf("there is no world %q", id)
}

func (s *stage) order(r *http.Request) (any, error) {
	_, w, err := s.world(r)
	if err != nil {
		return nil, err
	}
	var o order
	if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
		return nil, err
	}
	return w.carryOut(&o)
}

// leave ends a world.
func (s *stage) leave(r *http.Request) (any, error) {
	id, w, err := s.world(r)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	delete(s.worlds, id)
	s.mu.Unlock()
	return nil, w.close()
}

// planned takes the names of all runs.
func (s *stage) planned(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.change()
	return nil, json.NewDecoder(r.Body).Decode(&s.plan)
}

// ended takes how a run went.
func (s *stage) ended(r *http.Request) (any, error) {
	var o outcome
	if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results[o.Name] = o
	s.change()
	return nil, nil
}

func (s *stage) change() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// runs waits for the plan and returns it.
func (s *stage) runs(t *testing.T) []string {
	t.Helper()
	var plan []string
	waitFor(t, "the scenarios to begin", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		plan = s.plan
		return len(plan) > 0
	})
	return plan
}

// result waits for the result of a run, until a deadline.
func (s *stage) result(name string, deadline <-chan time.Time) (outcome, bool) {
	for {
		s.mu.Lock()
		o, ok := s.results[name]
		changed := s.changed
		s.mu.Unlock()
		if ok {
			return o, true
		}
		select {
		case <-changed:
		case <-deadline:
			return o, false
		}
	}
}
