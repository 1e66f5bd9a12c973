package protocol

import "testing"

// dialogue is a session as it goes over the wire.
type dialogue struct {
	Name    string
	Version string
	Steps   []struct {
		// What the client sends: a WebSocket message, or an HTTP request.
		Client          string
		Post, Body, Get string
		// What the server sends, line by line. Raw ones are with their line ends and
		// are not as we write them.
		Server []string
		Raw    string
		// Count is how many data notifications the client has had by then.
		Count *int64
		// Breaks is what is wrong with the last line.
		Breaks string
	}
}

// TestDialogues lets a strict client follow sessions. Where nothing is wrong, all
// that the client sends is understood, and what the server sends is what our
// encoders write.
func TestDialogues(t *testing.T) {
	for _, d := range load[dialogue](t, "dialogues.json") {
		t.Run(d.Name, func(t *testing.T) {
			v := V25
			if d.Version != "" {
				v, _ = ParseVersion(d.Version)
			}
			client := newStrictClient(v)
			for _, step := range d.Steps {
				if name, lines, ok := sent(t, step.Client, step.Post, step.Body, step.Get); ok {
					requests, err := parseClient(name, lines)
					if err != nil {
						t.Fatalf("%v: %v", name, err)
					}
					if name == WSOK {
						requests = []any{nil}
					}
					for _, r := range requests {
						client.request(name, r)
					}
				}
				lines := step.Server
				if step.Raw != "" {
					lines = append(lines, step.Raw)
				}
				for i, line := range lines {
					if line != step.Raw {
						out, err := rewritten(v, line)
						if err == nil && out != line+"\r\n" && step.Breaks == "" {
							t.Errorf("%q: we write %q", line, out)
						}
						line += "\r\n"
					}
					want := ""
					if i == len(lines)-1 {
						want = step.Breaks
					}
					if got := client.line(line); got != want {
						t.Fatalf("%q: found fault with %q, want %q", line, got, want)
					}
				}
				if step.Count != nil && client.count != *step.Count {
					t.Errorf("after %q: %d data notifications, want %d", lines, client.count, *step.Count)
				}
			}
		})
	}
}

// sent returns a client's request and its lines; ok is false if there is none.
func sent(t *testing.T, message, post, body, get string) (name RequestName, lines []byte, ok bool) {
	t.Helper()
	target, text := post, body
	switch {
	case message != "":
		first, rest := SplitMessage([]byte(message))
		if name, ok = ParseName(first); !ok {
			t.Fatalf("no request: %q", message)
		}
		return name, rest, true
	case get != "":
		target = get
	case post == "":
		return 0, nil, false
	}
	name, query, err := cutRequestTarget(target)
	if err != nil {
		t.Fatal(err)
	}
	if get != "" {
		text = query
	}
	return name, []byte(text), true
}
