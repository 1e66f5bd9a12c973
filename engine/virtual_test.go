package engine

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// stage is a desk with a feed that a test speaks through.
type stage struct {
	*desk
	adapter *benchAdapter
	field   adapters.Field
}

func newStage(t *testing.T) *stage {
	t.Helper()
	d := newDesk(t, Config{}, simMetadata{})
	d.engine.began = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	d.feed = newFeed(context.Background(), d.source)
	field, err := d.feed.Field("f")
	if err != nil {
		t.Fatal(err)
	}
	d.open()
	return &stage{desk: d, adapter: d.source.adapter.(*benchAdapter), field: field}
}

func (s *stage) subscribe(id, schema string) string {
	s.link.Message([]byte("control\r\nLS_reqId=1&LS_ack=false&LS_op=add&LS_subId=" + id + "&LS_mode=MERGE&LS_group=i&LS_snapshot=true&LS_schema=" + schema))
	s.settle()
	_, lines, _ := strings.Cut(s.conn.said(), "filtered ")
	return lines
}

func (s *stage) update(value string) string {
	b := <-s.feed.free
	b.Update(s.adapter.items["i"], []adapters.Field{s.field}, [][]byte{[]byte(value)})
	b.Send()
	s.settle()
	return s.conn.said()
}

func TestVirtualFields(t *testing.T) {
	s := newStage(t)
	s.subscribe("1", "f")
	s.update("a")
	s.now += 1234e6
	s.update("b")
	s.now += 1e9
	// They are right for who comes later, also if nobody asked before.
	if got, want := s.subscribe("2", "f%20$stale%20$time%20$seq"), "U,2,1,b|0|2026-03-04T05:06:08.234Z|2"; got != want {
		t.Errorf("snapshot %q, want %q", got, want)
	}
	if got, want := s.update("b"), "U,2,1,||2026-03-04T05:06:09.234Z|3"; got != want {
		t.Errorf("an update that changes nothing else: %q, want %q", got, want)
	}
	s.feed.Down(errors.New("gone"))
	s.settle()
	if got, want := s.conn.said(), "U,2,1,|1||"; got != want {
		t.Errorf("the source is gone: %q, want %q", got, want)
	}
	s.feed.Down(errors.New("still gone"))
	s.settle()
	if got := s.conn.said(); got != "" {
		t.Errorf("told again: %q", got)
	}
	s.feed.Up()
	s.settle()
	if got, want := s.conn.said(), "U,2,1,|0||"; got != want {
		t.Errorf("the source is back: %q, want %q", got, want)
	}
}

// After a restart an item is stale until it has been told again.
func TestStaleUntilToldAgain(t *testing.T) {
	s := newStage(t)
	s.adapter.kind = adapters.WithSnapshot
	s.subscribe("1", "f%20$stale")
	s.update("a")
	s.feed.Down(errors.New("gone"))
	s.source.again()
	s.source.setStale(false, true)
	s.feed = newFeed(context.Background(), s.source)
	s.settle()
	if got, want := s.conn.said(), "U,1,1,|1"; got != want {
		t.Errorf("while it is away: %q, want %q", got, want)
	}
	if got, want := s.update("a"), "U,1,1,|0"; got != want {
		t.Errorf("told again: %q, want %q", got, want)
	}
}
