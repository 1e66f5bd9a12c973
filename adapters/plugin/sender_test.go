package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/plugin/internal/frame"
	"github.com/halley-stream/halley/adapters/plugin/internal/wire"
	"github.com/halley-stream/halley/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// fakeStream keeps what is sent, and when.
type fakeStream struct {
	grpc.ServerStream
	began  time.Time
	sent   []string // "1ms: 40 bytes" or "0s: subscribed:{...}"
	frames [][]byte
	err    error
	full   chan struct{} // if not nil, SendMsg waits for it
}

func (s *fakeStream) SendMsg(m any) error {
	if s.full != nil {
		<-s.full
	}
	var what string
	switch m := m.(type) {
	case *wire.Updates:
		what = fmt.Sprintf("%d bytes", len(m.Frame))
		s.frames = append(s.frames, slices.Clone(m.Frame))
	default:
		what = fmt.Sprint(m)
	}
	s.sent = append(s.sent, fmt.Sprintf("%v: %s", time.Since(s.began), what))
	return s.err
}

// sending is a feed with a sender behind it.
type sending struct {
	*feed
	stream *fakeStream
	cancel context.CancelFunc
	ended  chan error
}

func newSending(t *testing.T) *sending {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &sending{stream: &fakeStream{began: time.Now()}, cancel: cancel, ended: make(chan error, 1)}
	out := newSender(ctx, s.stream)
	s.feed = newFeed(out)
	go func() { s.ended <- out.run() }()
	return s
}

// end ends the session, and returns the sender's error.
func (s *sending) end() error {
	s.cancel()
	s.out.close()
	return <-s.ended
}

// say sends n updates of a byte and a bit in one batch.
func (s *sending) say(t *testing.T, n int) {
	t.Helper()
	b, err := s.Batch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		b.Clear(adapters.NewItem("IBM", 1))
	}
	b.Send()
}

func TestUpdatesLeaveAtOnceOrWithinAMillisecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSending(t)
		s.say(t, 1)
		synctest.Wait()
		s.say(t, 2)
		time.Sleep(300 * time.Microsecond)
		s.say(t, 3)
		time.Sleep(time.Second)
		s.say(t, 1)
		synctest.Wait()
		s.say(t, fullUpdates)
		synctest.Wait()
		s.Up()
		synctest.Wait()
		if err := s.end(); err != nil {
			t.Error(err)
		}
		got := strings.Join(s.stream.sent, "; ")
		want := "0s: 2 bytes; 1ms: 10 bytes; 1.0003s: 2 bytes; 1.0003s: 1024 bytes; 1.0003s: up:{}"
		if got != want {
			t.Errorf("it sent %s, want %s", got, want)
		}
	})
}

func TestAFeedWaitsForItsStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSending(t)
		s.stream.full = make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		sent := 0
		waited := make(chan error)
		go func() {
			for {
				b, err := s.Batch(ctx)
				if err != nil {
					waited <- err
					return
				}
				for !b.Full() {
					b.Clear(adapters.NewItem("IBM", 1))
				}
				b.Send()
				sent++
			}
		}()
		synctest.Wait()
		if sent > batchesPerFeed+1 {
			t.Errorf("%d batches were sent while the stream takes none", sent)
		}
		cancel()
		if err := <-waited; !errors.Is(err, context.Canceled) {
			t.Errorf("the feed says %v", err)
		}
		close(s.stream.full)
		if err := s.end(); err != nil {
			t.Error(err)
		}
		if _, err := s.Publish("late", adapters.Merge, adapters.NoSnapshot); !errors.Is(err, adapters.ErrClosed) && len(s.items) == 0 {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestALostStreamEndsTheSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSending(t)
		s.stream.err = errors.New("gone")
		s.say(t, 1)
		if err := <-s.ended; err == nil || err.Error() != "gone" {
			t.Errorf("it ended with %v", err)
		}
		s.cancel()
	})
}

func TestLargeBatchesLeaveInFramesThatFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSending(t)
		field, err := s.Field("text")
		if err != nil {
			t.Fatal(err)
		}
		b, err := s.Batch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		item, fields := adapters.NewItem("IBM", 1), []adapters.Field{field}
		for range 10 {
			b.Update(item, fields, [][]byte{make([]byte, 900<<10)})
		}
		b.Update(item, fields, [][]byte{make([]byte, rowMax)})
		if !b.Full() {
			t.Error("it is not full")
		}
		b.Send()
		synctest.Wait()
		if err := s.end(); err != nil {
			t.Error(err)
		}
		total := 0
		for _, f := range s.stream.frames {
			total += len(f)
			if len(f) > frame.FrameMax-16 {
				t.Errorf("a frame of %d bytes", len(f))
			}
		}
		if total < 9000<<10 || total > 9100<<10 {
			t.Errorf("%d bytes in all; want ten updates and the failure of one that is too large", total)
		}
	})
}

func TestNamesAreDefinedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSending(t)
		for range 2 {
			if f, err := s.Field("bid"); f != 0 || err != nil {
				t.Errorf("the field is %d, %v", f, err)
			}
			item, err := s.Publish("IBM", adapters.Merge, adapters.WithSnapshot)
			if _, number := reference(frame.OpUpdate, item); number != 0 || err != nil {
				t.Errorf("the item is %v, %v", item, err)
			}
		}
		for _, bad := range []string{"", "\xff", strings.Repeat("x", frame.NameMax+1)} {
			if _, err := s.Field(bad); err == nil {
				t.Errorf("a field may be called %.10q", bad)
			}
		}
		synctest.Wait()
		if err := s.end(); err != nil {
			t.Error(err)
		}
		if got, want := string(slices.Concat(s.stream.frames...)), "\x06\x00\x03bid\x07\x00\x01\x01\x03IBM"; got != want {
			t.Errorf("it sent %q, want %q", got, want)
		}
	})
}
