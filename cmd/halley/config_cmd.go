package main

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/halley-stream/halley/internal/settings"
)

// runConfig runs one of the commands below config.
func runConfig(ctx context.Context, env *environment) int {
	return dispatch(ctx, env, "Check, print or sample the configuration.", []command{
		{"check", "find all faults, those of the files that it names as well; nothing is started", "halley config check -c halley.yaml", runConfigCheck},
		{"print", "print what is in force and where each value comes from", "halley config print -c halley.yaml", runConfigPrint},
		{"sample", "print a documented configuration with the defaults", "halley config sample > halley.yaml", runConfigSample},
	})
}

func runConfigCheck(_ context.Context, env *environment) int {
	conf, s, code, ok := loadForCommand(env, "halley config check -c halley.yaml")
	if !ok {
		return code
	}
	checkAdapters(conf, s)
	if err := s.Err(); err != nil {
		return env.misconfigured(err)
	}
	env.talk("The configuration is good.")
	return exitOK
}

func runConfigPrint(_ context.Context, env *environment) int {
	_, s, code, ok := loadForCommand(env, "halley config print -c halley.yaml")
	if !ok {
		return code
	}
	if err := s.Print(env.stdout); err != nil {
		return env.fail(err)
	}
	return exitOK
}

// loadForCommand reads the flags and the configuration. When ok is false the
// command has ended with the code.
func loadForCommand(env *environment, example string) (*config, *settings.Settings, int, bool) {
	var flags configFlags
	set := newFlags(env, "[flags] [file]", example)
	flags.register(set)
	operands, code, done := parseFlags(env, set)
	if done {
		return nil, nil, code, false
	}
	if len(operands) == 1 && flags.file == "" {
		flags.file, operands = operands[0], nil
	}
	if len(operands) > 0 {
		return nil, nil, env.misuse("unexpected argument %q", operands[0]), false
	}
	conf, s, err := flags.load(env)
	if err != nil {
		return nil, nil, env.misconfigured(err), false
	}
	return conf, s, exitOK, true
}

func runConfigSample(_ context.Context, env *environment) int {
	set := newFlags(env, "", "halley config sample > halley.yaml")
	operands, code, done := parseFlags(env, set)
	if done {
		return code
	}
	if len(operands) > 0 {
		return env.misuse("unexpected argument %q", operands[0])
	}
	if err := writeSample(env.stdout); err != nil {
		return env.fail(err)
	}
	return exitOK
}

const sampleHead = `# Halley's configuration. All values are the defaults, so any line may go.
#
# An environment variable or a flag overrides a line: engine.drain is also
# HALLEY_ENGINE_DRAIN and -set engine.drain=10s. Lists are then separated by
# commas. adapter_sets (HALLEY_ADAPTER_SETS) is one value, which is YAML in one
# line: no variable and no flag reaches into it.
#
# The configuration is read at the start only: SIGHUP replaces plugins, and
# nothing else. Paths start from the folder in which halley was started.
#
# 'halley config check -c FILE' finds all faults, those of the files named here
# as well, but starts no plugin, opens no port and connects to nobody. 'halley
# config print -c FILE' shows what is in force. Durations have units (400ms, 10s,
# 1m30s), and so have sizes (64KiB, 1MiB).

`

// writeSample writes the documented sample.
func writeSample(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString(sampleHead)
	if err := settings.Sample(&b, defaultConfig()); err != nil {
		return fmt.Errorf("sample: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}
