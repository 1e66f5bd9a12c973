package main

import (
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os/exec"
	"slices"

	"github.com/halley-stream/halley/adapters/plugin/host"
	"github.com/halley-stream/halley/internal/settings"
)

// checkAdapters finds the faults that serve would find only when it starts: it builds the
// adapters, which reads the files that they need, and lets them go. Adapters connect to
// nobody before they run.
func checkAdapters(conf *config, s *settings.Settings) {
	buildAdapters(conf, s, slog.New(slog.DiscardHandler))
	for _, name := range slices.Sorted(maps.Keys(conf.AdapterSets)) {
		set, path := conf.AdapterSets[name], "adapter_sets."+name
		checkProgram(s, set.Metadata.Config, path+".metadata")
		for _, dataName := range slices.Sorted(maps.Keys(set.Data)) {
			checkProgram(s, set.Data[dataName].Config, path+".data."+dataName)
		}
	}
}

// checkProgram finds out whether there is the program of a plugin. The server does not:
// it starts without, and tries again.
func checkProgram(s *settings.Settings, config any, path string) {
	var c host.Config
	switch config := config.(type) {
	case *host.Config:
		c = *config
	case *pluginDataConfig:
		c = config.Config
	}
	if c.Command == "" {
		return
	}
	_, err := exec.LookPath(c.Command)
	switch {
	case errors.Is(err, exec.ErrNotFound):
		s.Fault(path+".command", "there is no program %q in PATH", c.Command)
	case errors.Is(err, fs.ErrNotExist):
		s.Fault(path+".command", "there is no %q; %s", c.Command, pathsStart)
	case err != nil:
		s.Fault(path+".command", "%q cannot be started: %v", c.Command, errors.Unwrap(err))
	}
}
