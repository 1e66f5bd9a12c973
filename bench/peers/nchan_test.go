//go:build linux

package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestPoster(t *testing.T) {
	var mu sync.Mutex
	got := make(map[string][]string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got[r.URL.Path] = append(got[r.URL.Path], string(body))
		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()
	p, err := dialPoster(server.Listener.Addr().String(), []string{"10,11", "", "12"})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.publish([]byte("~0|1|5\n~2|1|5\n~1|1|5\n~0|2|6\n")); err != nil {
		t.Fatal(err)
	}
	complete := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(got["/pub/10,11"]) == 2 && len(got["/pub/12"]) == 1
	}
	for !complete() {
		time.Sleep(time.Millisecond)
	}
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	if want := []string{"~0|1|5", "~0|2|6"}; !slices.Equal(got["/pub/10,11"], want) || len(got) != 2 {
		t.Errorf("got %v, want %v", got, want)
	}
	if err := p.publish([]byte("~9|1|5\n")); err == nil {
		t.Error("an item that there is not can be published")
	}
}

func TestRoutes(t *testing.T) {
	plain, routed := route(false, 50), route(true, 50)
	draw := drawn()
	for client := range 50 {
		for _, item := range draw(client) {
			if !slices.Contains(strings.Split(routed[item], ","), fmt.Sprint(client)) || plain[item] != fmt.Sprint(item) {
				t.Fatalf("item %d goes to %q and %q, client %d wants it", item, plain[item], routed[item], client)
			}
		}
	}
}
