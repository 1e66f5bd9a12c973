//go:build linux

package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain is also the peers that are processes of this program.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == serveCommand {
		os.Exit(command(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func TestCommandLine(t *testing.T) {
	cases := map[string]struct {
		args []string
		code int
		text string
	}{
		"nothing":            {nil, exitUsage, "Usage: go run . list"},
		"an unknown command": {[]string{"walk"}, exitUsage, "there are list, run and all"},
		"no peer":            {[]string{"run"}, exitUsage, "'go run . list' shows them"},
		"an unknown peer":    {[]string{"run", "nothing"}, exitUsage, `no peer "nothing"`},
		"no clients":         {[]string{"run", "nats-ws", "-clients", "0"}, exitUsage, "makes no sense"},
		"an unknown choice":  {[]string{"all", "-only", "nothing"}, exitUsage, `no peer begins with "nothing"`},
		"the list":           {[]string{"list"}, exitOK, "centrifuge-sse-100ms"},
		"a peer by hand":     {[]string{serveCommand}, exitUsage, "called by the bench itself"},
		"an unknown server":  {[]string{serveCommand, "nothing"}, exitFault, `no peer "nothing"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			code := command(t.Context(), c.args, strings.NewReader(""), &out, &out)
			if code != c.code || !strings.Contains(out.String(), c.text) {
				t.Errorf("%q gives %d and %q, want %d and %q", c.args, code, out.String(), c.code, c.text)
			}
		})
	}
}

func TestPeersAreSound(t *testing.T) {
	seen := make(map[string]bool)
	for _, p := range catalog() {
		if seen[p.name] || p.setting == "" || p.warmup == 0 || p.dialogue.Open == nil || p.start == nil {
			t.Errorf("%s: named twice, or not complete", p.name)
		}
		seen[p.name] = true
		if p.transport != overWebSocket && p.transport != overHTTP || p.dialogue.WebSocket != (p.transport == overWebSocket) {
			t.Errorf("%s: transport %q, WebSocket %v", p.name, p.transport, p.dialogue.WebSocket)
		}
	}
}

// The peers that need nothing but Go, each with a few clients for a moment. How fast
// they are is of no concern here.
func TestPeersDeliverEverything(t *testing.T) {
	for _, name := range []string{"nethttp-sse", "nethttp-sse-gather", "centrifuge-sse", "centrifuge-ws-100ms", "centrifuge-ws-protobuf", "nats-ws"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, ok := peerNamed(name)
			if !ok {
				t.Fatal("no such peer")
			}
			p.warmup = 100 * time.Millisecond
			w := &workshop{cache: t.TempDir(), folder: t.TempDir(), stderr: t.Output()}
			const count, rate = 20, 100
			got, version, err := measure(t.Context(), w, p, count, rate, 500*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			if version == "" {
				t.Error("no version")
			}
			if got.Lost+got.Twice+got.Reordered+got.Strange+got.Ended > 0 || got.Behind > 0 {
				t.Errorf("not everything came, once and in order: %+v", got)
			}
			if got.Delivered < count*rate/10 || got.cpu() > 0 && got.perCPU() <= 0 || got.MemoryFull == 0 {
				t.Errorf("counters that make no sense: %+v", got)
			}
		})
	}
}
