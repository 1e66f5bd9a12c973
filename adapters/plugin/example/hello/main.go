// Command hello is the smallest plugin: an adapter with one item, which counts the
// seconds.
package main

import (
	"context"
	"strconv"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/plugin"
)

func main() { plugin.Serve(plugin.Data(hello{})) }

type hello struct{}

func (hello) Run(ctx context.Context, feed adapters.Feed) error {
	item, err := feed.Publish("hello", adapters.Merge, adapters.NoSnapshot)
	w := adapters.NewWriter(feed)
	for n := 0; err == nil && ctx.Err() == nil; n++ {
		err = w.Update(ctx, item, map[string]string{"seconds": strconv.Itoa(n)})
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
	return err
}

func (hello) Subscribe(context.Context, adapters.Item) (adapters.SnapshotKind, error) {
	return adapters.NoSnapshot, nil
}

func (hello) Unsubscribe(adapters.Item) {}
