package plugin

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/halley-stream/halley/adapters/plugin/internal/wire"
	adapterv1 "github.com/halley-stream/halley/adapters/plugin/proto/halley/adapter/v1"
)

// errNothingToDo is what a Run that returns nil too early means.
var errNothingToDo = errors.New("Run ended by itself")

// Session runs the Data Adapter for one session: until the server ends it, or Run
// returns. Whoever asks for a second session waits for the first to end.
func (s *server) Session(stream grpc.BidiStreamingServer[adapterv1.HostFrame, adapterv1.PluginFrame]) error {
	select {
	case <-s.free:
	case <-stream.Context().Done():
		return status.FromContextError(stream.Context().Err()).Err()
	}
	defer func() { s.free <- struct{}{} }()
	s.sessions.Add(1)
	defer s.sessions.Done()

	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	out := newSender(ctx, stream)
	wants := newTurns(ctx, s.adapters.Data, out)

	go func() { cancel(receive(stream, wants)) }() // it ends with the stream, right after this method
	sent := make(chan error, 1)
	go func() {
		err := out.run()
		cancel(err)
		sent <- err
	}()

	err := s.adapters.Data.Run(ctx, newFeed(out))
	if err == nil && ctx.Err() == nil {
		err = errNothingToDo
	}
	cancel(err)
	wants.wait()
	out.close()
	if sendErr := <-sent; err == nil {
		err = sendErr
	}
	if err != nil {
		return status.Error(codes.Aborted, wire.Text(fmt.Sprintf("the Data Adapter's Run: %v", err)))
	}
	return nil
}

// receive passes on what the server wants, until the stream ends.
func receive(stream grpc.BidiStreamingServer[adapterv1.HostFrame, adapterv1.PluginFrame], wants *turns) error {
	for {
		m, err := stream.Recv()
		if err != nil {
			return err
		}
		switch f := m.Frame.(type) {
		case *adapterv1.HostFrame_Subscribe:
			wants.subscribe(f.Subscribe.Item, f.Subscribe.Name)
		case *adapterv1.HostFrame_Unsubscribe:
			wants.unsubscribe(f.Unsubscribe.Item)
		default:
			return errors.New("the server asks for something that this plugin does not know; build it with a newer version")
		}
	}
}
