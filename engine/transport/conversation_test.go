package transport_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/literal"
	"github.com/halley-stream/halley/engine"
	"github.com/halley-stream/halley/protocol"
)

// conversation is what clients and a feed do, and what the server says to that, as
// protocol/testdata/conversations.json has it.
type conversation struct {
	Name string `json:"name"`
	// Traps are the rules of the protocol that it holds the server to.
	Traps []string           `json:"traps"`
	Steps []conversationStep `json:"steps"`
}

// conversationStep is one step. In all texts $1, $2 … stand for the sessions in the
// order in which they were created.
type conversationStep struct {
	// On names a connection, which is opened when it is named first. It is a WebSocket
	// if something is sent there, else of HTTP.
	On string `json:"on"`
	// Send is a WebSocket message.
	Send *string `json:"send"`
	// Post is the name of an HTTP request, and Get of one without a body; Body has its
	// parameters, and Query more of those in the URL.
	Post  string `json:"post"`
	Get   string `json:"get"`
	Body  string `json:"body"`
	Query string `json:"query"`
	// Lines are what the server says there next. In them … stands for anything.
	Lines []string `json:"lines"`
	// End says that then the response ends, Closed that the connection does.
	End    bool `json:"end"`
	Closed bool `json:"closed"`
	// Cut breaks the connection.
	Cut bool `json:"cut"`
	// Item is changed by the feed: Values are names and values in turn.
	Item   string   `json:"item"`
	Values []string `json:"values"`
}

// host is the Metadata Adapter of the conversations: it takes messages and allows
// selectors.
type host struct{ *gate }

func (h host) Resolve(ctx context.Context, i adapters.Interest) (adapters.Resolution, error) {
	r, err := h.gate.Resolve(ctx, i)
	r.Selector = true
	return r, err
}

func (host) Message(_ context.Context, m adapters.Message) (string, error) {
	if m.Text == "no" {
		return "", &adapters.Refusal{Code: -3, Text: "Not now, please"}
	}
	return "heard " + m.Text, nil
}

func TestConversations(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "protocol", "testdata", "conversations.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []conversation
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			p := &player{server: startHost(t), sockets: make(map[string]*webSocket), requests: make(map[string]*httpConn), answers: make(map[string]*lines)}
			for i := range c.Steps {
				p.at = i + 1
				p.play(&c.Steps[i])
			}
		})
	}
}

func startHost(t *testing.T) *server {
	t.Helper()
	a, err := literal.New(literal.Config{Selectors: true})
	if err != nil {
		t.Fatal(err)
	}
	return startSet(t, func(set *engine.AdapterSet) {
		g := set.Metadata.(*gate)
		g.Adapter = a
		set.Metadata = host{g}
		set.Diffs = map[string]protocol.DiffFormat{"text": protocol.TLCPDiff, "json": protocol.JSONPatch}
	})
}

// player plays one conversation.
type player struct {
	*server
	at       int
	sockets  map[string]*webSocket
	requests map[string]*httpConn
	answers  map[string]*lines // under way, of HTTP
	sessions []string
}

func (p *player) play(s *conversationStep) {
	t := p.t
	t.Helper()
	switch {
	case s.Item != "":
		p.feed.tick(s.Item, s.Values...)
	case s.Send != nil:
		w := p.sockets[s.On]
		if w == nil {
			w = p.webSocket()
			p.sockets[s.On] = w
		}
		w.send(p.fill(*s.Send))
	case s.Post != "":
		p.answers[s.On] = p.http1(s.On).do(s.Post, p.fill(s.Query), p.fill(s.Body))
	case s.Get != "":
		h := p.http1(s.On)
		h.write(request("GET", "/lightstreamer/"+s.Get+".txt?LS_protocol=TLCP-2.5.0&"+p.fill(s.Query), ""))
		p.answers[s.On] = h.answer()
	case s.Cut:
		p.cut(s.On)
	}
	if len(s.Lines) > 0 {
		p.expectLines(s)
	}
	switch {
	case s.End:
		p.answers[s.On].ended()
	case s.Closed && p.sockets[s.On] != nil:
		p.sockets[s.On].ended()
	case s.Closed:
		p.requests[s.On].closed()
	}
}

func (p *player) http1(name string) *httpConn {
	if p.requests[name] == nil {
		p.requests[name] = p.http()
	}
	return p.requests[name]
}

func (p *player) cut(name string) {
	if w := p.sockets[name]; w != nil {
		w.conn.Close()
	} else {
		p.requests[name].conn.Close()
	}
}

func (p *player) expectLines(s *conversationStep) {
	p.t.Helper()
	from := p.answers[s.On]
	if w := p.sockets[s.On]; w != nil {
		from = &w.lines
	}
	for _, pattern := range s.Lines {
		line := from.next()
		if want := p.fill(pattern); !matches(want, line) {
			p.t.Fatalf("step %d: got %q, want %q", p.at, line, want)
		}
		if id, ok := strings.CutPrefix(line, "CONOK,"); ok {
			id, _, _ = strings.Cut(id, ",")
			if len(p.sessions) == 0 || !p.has(id) {
				p.sessions = append(p.sessions, id)
			}
		}
	}
}

func (p *player) has(id string) bool {
	for _, s := range p.sessions {
		if s == id {
			return true
		}
	}
	return false
}

// fill puts the sessions in.
func (p *player) fill(text string) string {
	for i, id := range p.sessions {
		text = strings.ReplaceAll(text, "$"+string(rune('1'+i)), id)
	}
	return text
}
