package main

import (
	"context"
	"encoding/json"
	"runtime"
	"runtime/debug"

	"github.com/halley-stream/halley/internal/metrics"
)

// version is set by the linker in a release.
var version = ""

// buildInfo is what is known of how this program was made.
type buildInfo struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
}

// readBuild returns how this program was made.
func readBuild() buildInfo {
	b := buildInfo{Version: version, Commit: "unknown", Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if ok && b.Version == "" && info.Main.Version != "(devel)" {
		b.Version = info.Main.Version
	}
	if b.Version == "" {
		b.Version = "devel"
	}
	if ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				b.Commit = s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return b
}

// collect writes the metric that tells the version.
func (b buildInfo) collect(w *metrics.Writer) {
	w.Gauge("halley_build_info", "How this program was made; the value is always 1.").
		Add(1, "version", b.Version, "commit", b.Commit, "go", b.Go)
}

// runVersion prints the version.
func runVersion(_ context.Context, env *environment) int {
	set := newFlags(env, "[--json]", "halley version --json")
	asJSON := set.Bool("json", false, "print JSON")
	operands, code, done := parseFlags(env, set)
	if done {
		return code
	}
	if len(operands) > 0 {
		return env.misuse("unexpected argument %q", operands[0])
	}
	b := readBuild()
	if *asJSON {
		if err := json.NewEncoder(env.stdout).Encode(b); err != nil {
			return env.fail(err)
		}
		return exitOK
	}
	return env.print("halley %s (%s, %s)\n", b.Version, b.Commit, b.Go)
}
