package engine

import (
	"slices"
	"testing"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/protocol"
)

// A session that is handed to another loop is on none of the lists of the old one:
// that would flush it, or send its requests, while its new owner does.
func TestASessionThatMovesIsOnNoListOfTheOldLoop(t *testing.T) {
	e, err := New(Config{Loops: 2, Shards: 1, RequestQueue: 1, Limits: Limits{SessionsPerAddress: -1}}, map[string]AdapterSet{
		"DEFAULT": {Metadata: simMetadata{}, Data: map[string]adapters.DataAdapter{"DEFAULT": &benchAdapter{items: make(map[string]adapters.Item)}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	from, to := e.loops[0], e.loops[1]
	link := func(l *Loop) *Link {
		k := l.NewLink(new(recorder), true, "127.0.0.1")
		k.SetVersion(protocol.V25)
		return k
	}
	k := link(from)
	k.Message([]byte(createLine))
	e.requests.step(t.Context(), <-e.requests.queue)
	from.Step()
	s := k.session
	for _, id := range []string{"1", "2", "3"} { // the second finds the request stage full
		k.Message([]byte("control\r\nLS_reqId=" + id + "&LS_op=add&LS_subId=" + id + "&LS_mode=RAW&LS_group=i&LS_schema=f"))
	}
	k.Message([]byte("control\r\nLS_reqId=4&LS_op=delete&LS_subId=9"))
	if !slices.Contains(from.starving, s) || !slices.Contains(from.soon, s.outlet) {
		t.Fatal("the session waits neither for the request stage nor for its flush")
	}
	link(to).Message([]byte("bind_session\r\nLS_session=" + s.id))
	mail := from.mail[len(from.mail)-1]
	mail.arrive(from)
	if slices.Contains(from.starving, s) || slices.ContainsFunc(from.soon, func(o *outlet) bool { return o == s.outlet || o.session == s }) {
		t.Error("the old loop keeps the session on a list")
	}
	to.Step()
	if !slices.Contains(to.starving, s) && s.waiting() {
		t.Error("nobody sends its requests any more")
	}
}
