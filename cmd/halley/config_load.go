package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/halley-stream/halley/internal/settings"
)

const (
	// envPrefix starts the environment variables of all settings.
	envPrefix = "HALLEY_"
	// envFile is the environment variable that names the configuration file.
	envFile = "HALLEY_CONFIG"
)

// configFlags are the flags of all commands that read the configuration.
type configFlags struct {
	file string
	sets []assignment
	dev  []assignment // plugins to attach to: path is SET.NAME
}

// assignment is a setting given by a flag.
type assignment struct{ flag, path, text string }

// register adds the flags to a set.
func (c *configFlags) register(flags *flag.FlagSet) {
	flags.StringVar(&c.file, "c", "", "read the configuration from `file` (environment: HALLEY_CONFIG)")
	c.short(flags, "listen", "listen", "where clients connect, as `host:port`")
	c.short(flags, "admin", "admin.listen", "where monitoring is served, as `host:port`; empty turns it off")
	c.short(flags, "log-level", "log.level", "what is logged at least, a `level`: debug, info, warn, error")
	flags.Func("set", "set a setting, as `path=value`, for example engine.drain=10s; adapter_sets is one value, which is YAML; may come several times", func(s string) error {
		path, text, ok := strings.Cut(s, "=")
		if !ok {
			return errors.New("write path=value, for example engine.drain=10s")
		}
		c.sets = append(c.sets, assignment{"-set " + path, path, text})
		return nil
	})
}

// registerDev adds the flag for plugins under development.
func (c *configFlags) registerDev(flags *flag.FlagSet) {
	flags.Func("dev", "attach to a plugin that was started by hand, in a debugger say, instead of starting it, as `SET.NAME=unix:PATH`; one that is the set's metadata adapter as well is attached to as both; may come several times", func(s string) error {
		name, address, ok := strings.Cut(s, "=")
		if !ok {
			return errors.New("write SET.NAME=unix:PATH, for example DEMO.QUOTES=unix:/tmp/my.sock")
		}
		c.dev = append(c.dev, assignment{"-dev", name, address})
		return nil
	})
}

// short adds a flag of its own for the setting at path.
func (c *configFlags) short(flags *flag.FlagSet, name, path, usage string) {
	flags.Func(name, usage, func(text string) error {
		c.sets = append(c.sets, assignment{"-" + name, path, text})
		return nil
	})
}

// load returns the configuration in force: flags beat the environment, which
// beats the file, which beats the defaults. The error holds all faults, each with
// its place, and is meant for the user.
func (c *configFlags) load(env *environment) (*config, *settings.Settings, error) {
	conf := defaultConfig()
	s := settings.New(conf, env.environ)
	file := c.file
	if file == "" {
		file = env.getenv(envFile)
	}
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, unreadable(file, err)
		}
		s.File(file, text)
	}
	s.Env(envPrefix, append(otherEnv, envFile)...)
	for _, a := range c.sets {
		s.Set(a.flag, a.path, a.text)
	}
	if s.Origin("limits.sessions_per_address") == "default" { // its default follows the limit of all
		conf.Limits.SessionsPerAddress = min(conf.Limits.SessionsPerAddress, conf.Limits.Sessions)
	}
	s.Validate()
	if err := s.Err(); err != nil {
		return nil, s, err
	}
	for _, a := range c.dev {
		if err := conf.attach(a.path, a.text); err != nil {
			return nil, s, fmt.Errorf("%s %s: %w", a.flag, a.path, err)
		}
	}
	return conf, s, nil
}

// unreadable says what to do about a configuration file that cannot be read.
func unreadable(file string, err error) error {
	var reason *fs.PathError
	if errors.As(err, &reason) {
		err = reason.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the configuration file %s does not exist; 'halley config sample > %s' makes one", file, file)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the configuration file %s may not be read by this user", file)
	}
	return fmt.Errorf("the configuration file %s cannot be read: %w", file, err)
}

// misconfigured tells what is wrong with the configuration and returns exitUsage.
func (e *environment) misconfigured(err error) int {
	var faults settings.Faults
	if !errors.As(err, &faults) {
		e.talk("%s: %v", e.name, err)
		return exitUsage
	}
	count := "1 fault"
	if len(faults) > 1 {
		count = fmt.Sprintf("%d faults", len(faults))
	}
	e.talk("%v\n%s: %s in the configuration", faults, e.name, count)
	return exitUsage
}

// otherEnv are variables with our prefix that mean something to other commands and
// scripts.
var otherEnv = []string{
	"HALLEY_CACHE", "HALLEY_KAFKA_PASSWORD", "HALLEY_PLUGIN_ATTACH", "HALLEY_SUB_USER", "HALLEY_SUB_PASSWORD", "HALLEY_URL",
}
