package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"google.golang.org/grpc"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/plugin/internal/frame"
	"github.com/halley-stream/halley/adapters/plugin/internal/wire"
	adapterv1 "github.com/halley-stream/halley/adapters/plugin/proto/halley/adapter/v1"
)

// session is one stream with one process, for one Run of the Data Adapter. One
// goroutine reads it, decodes frames and hands them to the feed; where the feed
// waits, it does not read, so that the stream fills and the plugin waits. Another
// writes what is wanted; nobody waits for that one.
type session struct {
	ctx    context.Context // ends the stream
	cancel context.CancelFunc
	life   *life
	feed   adapters.Feed
	stream grpc.ClientStream
	items  frame.Items
	reads  *frame.Decoder
	done   chan struct{} // closed at its end

	mu      sync.Mutex
	answers map[uint64]chan answer // of those who wait, by number
	queue   []*adapterv1.HostFrame
	queued  chan struct{} // has something when queue has
}

// answer is what a plugin says to a Subscribe.
type answer struct {
	kind adapters.SnapshotKind
	err  error
}

// queueMax is how many requests may wait for a plugin that does not read them.
const queueMax = 1 << 20

var (
	errSessionOver = errors.New("the plugin is away")
	errDeaf        = errors.New("it does not read what it is asked")
)

// openSession begins a session with l, which goes on until ctx is done. It must be
// run.
func openSession(ctx context.Context, l *life, feed adapters.Feed, log *slog.Logger) (*session, error) {
	s := &session{life: l, feed: feed, done: make(chan struct{}), answers: make(map[uint64]chan answer), queued: make(chan struct{}, 1)}
	s.reads = frame.NewDecoder(feed, &s.items, log)
	s.ctx, s.cancel = context.WithCancel(ctx)
	var err error
	s.stream, err = adapterv1.NewDataAdapterClient(l.conn).Session(s.ctx, grpc.ForceCodecV2(wire.NewCodec()), grpc.MaxCallRecvMsgSize(frame.FrameMax))
	if err != nil {
		s.cancel()
	}
	return s, err
}

// run serves until the session ends. Its error is never nil.
func (s *session) run() error {
	var writing sync.WaitGroup
	writing.Go(s.write)
	err := s.read()
	s.cancel()
	writing.Wait()
	close(s.done)
	return err
}

// read reads the stream to its end.
func (s *session) read() error {
	var in wire.Inbound
	for {
		if err := s.stream.RecvMsg(&in); errors.Is(err, io.EOF) {
			return errors.New("it ended the session")
		} else if err != nil {
			return err
		}
		if in.Updates != nil {
			if err := s.reads.Decode(s.ctx, in.Updates); err != nil {
				return fmt.Errorf("its updates: %w", err)
			}
			continue
		}
		if err := s.hear(&in.Message); err != nil {
			return err
		}
	}
}

// hear takes a frame that has no updates.
func (s *session) hear(m *adapterv1.PluginFrame) error {
	switch f := m.Frame.(type) {
	case *adapterv1.PluginFrame_Subscribed:
		kind := adapters.NoSnapshot
		if f.Subscribed.GetSnapshot() {
			kind = adapters.WithSnapshot
		}
		s.answer(f.Subscribed.GetItem(), answer{kind: kind})
	case *adapterv1.PluginFrame_Refused:
		err := wire.ErrorOf(f.Refused.GetRefusal())
		if err == nil {
			err = errors.New("refused without a reason")
		}
		s.answer(f.Refused.GetItem(), answer{err: err})
	case *adapterv1.PluginFrame_Up:
		s.feed.Up()
	case *adapterv1.PluginFrame_Down:
		s.feed.Down(errors.New(f.Down.GetReason()))
	default:
		return errors.New("it says something that this server does not know")
	}
	return nil
}

// write writes what is queued until the session ends.
func (s *session) write() {
	for {
		select {
		case <-s.queued:
		case <-s.ctx.Done():
			return
		}
		for _, f := range s.takeQueue() {
			if s.stream.SendMsg(f) != nil { // read gets the reason
				return
			}
		}
	}
}

func (s *session) takeQueue() []*adapterv1.HostFrame {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queue
	s.queue = nil
	return q
}

// say queues a frame. Any goroutine, as what follows.
func (s *session) say(f *adapterv1.HostFrame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) >= queueMax {
		s.life.fail(errDeaf)
		return
	}
	s.queue = append(s.queue, f)
	select {
	case s.queued <- struct{}{}:
	default:
	}
}

func (s *session) subscribe(ctx context.Context, item adapters.Item) (adapters.SnapshotKind, error) {
	name := wire.Text(item.Name())
	if len(name) > frame.NameMax {
		return 0, adapters.ErrUnknownItem
	}
	number, err := s.items.Begin(item)
	if err != nil {
		return 0, err
	}
	answered := make(chan answer, 1)
	s.mu.Lock()
	s.answers[number] = answered
	s.mu.Unlock()
	s.say(&adapterv1.HostFrame{Frame: &adapterv1.HostFrame_Subscribe{Subscribe: &adapterv1.Subscribe{Item: number, Name: name}}})
	select {
	case a := <-answered:
		if a.err != nil {
			s.items.End(item)
		}
		return a.kind, a.err
	case <-s.done:
		return 0, errSessionOver
	case <-ctx.Done():
		s.mu.Lock()
		delete(s.answers, number)
		s.mu.Unlock()
		s.unsubscribe(item)
		return 0, fmt.Errorf("the plugin did not answer: %w", ctx.Err())
	}
}

// answer gives an answer to whoever waits for it. Nobody may: it can be late.
func (s *session) answer(number uint64, a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.answers[number]; c != nil {
		delete(s.answers, number)
		c <- a
	}
}

// unsubscribe ends an item, if it is of this session.
func (s *session) unsubscribe(item adapters.Item) {
	if number, ok := s.items.End(item); ok {
		s.say(&adapterv1.HostFrame{Frame: &adapterv1.HostFrame_Unsubscribe{Unsubscribe: &adapterv1.Unsubscribe{Item: number}}})
	}
}
