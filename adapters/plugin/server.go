package plugin

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/plugin/internal/wire"
	adapterv1 "github.com/halley-stream/halley/adapters/plugin/proto/halley/adapter/v1"
)

// server answers what the server asks of a plugin. Its methods are called from any
// goroutine.
type server struct {
	adapterv1.UnimplementedPluginServer
	adapterv1.UnimplementedDataAdapterServer
	adapterv1.UnimplementedMetadataAdapterServer

	adapters Adapters
	free     chan struct{}  // has something while there is no session
	sessions sync.WaitGroup // and all that they have started
}

func newServer(a Adapters) *server {
	s := &server{adapters: a, free: make(chan struct{}, 1)}
	s.free <- struct{}{}
	return s
}

// patience is how long the sessions may take to end.
const patience = time.Second

// wait waits until the sessions have ended, so that adapters can put away what they
// hold.
func (s *server) wait() {
	done := make(chan struct{})
	go func() {
		s.sessions.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(patience):
		slog.Warn("the adapter's Run did not end in time")
	}
}

// Configure takes the parameters.
func (s *server) Configure(_ context.Context, r *adapterv1.ConfigureRequest) (*adapterv1.ConfigureReply, error) {
	configure := s.adapters.Configure
	if configure == nil {
		configure = func(parameters map[string]string) error {
			if len(parameters) > 0 {
				return errors.New("the plugin takes no parameters")
			}
			return nil
		}
	}
	if err := configure(r.Parameters); err != nil {
		return nil, status.Error(codes.InvalidArgument, wire.Text(err.Error()))
	}
	return s.adapters.abilities(), nil
}

// Describe asks the Data Adapter's catalogue.
func (s *server) Describe(_ context.Context, r *adapterv1.DescribeRequest) (*adapterv1.DescribeReply, error) {
	catalog, ok := s.adapters.Data.(adapters.Catalog)
	if !ok {
		return &adapterv1.DescribeReply{}, nil
	}
	traits, err := catalog.Describe(r.Item)
	reply := &adapterv1.DescribeReply{Refusal: wire.RefusalOf(err)}
	for m := adapters.Merge; m <= adapters.Raw; m++ {
		if traits.Modes.Has(m) {
			reply.Modes = append(reply.Modes, adapterv1.Mode(m))
		}
	}
	return reply, nil
}

// Authenticate asks the Metadata Adapter.
func (s *server) Authenticate(ctx context.Context, r *adapterv1.AuthenticateRequest) (*adapterv1.AuthenticateReply, error) {
	permit, err := s.adapters.Metadata.Authenticate(ctx, wire.Login(r))
	if err != nil {
		return &adapterv1.AuthenticateReply{Refusal: wire.RefusalOf(err)}, nil
	}
	return wire.OfPermit(permit), nil
}

// Resolve asks the Metadata Adapter.
func (s *server) Resolve(ctx context.Context, r *adapterv1.ResolveRequest) (*adapterv1.ResolveReply, error) {
	resolution, err := s.adapters.Metadata.Resolve(ctx, wire.Interest(r))
	if err != nil {
		return &adapterv1.ResolveReply{Refusal: wire.RefusalOf(err)}, nil
	}
	return wire.OfResolution(resolution), nil
}

// Message gives a client's message to the Metadata Adapter.
func (s *server) Message(ctx context.Context, r *adapterv1.MessageRequest) (*adapterv1.MessageReply, error) {
	handler, ok := s.adapters.Metadata.(adapters.MessageHandler)
	if !ok {
		return nil, status.Error(codes.Unimplemented, "nobody listens to messages here")
	}
	answer, err := handler.Message(ctx, wire.Message(r))
	return &adapterv1.MessageReply{Answer: wire.Text(answer), Refusal: wire.RefusalOf(err)}, nil
}

// Notice tells the Metadata Adapter.
func (s *server) Notice(ctx context.Context, r *adapterv1.NoticeRequest) (*adapterv1.NoticeReply, error) {
	if witness, ok := s.adapters.Metadata.(adapters.Witness); ok {
		witness.Notice(ctx, wire.Notice(r))
	}
	return &adapterv1.NoticeReply{}, nil
}
