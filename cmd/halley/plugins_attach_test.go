package main

import (
	"strings"
	"testing"

	"github.com/halley-stream/halley/adapters/plugin/host"
)

func TestAttachToAPluginUnderDevelopment(t *testing.T) {
	file := writeFile(t, "halley.yaml", `adapter_sets:
  MINE:
    metadata: {type: plugin, command: auth, sha256: `+strings.Repeat("ab", 32)+`}
    data:
      FEED: {type: plugin, command: feed, args: [a]}
      DEMO: {type: demo}
`)
	for name, want := range map[string]string{
		"MINE.FEED": "", "MINE.metadata": "",
		"MINE.DEMO": `set MINE has no plugin "DEMO"`, "MINE.NONE": `set MINE has no plugin "NONE"`, "OTHER.FEED": `there is no adapter set "OTHER"`,
	} {
		flags := configFlags{file: file, dev: []assignment{{"-dev", name, "unix:/tmp/s"}}}
		conf, _, err := flags.load(&environment{})
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p := conf.AdapterSets["MINE"].Metadata.Config
		if name == "MINE.FEED" {
			p = &conf.AdapterSets["MINE"].Data["FEED"].Config.(*pluginDataConfig).Config
		}
		if c := p.(*host.Config); c.Attach != "unix:/tmp/s" || c.Validate() != nil {
			t.Errorf("%s: %+v: %v", name, c, c.Validate())
		}
	}
}

// TestAttachToBothAdaptersOfAPlugin has plugins that are one process with the Metadata
// Adapter. The command was still started for that.
func TestAttachToBothAdaptersOfAPlugin(t *testing.T) {
	file := writeFile(t, "halley.yaml", `adapter_sets:
  MINE:
    metadata: {type: plugin, command: feed}
    data:
      A: {type: plugin, command: other}
      B: {type: plugin, command: feed}
      C: {type: plugin, command: feed}
`)
	for _, c := range []struct {
		name string
		dev  []assignment
		want string // of the Metadata Adapter and of A, B and C: the command, or where to attach
	}{
		{"by the Data Adapter", []assignment{{"-dev", "MINE.B", "unix:/1"}}, "unix:/1 other unix:/1 feed"},
		{"by the Metadata Adapter", []assignment{{"-dev", "MINE.metadata", "unix:/1"}}, "unix:/1 other unix:/1 feed"},
		{"a process of its own", []assignment{{"-dev", "MINE.C", "unix:/1"}}, "feed other feed unix:/1"},
		{"another program", []assignment{{"-dev", "MINE.A", "unix:/1"}}, "feed unix:/1 feed feed"},
		{"each its own", []assignment{{"-dev", "MINE.B", "unix:/1"}, {"-dev", "MINE.metadata", "unix:/2"}}, "unix:/2 other unix:/1 feed"},
		{"each its own, in the other order", []assignment{{"-dev", "MINE.metadata", "unix:/2"}, {"-dev", "MINE.B", "unix:/1"}}, "unix:/2 other unix:/1 feed"},
	} {
		flags := configFlags{file: file, dev: c.dev}
		conf, _, err := flags.load(&environment{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		for _, name := range []string{"metadata", "A", "B", "C"} {
			p := conf.AdapterSets["MINE"].plugin(name)
			got = append(got, p.Command+p.Attach)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %s, want %s", c.name, strings.Join(got, " "), c.want)
		}
	}
}
