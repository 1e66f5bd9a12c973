package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/plugin/internal/wire"
	adapterv1 "github.com/halley-stream/halley/adapters/plugin/proto/halley/adapter/v1"
)

// data is a plugin's Data Adapter. A Run of it has one session with one process: when
// there is another process, Run returns ErrAgain, and the engine subscribes anew what
// is wanted, by handles that what the old process said last cannot harm.
type data struct {
	plugin  *Plugin
	session place[*session] // nil while there is none
}

var (
	_ adapters.DataAdapter = (*data)(nil)
	_ adapters.Catalog     = (*data)(nil)
)

// Run feeds from the process that there is, or waits for one.
func (d *data) Run(ctx context.Context, feed adapters.Feed) error {
	s, _ := d.plugin.state.get()
	if s.life == nil {
		if s.life = d.await(ctx, nil, feed); s.life == nil {
			return nil
		}
	}
	feed.Up() // until the plugin says otherwise
	err := d.serve(ctx, s.life, feed)
	if ctx.Err() != nil {
		return nil
	}
	if !errors.Is(err, errReplaced) {
		reason := s.life.settle(ctx, err)
		feed.Down(reason)
		if d.await(ctx, s.life, feed) == nil {
			return nil
		}
	}
	return adapters.ErrAgain
}

// errReplaced ends a session whose process has been replaced.
var errReplaced = errors.New("there is another process now")

// await waits for a process other than old, and tells the feed why there is none yet: of
// a plugin that fails again and again that is the last failure. It returns nil when ctx
// is done.
func (d *data) await(ctx context.Context, old *life, feed adapters.Feed) *life {
	for {
		s, changed := d.plugin.state.get()
		switch {
		case s.life != nil && s.life != old:
			return s.life
		case s.gaveUp:
			feed.Down(fmt.Errorf("failed too often: %w", s.reason))
		case s.life == nil:
			feed.Down(s.reason)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

// serve runs a session with l until it fails, or another life takes its place.
func (d *data) serve(parent context.Context, l *life, feed adapters.Feed) error {
	if !l.acquire() {
		return errReplaced
	}
	defer l.release()
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	s, err := openSession(ctx, l, feed, d.plugin.log)
	if err != nil {
		return err
	}
	d.session.set(s)
	ended := make(chan error, 1)
	go func() { ended <- s.run() }()
	err = d.supervise(ctx, l, ended)
	d.session.set(nil)
	cancel()
	<-s.done
	return err
}

// supervise waits for the end of a session, or for a reason to end it.
func (d *data) supervise(ctx context.Context, l *life, ended <-chan error) error {
	for {
		now, changed := d.plugin.state.get()
		switch {
		case now.life == nil:
			return now.reason
		case now.life != l:
			return errReplaced
		}
		select {
		case err := <-ended:
			return err
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Subscribe asks the plugin for an item. While there is no process it waits.
func (d *data) Subscribe(ctx context.Context, item adapters.Item) (adapters.SnapshotKind, error) {
	for {
		s, changed := d.session.get()
		if s != nil {
			return s.subscribe(ctx, item)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, fmt.Errorf("plugin %s is away: %w", d.plugin.Name(), ctx.Err())
		}
	}
}

// Unsubscribe tells the plugin. It does not wait.
func (d *data) Unsubscribe(item adapters.Item) {
	if s, _ := d.session.get(); s != nil {
		s.unsubscribe(item)
	}
}

// describeTimeout is how long the plugin's catalogue may take.
const describeTimeout = 2 * time.Second

// Describe asks the plugin's catalogue, if it has one. While there is no process,
// all names are good, since the items are asked for when there is one again; when the
// plugin was given up, none is.
func (d *data) Describe(name string) (adapters.Traits, error) {
	s, _ := d.plugin.state.get()
	switch {
	case s.gaveUp:
		return adapters.Traits{}, fmt.Errorf("plugin %s failed too often: %w", d.plugin.Name(), adapters.ErrUnavailable)
	case s.life == nil || !s.life.can.Catalog || !s.life.acquire():
		return adapters.Traits{}, nil
	}
	defer s.life.release()
	ctx, cancel := context.WithTimeout(context.Background(), describeTimeout)
	defer cancel()
	r, err := adapterv1.NewDataAdapterClient(s.life.conn).Describe(ctx, &adapterv1.DescribeRequest{Item: wire.Text(name)})
	switch {
	case status.Code(err) == codes.Unavailable:
		return adapters.Traits{}, nil
	case err != nil:
		return adapters.Traits{}, fmt.Errorf("plugin %s: describe %q: %s", d.plugin.Name(), name, status.Convert(err).Message())
	}
	var traits adapters.Traits
	for _, m := range r.Modes {
		traits.Modes |= adapters.Modes(adapters.Mode(m))
	}
	return traits, wire.ErrorOf(r.Refusal)
}
