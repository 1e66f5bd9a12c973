//go:build linux

package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"

	"github.com/centrifugal/centrifuge"
)

// serveCentrifuge runs a Centrifuge node with a channel for each item, without history
// and presence. A client says in its connect command which items it wants, and is
// subscribed by the server: that saves both a command per item.
func serveCentrifuge(c Config, ticks io.Reader, stdout io.Writer) error {
	// No pings: the runs are shorter than what they would find out.
	noPings := centrifuge.PingPongConfig{PingInterval: -1, PongTimeout: -1}
	node, err := centrifuge.New(centrifuge.Config{
		LogLevel: centrifuge.LogLevelError,
		LogHandler: func(e centrifuge.LogEntry) {
			fmt.Fprintln(os.Stderr, "centrifuge:", e.Message, e.Fields)
		},
	})
	if err != nil {
		return err
	}
	channels := make([]string, c.Items)
	for i := range channels {
		channels[i] = strconv.Itoa(i)
	}
	node.OnConnecting(func(_ context.Context, e centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		var items []int
		if err := json.Unmarshal(e.Data, &items); err != nil {
			return centrifuge.ConnectReply{}, centrifuge.ErrorBadRequest
		}
		reply := centrifuge.ConnectReply{
			Credentials:   &centrifuge.Credentials{},
			Subscriptions: make(map[string]centrifuge.SubscribeOptions, len(items)),
		}
		if c.Delay > 0 {
			reply.WriteDelay = c.Delay
			reply.MaxMessagesInFrame = -1 // else the delay limits the rate
			reply.QueueInitialCap = 32
		}
		for _, item := range items {
			reply.Subscriptions[channels[item]] = centrifuge.SubscribeOptions{}
		}
		return reply, nil
	})
	if err := node.Run(); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/sse", centrifuge.NewSSEHandler(node, centrifuge.SSEConfig{PingPongConfig: noPings}))
	mux.Handle("/ws", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		UseWriteBufferPool: true,
		PingPongConfig:     noPings,
	}))
	if err := listen(mux, stdout); err != nil {
		return err
	}
	return eachTick(ticks, func(item int, update []byte) error {
		_, err := node.Publish(channels[item], payload(update, c.Protobuf))
		return err
	})
}

// payload returns an update as what Centrifuge publishes: JSON where the clients
// speak JSON. The node keeps it.
func payload(update []byte, binary bool) []byte {
	if binary {
		return append([]byte(nil), update...)
	}
	text := make([]byte, 0, len(update)+2)
	text = append(text, '"')
	text = append(text, update...)
	return append(text, '"')
}
