package load

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// Rooms is a Metadata Adapter that makes chat rooms of a load's items: what a client
// says to one is told to all who have it. A message is
//
//	item12 1700000000000000000 any text
//
// the item's name, when it was sent, in nanoseconds since 1970, and what becomes the
// first filler field. Everybody may connect, and have every item.
type Rooms struct{ load *Adapter }

var (
	_ adapters.MetadataAdapter = Rooms{}
	_ adapters.MessageHandler  = Rooms{}
)

// NewRooms returns the rooms of a load.
func NewRooms(load *Adapter) Rooms { return Rooms{load: load} }

// Authenticate lets everybody in.
func (Rooms) Authenticate(_ context.Context, login adapters.Login) (adapters.Permit, error) {
	return adapters.Permit{User: login.User}, nil
}

// Resolve splits the group and the schema at their blanks.
func (Rooms) Resolve(_ context.Context, interest adapters.Interest) (adapters.Resolution, error) {
	return adapters.Resolution{Items: strings.Split(interest.Group, " "), Fields: strings.Split(interest.Schema, " ")}, nil
}

// Message tells what a client says to all in the room, and waits until it is on its
// way to them.
func (r Rooms) Message(ctx context.Context, m adapters.Message) (string, error) {
	item, rest, _ := strings.Cut(m.Text, " ")
	sent, text, _ := strings.Cut(rest, " ")
	index, ok := r.load.index(item)
	stamp, err := strconv.ParseInt(sent, 10, 64)
	if !ok || index < 0 || err != nil {
		return "", &adapters.Refusal{Code: -1, Text: "say item, time and text"}
	}
	said := &said{sent: time.Unix(0, stamp), text: text, told: make(chan struct{})}
	r.load.wants.add(want{index: index, said: said})
	select {
	case <-said.told:
		return "", nil
	case <-ctx.Done():
		return "", fmt.Errorf("telling %s: %w", item, ctx.Err())
	}
}

// said is what a client says to an item, on its way to Run.
type said struct {
	sent time.Time
	text string
	told chan struct{} // closed when it has been sent, or there is nobody to hear it
}

// tell lets an item tick with what a client said.
func (r *run) tell(index int, s *said) {
	r.said = append(r.said, s)
	item := r.items[index]
	if item == (adapters.Item{}) || r.rest != (adapters.Item{}) {
		return
	}
	r.seqs[index]++
	r.ticks++
	r.out.said(item, r.seqs[index], s)
}

// answer tells those who said something that it is on its way.
func (r *run) answer() {
	for i, s := range r.said {
		close(s.told)
		r.said[i] = nil
	}
	r.said = r.said[:0]
}
