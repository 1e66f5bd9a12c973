//go:build linux

package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/halley-stream/halley/adapters/load"
	"github.com/halley-stream/halley/protocol"
)

// loadFeed lets the load adapter tick as fast as the server takes it, inside the
// server's process: what making up the values costs is counted as well.
var loadFeed = feedIn{name: "in process", measure: measureLoadFeed}

// pluginFeed is the same load from a plugin: the server's process has what it costs to
// take it in, and nothing else.
var pluginFeed = feedIn{name: "plugin", measure: measurePluginFeed, perCPU: 2e6}

// The load is more than anybody can take, so that the feed always waits.
const (
	feedItems = 10_000
	feedRate  = 2000
)

func measureLoadFeed(ctx context.Context, b *bench, c *feedCount) error {
	of := *b
	of.load = feedLoad
	return of.measureFeed(ctx, loadSettings(of.load), c)
}

var feedLoad = defaultsOf(load.Config{Items: feedItems, Rate: feedRate, Seed: seed, Resident: true})

func measurePluginFeed(ctx context.Context, b *bench, c *feedCount) error {
	of := *b
	of.load = feedLoad
	settings, err := of.pluginSettings(ctx)
	if err != nil {
		return err
	}
	return of.measureFeed(ctx, settings, c)
}

// measureFeed lets a load tick as fast as the server takes it.
func (b *bench) measureFeed(ctx context.Context, settings string, c *feedCount) error {
	srv, err := startServer(ctx, b.program, b.folder, settings, b.stderr)
	if err != nil {
		return err
	}
	defer srv.stop()
	f, err := b.observer(ctx, srv)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Run(ctx, 2*time.Second, nil); err != nil { // until all has its size
		return err
	}
	before, err := readGauge(ctx, srv)
	if err != nil {
		return err
	}
	if err := f.Run(ctx, b.duration/3, nil); err != nil {
		return err
	}
	after, err := readGauge(ctx, srv)
	if err != nil {
		return err
	}
	c.cpu(before, after)
	c.Updates = uint64(after.metrics[updatesIn] - before.metrics[updatesIn])
	if c.Updates == 0 {
		return fmt.Errorf("nothing came in for %.1f s, %.0f batches wait for the shards", c.Seconds, after.metrics[batchesAhead])
	}
	ticks, err := f.Rest(ctx)
	if err != nil {
		return err
	}
	return b.compareLoad(ctx, srv, c, ticks)
}

// updatesIn is the server's count of updates taken from a Data Adapter.
const updatesIn = "halley_updates_in_total"

// compareLoad compares the last-value cache with what the load adapter says: all
// numbers of ticks together are as many as there were.
func (b *bench) compareLoad(ctx context.Context, srv *server, c *feedCount, ticks uint64) error {
	items := make([]string, b.load.Items)
	for i := range items {
		items[i] = "item" + strconv.Itoa(i)
	}
	var sum uint64
	var bad error
	err := lastValues(ctx, srv, loadAdapter, items, []string{load.SeqField}, func(_ int, s *protocol.ItemState) {
		value, _ := s.Value(0)
		n, err := strconv.ParseUint(string(value), 10, 64)
		if err != nil {
			bad = err
		}
		sum += n
	})
	if err == nil {
		err = bad
	}
	if err == nil && sum != ticks {
		err = fmt.Errorf("the last values are those of %d ticks, but there were %d", sum, ticks)
	}
	c.Compared = len(items)
	return err
}
