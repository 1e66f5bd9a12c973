package plugin

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/plugin/internal/frame"
	"github.com/halley-stream/halley/adapters/plugin/internal/wire"
	adapterv1 "github.com/halley-stream/halley/adapters/plugin/proto/halley/adapter/v1"
)

// sender writes the stream of a session. What is to be said passes a queue, so
// that it stays in order, and leaves in frames: at once while the stream is idle, else
// collected for a moment, since frames cost and bytes hardly do.
//
// Where the server is slow, the stream does not take a frame, no batch comes back
// from the queue, and Feed.Batch waits.
type sender struct {
	ctx    context.Context // of the session
	stream grpc.ServerStream
	queue  chan entry
	free   chan *batch
	closed chan struct{} // nothing more comes

	frame   []byte
	updates int
	out     wire.Updates
	sentAt  time.Time
}

// entry is a batch, a definition, or a message of protobuf.
type entry struct {
	batch      *batch
	definition []byte
	control    *adapterv1.PluginFrame
}

// linger is how long updates are collected at most, counted from the frame before.
const linger = time.Millisecond

// batchesPerFeed is how many batches may be on their way to the stream.
const batchesPerFeed = 8

func newSender(ctx context.Context, stream grpc.ServerStream) *sender {
	return &sender{
		ctx: ctx, stream: stream,
		queue:  make(chan entry, 2*batchesPerFeed),
		free:   make(chan *batch, batchesPerFeed),
		closed: make(chan struct{}),
	}
}

// batches gives a feed its batches.
func (s *sender) batches(f *feed) {
	for range batchesPerFeed {
		s.free <- &batch{feed: f}
	}
}

// batch takes a batch that was sent. Any goroutine, as the two that follow.
func (s *sender) batch(b *batch) {
	if b.updates == 0 || s.put(entry{batch: b}) != nil {
		s.recycle(b)
	}
}

func (s *sender) recycle(b *batch) {
	b.recycle()
	s.free <- b
}

func (s *sender) definition(d []byte) error { return s.put(entry{definition: d}) }

func (s *sender) control(m *adapterv1.PluginFrame) { _ = s.put(entry{control: m}) } // nobody listens after the session

func (s *sender) put(e entry) error {
	select {
	case s.queue <- e:
		return nil
	case <-s.ctx.Done():
		return adapters.ErrClosed
	}
}

// close ends run, after what is in the queue; put is not called any more.
func (s *sender) close() { close(s.closed) }

// run writes until close, or until the stream is gone.
func (s *sender) run() error {
	timer := time.NewTimer(linger)
	defer timer.Stop()
	for {
		select {
		case e := <-s.queue:
			if err := s.add(e); err != nil {
				return err
			}
		case <-s.closed:
			return s.rest()
		}
		if err := s.collect(timer); err != nil {
			return err
		}
		if err := s.flush(); err != nil {
			return err
		}
	}
}

// rest writes what is in the queue at the end.
func (s *sender) rest() error {
	for {
		select {
		case e := <-s.queue:
			if err := s.add(e); err != nil {
				return err
			}
		default:
			return s.flush()
		}
	}
}

// collect adds what comes until the frame is full or its time is over.
func (s *sender) collect(timer *time.Timer) error {
	for len(s.frame) > 0 && s.updates < fullUpdates && len(s.frame) < fullBytes {
		wait := linger - time.Since(s.sentAt)
		if wait > 0 {
			timer.Reset(wait)
		} else {
			wait = 0
		}
		e, ok := s.next(timer, wait)
		if !ok {
			return nil
		}
		if err := s.add(e); err != nil {
			return err
		}
	}
	return nil
}

// next returns the next entry, if there is one soon.
func (s *sender) next(timer *time.Timer, wait time.Duration) (entry, bool) {
	select {
	case e := <-s.queue:
		return e, true
	default:
	}
	if wait == 0 {
		return entry{}, false
	}
	select {
	case e := <-s.queue:
		return e, true
	case <-timer.C:
	case <-s.closed:
	}
	return entry{}, false
}

// add puts an entry into the frame. A message of protobuf leaves at once, after
// the frame.
func (s *sender) add(e entry) error {
	switch {
	case e.control != nil:
		if err := s.flush(); err != nil {
			return err
		}
		return s.stream.SendMsg(e.control)
	case e.batch == nil:
		return s.append(e.definition)
	}
	for _, part := range e.batch.parts {
		if err := s.append(part); err != nil {
			return err
		}
	}
	err := s.append(e.batch.buf)
	s.updates += e.batch.updates
	s.recycle(e.batch)
	return err
}

// frameMax leaves room for the head of the message.
const frameMax = frame.FrameMax - 16

func (s *sender) append(operations []byte) error {
	if len(s.frame)+len(operations) > frameMax {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.frame = append(s.frame, operations...)
	return nil
}

// flush sends the frame, if there is anything in it.
func (s *sender) flush() error {
	if len(s.frame) == 0 {
		return nil
	}
	s.out.Frame = s.frame
	err := s.stream.SendMsg(&s.out)
	s.frame, s.updates, s.sentAt = s.frame[:0], 0, time.Now()
	if cap(s.frame) > keepMax {
		s.frame = nil
	}
	return err
}
