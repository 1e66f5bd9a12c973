//go:build linux

package serve

import (
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// serveNATS runs a NATS server with a subject for each item. The publisher is a client
// in the same process, which needs no socket.
func serveNATS(c Config, ticks io.Reader, stdout io.Writer) error {
	options := &server.Options{
		DontListen: true,
		NoLog:      true,
		NoSigs:     true,
		// No pings: the runs are shorter than what they would find out.
		PingInterval: time.Hour,
		Websocket: server.WebsocketOpts{
			Host:  "127.0.0.1",
			Port:  server.RANDOM_PORT,
			NoTLS: true,
		},
	}
	s, err := server.NewServer(options)
	if err != nil {
		return err
	}
	s.Start()
	defer s.Shutdown()
	if !s.ReadyForConnections(10 * time.Second) {
		return errors.New("the NATS server is not ready")
	}
	publisher, err := nats.Connect("", nats.InProcessServer(s))
	if err != nil {
		return err
	}
	defer publisher.Close()
	subjects := make([]string, c.Items)
	for i := range subjects {
		subjects[i] = strconv.Itoa(i)
	}
	if err := announce(options.Websocket.Port, stdout); err != nil {
		return err
	}
	return eachTick(ticks, func(item int, update []byte) error {
		return publisher.Publish(subjects[item], update)
	})
}
