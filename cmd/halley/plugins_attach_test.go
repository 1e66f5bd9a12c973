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
