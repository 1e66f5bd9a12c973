package engine

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/protocol"
)

// A poll may be held on another loop than its session's. When the server has been
// drained its client has been told so, or it would take the end of the connection
// for a failure.
func TestDrainTellsPollsOnOtherLoops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := New(Config{Loops: 2, Shards: 1, Drain: time.Millisecond}, map[string]AdapterSet{
			"DEFAULT": {Metadata: simMetadata{}, Data: map[string]adapters.DataAdapter{"DEFAULT": &benchAdapter{items: make(map[string]adapters.Item)}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		home, away := e.loops[0], e.loops[1]
		poll := func(l *Loop, request, idle string) *recorder {
			conn := new(recorder)
			k := l.NewLink(conn, true, "127.0.0.1")
			k.SetVersion(protocol.V25)
			k.Message([]byte(request + "&LS_polling=true&LS_polling_millis=0&LS_idle_millis=" + idle))
			return conn
		}
		poll(home, createLine, "0")
		e.requests.step(t.Context(), <-e.requests.queue)
		home.Step()
		var id string
		for id = range home.sessions {
		}
		conn := poll(away, "bind_session\r\nLS_session="+id, "30000")
		home.Step()

		drained := make(chan error, 1)
		go func() { drained <- e.Drain(t.Context()) }()
		synctest.Wait()
		for e.directory.len() > 0 {
			<-time.After(time.Millisecond)
			home.Step()
		}
		<-time.After(time.Second)
		select {
		case err := <-drained:
			t.Fatalf("drained (%v) before the client was told", err)
		default:
		}
		for len(away.mail) > 0 {
			away.Step()
		}
		<-time.After(time.Second)
		home.Step()
		if err := <-drained; err != nil {
			t.Error(err)
		}
		if got := conn.said(); !strings.HasSuffix(got, "END,48,The server is going down") {
			t.Errorf("the client was told %q", got)
		}
	})
}
