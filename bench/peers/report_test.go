//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	folder := t.TempDir()
	found := &comparison{
		Peer: "nats-ws", Transport: overWebSocket, Version: "v1", Setting: "as it is", Ratio: 2.5, HalleyVersion: "abc",
		Result: &trial{Clients: 1000, Rate: 100, Duration: 10, Delivered: 1_000_000, Reads: 900_000, User: 8, System: 2,
			MemoryEmpty: 1e6, MemoryFull: 21e6, P99: 12, Notes: []string{"a remark"}},
		Halley: &halley{Delivered: 1_000_000, Duration: 10, User: 3, System: 1, P99: 15, UpdatesPerWrite: 9, PerConnection: 5e3},
	}
	r := &report{Machine: "a <machine>", Clients: 1000}
	r.add(found)
	r.add(&comparison{Peer: "cometd-ws", Transport: overWebSocket, Failure: "mvn is missing"})
	r.add(&comparison{Peer: "centrifuge-sse", Transport: overHTTP, Result: &trial{Clients: 1000, Duration: 1}})
	if err := r.write(folder); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(folder, pageFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"a <machine>", "| nats-ws | 100/s | 12.0 ms | 100 k | 20 KB | 15.0 ms (worse) | 250 k | 5.0 KB | **2.5** | | | |",
		"- **nats-ws**, 2.5: at 100/s per client Halley makes a write for 9.0 updates", "- **cometd-ws**: mvn is missing", "- nats-ws: a remark", "Halley abc",
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page has no %q:\n%s", want, page)
		}
	}
	for _, name := range []string{httpFile, wsFile, memoryFile} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := xml.Unmarshal(text, new(struct{})); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	again := &report{Machine: r.Machine, Clients: r.Clients}
	if err := again.read(folder); err != nil {
		t.Fatal(err)
	}
	before, _ := json.Marshal(r)
	after, _ := json.Marshal(again)
	if !bytes.Equal(before, after) {
		t.Errorf("read again it is\n%s\nwas\n%s", after, before)
	}
	if err := (&report{Machine: "another", Clients: 1000}).read(folder); err == nil {
		t.Error("results of two machines can be mixed")
	}
}
