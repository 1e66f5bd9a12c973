// Command pulse is the plugin of a test: each of its items tells the process that it
// comes from, and counts in it.
package main

import (
	"context"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/plugin"
)

func main() { plugin.Serve(plugin.Data(&pulse{wanted: make(map[adapters.Item]bool)})) }

type pulse struct {
	mu     sync.Mutex
	wanted map[adapters.Item]bool // and whether the snapshot has been sent
}

// last is what the items count up to.
const last = 20

// Run lets all wanted items count, ten times a second.
func (p *pulse) Run(ctx context.Context, feed adapters.Feed) error {
	w := adapters.NewWriter(feed)
	pid := strconv.Itoa(os.Getpid())
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		for item, told := range p.items() {
			say := w.Update
			if !told {
				say = w.Snapshot
			}
			if n > last && told {
				continue
			}
			if err := say(ctx, item, map[string]string{"pid": pid, "n": strconv.Itoa(min(n, last))}); err != nil {
				return err
			}
			p.told(item)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (p *pulse) items() map[adapters.Item]bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make(map[adapters.Item]bool, len(p.wanted))
	for item, told := range p.wanted {
		all[item] = told
	}
	return all
}

func (p *pulse) told(item adapters.Item) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.wanted[item]; ok {
		p.wanted[item] = true
	}
}

func (p *pulse) Subscribe(_ context.Context, item adapters.Item) (adapters.SnapshotKind, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted[item] = false
	return adapters.WithSnapshot, nil
}

func (p *pulse) Unsubscribe(item adapters.Item) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.wanted, item)
}
