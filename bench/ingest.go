//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/halley-stream/halley/bench/fleet"
	"github.com/halley-stream/halley/internal/client"
	"github.com/halley-stream/halley/protocol"
)

// feedIn is a way into the last-value cache, measured without subscribers.
type feedIn struct {
	name    string
	measure func(ctx context.Context, b *bench, c *feedCount) error
	perCPU  float64 // the bar: updates per second of the server's CPU time, at least
}

// feedCount is what came in on one way, and what it cost the server's process.
type feedCount struct {
	Feed     string  `json:"feed"`
	Updates  uint64  `json:"updates"` // the server's count; for Kafka of records
	Sent     uint64  `json:"sent"`    // the other side's count of the same; 0 if it has none
	Bytes    uint64  `json:"bytes"`   // of the records' values, where there are records
	Seconds  float64 `json:"duration_s"`
	User     float64 `json:"server_user_s"`
	System   float64 `json:"server_sys_s"`
	PerCPU   float64 `json:"updates_per_cpu_s"`
	RSS      int64   `json:"server_rss_bytes"`
	Compared int     `json:"items_compared"` // at the end, with what was sent last
	Wrong    int     `json:"items_wrong"`
}

// feedIn measures all ways in, one after the other, and goes on after one that
// fails.
func (b *bench) feedIn(ctx context.Context) (*result, error) {
	r := b.newResult()
	for _, f := range b.feeds {
		c := feedCount{Feed: f.name}
		b.talk("feeding in: %s", f.name)
		err := f.measure(ctx, b, &c)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			r.fault("%s: %v", f.name, err)
			continue
		}
		r.fed(c, f.perCPU)
	}
	return r, nil
}

// fed takes over what came in on one way.
func (r *result) fed(c feedCount, bar float64) {
	cpu := c.User + c.System
	c.PerCPU = float64(c.Updates) / max(cpu, 1e-9)
	r.Feeds = append(r.Feeds, c)
	r.Duration += c.Seconds
	r.ServerUser += c.User
	r.ServerSystem += c.System
	r.ServerCores = (r.ServerUser + r.ServerSystem) / max(r.Duration, 1e-9)
	r.ServerRSS = max(r.ServerRSS, c.RSS)
	if c.Sent > 0 && c.Updates != c.Sent {
		r.fault("%s: %d updates came in, %d were sent", c.Feed, c.Updates, c.Sent)
	}
	if c.Wrong > 0 {
		r.fault("%s: %d of %d items have not their last value", c.Feed, c.Wrong, c.Compared)
	}
	r.least(c.Feed+", updates per CPU second", "", c.PerCPU, orNone(bar))
}

// cpu takes over the CPU time and the memory of a server.
func (c *feedCount) cpu(before, after gauge) {
	used := after.server.minus(before.server)
	c.User, c.System = used.user.Seconds(), used.system.Seconds()
	c.Seconds = after.at.Sub(before.at).Seconds()
	c.RSS = after.rss
}

// comparing is how long the last values may take to arrive.
const comparing = 30 * time.Second

// atOnce is how many items are subscribed at once; a server allows no more.
const atOnce = 1000

// lastValues subscribes to items and calls visit with the snapshot of each, until
// all have come.
func lastValues(ctx context.Context, srv *server, adapter string, items, fields []string, visit func(item int, s *protocol.ItemState)) error {
	c, err := client.Dial(ctx, client.Options{URL: "http://" + srv.address, AdapterSet: adapterSet})
	if err != nil {
		return err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, c.Close)()
	limit := time.AfterFunc(comparing, c.Close)
	defer limit.Stop()
	for from := 0; from < len(items); from += atOnce {
		to := min(from+atOnce, len(items))
		if _, err := c.Subscribe(1+from/atOnce, client.Subscription{
			Adapter: adapter, Mode: "MERGE", Group: strings.Join(items[from:to], " "), Schema: strings.Join(fields, " "), Snapshot: true,
		}); err != nil {
			return err
		}
	}
	seen := make([]bool, len(items))
	for left := len(items); left > 0; {
		n, err := c.Next()
		switch {
		case errors.Is(err, client.ErrClosed):
			return fmt.Errorf("after %v, %d of %d items have no value", comparing, left, len(items))
		case err != nil:
			return err
		case n.Tag == protocol.TagREQERR:
			return fmt.Errorf("subscribing: %s", n.Message())
		case n.Tag != protocol.TagU:
			continue
		}
		item := (n.Sub-1)*atOnce + n.Item - 1
		if item < 0 || item >= len(items) || seen[item] {
			continue
		}
		state := protocol.NewItemState(len(fields))
		if err := state.Apply(n.Text); err != nil {
			return err
		}
		seen[item] = true
		left--
		visit(item, state)
	}
	return nil
}

// observer returns a fleet that consists of its observer only.
func (b *bench) observer(ctx context.Context, srv *server) (*fleet.Fleet, error) {
	f, err := fleet.New(fleet.Config{
		Address: srv.address, Transport: fleet.WebSocket, Fields: b.load.Fields, AdapterSet: adapterSet, Adapter: loadAdapter,
	})
	if err != nil {
		return nil, err
	}
	if err := f.Connect(ctx, nil); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
