package host

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/plugin/internal/wire"
	adapterv1 "github.com/halley-stream/halley/adapters/plugin/proto/halley/adapter/v1"
)

// metadata is a plugin's Metadata Adapter. What it is asked while there is no process
// waits for one, until its time is over.
type metadata struct{ plugin *Plugin }

var (
	_ adapters.MetadataAdapter = (*metadata)(nil)
	_ adapters.MessageHandler  = (*metadata)(nil)
	_ adapters.Witness         = (*metadata)(nil)
)

// call makes a call of a plugin, which begins with acquiring its process.
func call[Q, A any](ctx context.Context, p *Plugin, q Q, method func(adapterv1.MetadataAdapterClient, context.Context, Q) (A, error)) (answer A, err error) {
	l, err := p.use(ctx)
	if err != nil {
		return answer, err
	}
	defer l.release()
	answer, err = method(adapterv1.NewMetadataAdapterClient(l.conn), ctx, q)
	if err == nil {
		return answer, nil
	}
	if status.Code(err) == codes.DeadlineExceeded {
		return answer, fmt.Errorf("plugin %s did not answer in time: %w", p.Name(), context.DeadlineExceeded)
	}
	return answer, fmt.Errorf("plugin %s: %s", p.Name(), status.Convert(err).Message())
}

// Authenticate asks the plugin.
func (m *metadata) Authenticate(ctx context.Context, login adapters.Login) (adapters.Permit, error) {
	r, err := call(ctx, m.plugin, wire.OfLogin(login), func(c adapterv1.MetadataAdapterClient, ctx context.Context, q *adapterv1.AuthenticateRequest) (*adapterv1.AuthenticateReply, error) {
		return c.Authenticate(ctx, q)
	})
	if err == nil {
		err = wire.ErrorOf(r.Refusal)
	}
	if err != nil {
		return adapters.Permit{}, err
	}
	return wire.Permit(r), nil
}

// Resolve asks the plugin.
func (m *metadata) Resolve(ctx context.Context, interest adapters.Interest) (adapters.Resolution, error) {
	r, err := call(ctx, m.plugin, wire.OfInterest(interest), func(c adapterv1.MetadataAdapterClient, ctx context.Context, q *adapterv1.ResolveRequest) (*adapterv1.ResolveReply, error) {
		return c.Resolve(ctx, q)
	})
	if err == nil {
		err = wire.ErrorOf(r.Refusal)
	}
	if err != nil {
		return adapters.Resolution{}, err
	}
	return wire.Resolution(r), nil
}

// Message gives a message to the plugin, if it listens.
func (m *metadata) Message(ctx context.Context, message adapters.Message) (string, error) {
	if s, _ := m.plugin.state.get(); s.life != nil && !s.life.can.Messages {
		return "", &adapters.Refusal{Text: "Nobody listens to messages here"}
	}
	r, err := call(ctx, m.plugin, wire.OfMessage(message), func(c adapterv1.MetadataAdapterClient, ctx context.Context, q *adapterv1.MessageRequest) (*adapterv1.MessageReply, error) {
		return c.Message(ctx, q)
	})
	if err != nil {
		return "", err
	}
	return r.Answer, wire.ErrorOf(r.Refusal)
}

// Notice tells the plugin, if it wants to know and is there: notices do not wait for
// a process, which would not know what came before them.
func (m *metadata) Notice(ctx context.Context, notice adapters.Notice) {
	s, _ := m.plugin.state.get()
	if s.life == nil || !s.life.can.Notices || !s.life.acquire() {
		return
	}
	defer s.life.release()
	if _, err := adapterv1.NewMetadataAdapterClient(s.life.conn).Notice(ctx, wire.OfNotice(notice)); err != nil {
		m.plugin.log.Warn("notice", "error", status.Convert(err).Message())
	}
}
