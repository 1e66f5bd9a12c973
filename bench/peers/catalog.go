//go:build linux

package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/halley-stream/halley/bench/peers/clients"
	"github.com/halley-stream/halley/bench/peers/serve"
)

// Transports, as Halley's bench calls them.
const (
	overWebSocket = "ws"
	overHTTP      = "http"
)

// warmup is that of peers that need no compiling at run time.
const warmup = 2 * time.Second

// long is how long updates are collected where a peer, or what one writes with it,
// can.
const long = 100 * time.Millisecond

// catalog returns all peers. Pings are off everywhere: they cost a peer a little, and
// the runs are shorter than what they would find out; Halley has them on.
func catalog() []peer {
	var all []peer
	for _, delay := range []time.Duration{0, 20 * time.Millisecond, long} {
		all = append(all, centrifuge(overHTTP, delay, false), centrifuge(overWebSocket, delay, false))
	}
	return append(all,
		centrifuge(overWebSocket, 0, true), centrifuge(overWebSocket, long, true),
		nchan(overHTTP, false), nchan(overHTTP, true), nchan(overWebSocket, false), nchan(overWebSocket, true),
		nats(),
		netHTTP(), netHTTPGathering(0), netHTTPGathering(long),
		nodeWS(0), nodeWS(long), socketIO(),
		cometD(0), cometD(long))
}

func peerNamed(name string) (peer, bool) {
	for _, p := range catalog() {
		if p.name == name {
			return p, true
		}
	}
	return peer{}, false
}

// suffix names a delay.
func suffix(delay time.Duration) string {
	if delay == 0 {
		return ""
	}
	return "-" + strconv.FormatInt(delay.Milliseconds(), 10) + "ms"
}

// get is an HTTP request for a stream of events.
func get(path string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
}

// upgrade is a request for a WebSocket. The key is a fixed one: nobody is between us
// and the server.
func upgrade(path, protocol string) string {
	if protocol != "" {
		protocol = "Sec-WebSocket-Protocol: " + protocol + "\r\n"
	}
	return "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + protocol + "\r\n"
}

// opening returns a request that does not depend on the items.
func opening(request string) func(int, []int) string {
	return func(int, []int) string { return request }
}

// ours is a peer of package serve: this program, once more.
func ours(name, module string, args ...string) starter {
	return func(ctx context.Context, w *workshop, _ int) (*process, error) {
		program, err := os.Executable()
		if err != nil {
			return nil, err
		}
		version := serve.Version(module) + ", " + goVersion()
		if module == "" {
			version = goVersion()
		}
		return startProcess(ctx, version, w.stderr, program, append([]string{serveCommand, name}, args...)...)
	}
}

func netHTTP() peer {
	return peer{
		name: "nethttp-sse", transport: overHTTP, warmup: warmup,
		setting:  "a goroutine and a channel per client; an update is written and flushed",
		dialogue: netHTTPDialogue(),
		start:    ours("nethttp", ""),
	}
}

func netHTTPGathering(delay time.Duration) peer {
	setting := "a goroutine and a buffer per client; all that has come since is written and flushed at once"
	if delay > 0 {
		setting += fmt.Sprintf(", %v after the first", delay)
	}
	return peer{
		name: "nethttp-sse-gather" + suffix(delay), transport: overHTTP, warmup: warmup, setting: setting,
		dialogue: netHTTPDialogue(),
		start:    ours("nethttp", "", "-gather", "-delay", delay.String()),
	}
}

func netHTTPDialogue() clients.Dialogue {
	return clients.Dialogue{Open: func(_ int, items []int) string { return get("/?items=" + numbers(items, "", ",")) }}
}

func centrifuge(transport string, delay time.Duration, protobuf bool) peer {
	p := peer{transport: transport, warmup: warmup, setting: "no history, no presence, subscriptions by the server"}
	connect := func(items []int) string { return `{"id":1,"connect":{"data":[` + numbers(items, "", ",") + `]}}` }
	await := clients.Step{Await: []string{`"connect":{`}}
	args := []string{"-delay", delay.String()}
	switch {
	case transport == overHTTP:
		p.name = "centrifuge-sse"
		p.dialogue.Open = func(_ int, items []int) string { return get("/sse?cf_connect=" + url.QueryEscape(connect(items))) }
		p.dialogue.Steps = []clients.Step{await}
	case protobuf:
		p.name = "centrifuge-ws-protobuf"
		p.setting += ", Protobuf, UseWriteBufferPool"
		p.dialogue = clients.Dialogue{WebSocket: true, Binary: true, Open: opening(upgrade("/ws", "centrifuge-protobuf"))}
		p.dialogue.Steps = []clients.Step{
			{Say: func(items []int, _ []byte) string { return protobufConnect("[" + numbers(items, "", ",") + "]") }},
			{Await: []string{"\x08\x01\x2a"}}, // Reply: id 1, connect
		}
		args = append(args, "-protobuf")
	default:
		p.name = "centrifuge-ws"
		p.setting += ", JSON, UseWriteBufferPool"
		p.dialogue = clients.Dialogue{WebSocket: true, Open: opening(upgrade("/ws", ""))}
		p.dialogue.Steps = []clients.Step{
			{Say: func(items []int, _ []byte) string { return connect(items) }},
			await,
		}
	}
	if delay > 0 {
		p.setting += fmt.Sprintf(", WriteDelay %v, MaxMessagesInFrame -1, QueueInitialCap 32", delay)
	}
	p.name += suffix(delay)
	p.start = ours("centrifuge", "github.com/centrifugal/centrifuge", args...)
	return p
}

