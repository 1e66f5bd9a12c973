//go:build linux

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// collector is a publisher that keeps the lines.
type collector struct {
	mu    sync.Mutex
	lines []string
	fail  error
}

func (c *collector) publish(lines []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for line := range strings.Lines(string(lines)) {
		c.lines = append(c.lines, strings.TrimSuffix(line, "\n"))
	}
	return c.fail
}

func (c *collector) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.lines)
}

func TestFeed(t *testing.T) {
	c := new(collector)
	f, err := startFeed(c, 3, 200)
	if err != nil {
		t.Fatal(err)
	}
	for c.count() < 9 {
		time.Sleep(time.Millisecond)
	}
	if err := f.stop(); err != nil {
		t.Fatal(err)
	}
	seen := make([]uint64, 3)
	for _, line := range c.lines {
		parts := strings.Split(line, "|")
		item, _ := parseNumber(strings.TrimPrefix(parts[0], "~"))
		seen[item]++
		if len(parts) != 6 || parts[1] != fmt.Sprint(seen[item]) || len(parts[3]) != 4 {
			t.Fatalf("line %q, number %d of its item", line, seen[item])
		}
	}
	if !slices.Equal(seen, f.last) {
		t.Errorf("the feed's last numbers are %v, the lines' are %v", f.last, seen)
	}
}

func TestFeedEndsWhenThePeerDoes(t *testing.T) {
	gone := errors.New("gone")
	f, err := startFeed(&collector{fail: gone}, 3, 200)
	if err != nil {
		t.Fatal(err)
	}
	<-f.ended
	if err := f.stop(); !errors.Is(err, gone) {
		t.Errorf("got %v, want %v", err, gone)
	}
}