func nats() peer {
	return peer{
		name: "nats-ws", transport: overWebSocket, warmup: warmup,
		setting: "no compression, no TLS; the publisher is a client in the same process; it writes what waits by itself",
		dialogue: clients.Dialogue{
			WebSocket: true, Binary: true,
			Open: opening(upgrade("/", "")),
			Steps: []clients.Step{
				{Await: []string{"INFO "}, Say: func(items []int, _ []byte) string {
					var b strings.Builder
					b.WriteString(`CONNECT {"verbose":false,"pedantic":false,"protocol":1}` + "\r\n")
					for i, item := range items {
						fmt.Fprintf(&b, "SUB %d %d\r\n", item, i+1)
					}
					return b.String() + "PING\r\n"
				}},
				{Await: []string{"PONG\r\n"}},
			},
		},
		start: ours("nats", "github.com/nats-io/nats-server/v2"),
	}
}

func nodeWS(delay time.Duration) peer {
	setting := "ws with bufferutil and utf-8-validate, perMessageDeflate off; one process, a message per update"
	if delay > 0 {
		setting = fmt.Sprintf("ws with bufferutil and utf-8-validate, perMessageDeflate off; one process, a message per client each %v with all updates since", delay)
	}
	return peer{
		name: "node-ws" + suffix(delay), transport: overWebSocket, warmup: 2 * warmup, setting: setting,
		dialogue: clients.Dialogue{
			WebSocket: true, Open: opening(upgrade("/", "")),
			Steps: []clients.Step{
				{Say: func(items []int, _ []byte) string { return "[" + numbers(items, "", ",") + "]" }},
				{Await: []string{"subscribed"}},
			},
		},
		start: node("ws", "ws", delay),
	}
}

func socketIO() peer {
	return peer{
		name: "socketio-ws", transport: overWebSocket, warmup: 2 * warmup,
		setting: "WebSocket only, bufferutil and utf-8-validate, first request freed; one process, a room per item",
		dialogue: clients.Dialogue{
			WebSocket: true, Open: opening(upgrade("/socket.io/?EIO=4&transport=websocket", "")),
			Steps: []clients.Step{
				{Await: []string{`0{"sid"`}, Say: func([]int, []byte) string { return "40" }},
				{Await: []string{`40{"sid"`}, Say: func(items []int, _ []byte) string {
					return `42["s",[` + numbers(items, "", ",") + `]]`
				}},
				{Await: []string{"subscribed"}},
			},
		},
		start: node("socketio", "socket.io", 0),
	}
}

func cometD(delay time.Duration) peer {
	setting := "ws.messagesPerFrame 1000; " + strings.Join(javaFlags(), " ")
	if delay > 0 {
		setting = fmt.Sprintf("lazy channels of %v, %s", delay, setting)
	}
	return peer{
		name: "cometd-ws" + suffix(delay), transport: overWebSocket, gentle: 3 * warmup, warmup: 2 * warmup, setting: setting,
		dialogue: clients.Dialogue{
			WebSocket: true, Open: opening(upgrade("/cometd", "")),
			Steps: []clients.Step{
				{Say: func([]int, []byte) string {
					return `[{"id":"1","channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"]}]`
				}},
				{Await: []string{`"clientId":"`, "}]"}, Say: func(items []int, heard []byte) string {
					id := clientID(heard)
					return `[{"id":"2","channel":"/meta/subscribe","clientId":"` + id + `","subscription":["` + numbers(items, "/", `","`) +
						`"]},{"id":"3","channel":"/meta/connect","clientId":"` + id + `","connectionType":"websocket"}]`
				}},
				{Await: []string{`"/meta/subscribe"`, `"/meta/connect"`}},
			},
		},
		start: cometd(delay),
	}
}

// clientID finds the identifier in CometD's answer to a handshake.
func clientID(heard []byte) string {
	_, after, _ := strings.Cut(string(heard), `"clientId":"`)
	id, _, _ := strings.Cut(after, `"`)
	return id
}

// protobufConnect is the connect command of Centrifuge's binary protocol: its length,
// then Command{id: 1, connect: ConnectRequest{data}}.
func protobufConnect(data string) string {
	field := func(dst []byte, tag byte, value string) []byte {
		dst = binary.AppendUvarint(append(dst, tag), uint64(len(value)))
		return append(dst, value...)
	}
	request := field(nil, 2<<3|2, data)
	command := field([]byte{1 << 3, 1}, 4<<3|2, string(request))
	return string(append(binary.AppendUvarint(nil, uint64(len(command))), command...))
}
