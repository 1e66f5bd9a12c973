package host

import (
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Config says what to start and how. DefaultConfig has the defaults; zero values mean
// the same, but for Env.
type Config struct {
	// Command is the program: a path, or a name that is looked up in PATH. Required,
	// unless Attach is given.
	Command string `yaml:"command" doc:"The program: a path, or a name that is looked up in PATH."`
	// Args are its arguments.
	Args []string `yaml:"args" doc:"Its arguments."`
	// Env is its environment: NAME=value, or NAME to pass the server's own value on.
	// It gets nothing else of the server's environment.
	Env []string `yaml:"env" secret:"value" doc:"Its environment: NAME=value, or NAME for the value that the server has. It gets nothing else of the server's environment."`
	// Dir is the directory that it is started in. Default: the server's.
	Dir string `yaml:"dir" doc:"The directory that it is started in. Empty is the server's."`
	// Parameters are handed to the plugin.
	Parameters map[string]string `yaml:"parameters" secret:"true" doc:"Settings of the plugin's own."`
	// SHA256 is what the program's file must be, in hexadecimal. Nobody else may be
	// able to write the file: it could be changed between the check and the start.
	SHA256 string `yaml:"sha256" doc:"The SHA-256 sum that the program's file must have, in hexadecimal. Empty is any."`
	// TLS encrypts the connection, with certificates that both make for one start. A
	// plugin that is reached over TCP needs it; on a socket in a directory of its own
	// it costs and adds little.
	TLS bool `yaml:"tls" doc:"Whether the connection is encrypted, with certificates made for each start. Needed where the plugin is reached over TCP."`
	// StartTimeout is how long a plugin may take until it is ready. Default 10 s.
	StartTimeout time.Duration `yaml:"start_timeout" min:"100ms" doc:"How long it may take until it is ready."`
	// MemoryLimit is how much memory of its own a process may have, in bytes, as the
	// kernel counts it (RLIMIT_DATA); 0 is no limit. Linux only. A program in Go takes
	// memory by steps of 64 MiB.
	MemoryLimit int `yaml:"memory_limit" unit:"bytes" min:"0" doc:"How much memory it may take (RLIMIT_DATA, Linux). 0 is no limit. A program in Go takes memory by steps of 64 MiB."`
	// HealthInterval is how often a plugin is asked whether it lives, and how long it
	// may take to answer. After HealthMisses times without one it is ended. Defaults
	// 1 s, 3.
	HealthInterval time.Duration `yaml:"health_interval" min:"10ms" doc:"How often it is asked whether it lives, and how long it may take to answer."`
	HealthMisses   int           `yaml:"health_misses" min:"1" max:"1000" doc:"How many answers in a row may be missing until it is ended."`
	// BackoffMin is the time until a plugin is started again. It doubles with each
	// failure in a row, up to BackoffMax; half of it is random. Defaults 100 ms, 30 s.
	BackoffMin time.Duration `yaml:"backoff_min" min:"1ms" doc:"The time until it is started again. It doubles with each failure in a row."`
	BackoffMax time.Duration `yaml:"backoff_max" min:"1ms" doc:"The longest such time."`
	// GiveUp is after how many failures in a row it is not started again, until
	// Replace is called; 0 is never.
	GiveUp int `yaml:"give_up" min:"0" doc:"After how many failures in a row it is left alone, until somebody asks for another try. 0 is never."`
	// Attach is where a plugin listens that somebody else started, as unix:PATH. It is
	// neither started nor ended then. For development.
	Attach string `yaml:"attach" doc:"Where a plugin listens that was started by hand, as unix:PATH, such as one in a debugger. It takes the place of the command."`

	// Name is what the plugin is called in the log. Default: the command's last part.
	Name string `yaml:"-"`
	// Log is where the plugin's log goes, and what becomes of it. Default: nowhere.
	Log *slog.Logger `yaml:"-"`
	// Version is the server's, which the plugin is told.
	Version string `yaml:"-"`
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	c := Config{Env: []string{"PATH"}}
	return c.withDefaults()
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		value   *time.Duration
		instead time.Duration
	}{
		{&c.StartTimeout, 10 * time.Second},
		{&c.HealthInterval, time.Second},
		{&c.BackoffMin, 100 * time.Millisecond},
		{&c.BackoffMax, 30 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.instead
		}
	}
	if c.HealthMisses == 0 {
		c.HealthMisses = 3
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Validate returns all faults of c, each with the name of its setting.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	switch {
	case c.Command == "" && c.Attach == "":
		fault("command: is missing")
	case c.Command != "" && c.Attach != "":
		fault("attach: takes the place of command; leave one of them out")
	}
	if c.Attach != "" {
		if _, ok := c.attachPath(); !ok {
			fault("attach: %q is not unix:PATH", c.Attach)
		}
		if c.TLS || c.SHA256 != "" || c.MemoryLimit != 0 {
			fault("attach: goes with none of tls, sha256 and memory_limit, which are for what the server starts")
		}
	}
	for i, e := range c.Env {
		if name, _, _ := strings.Cut(e, "="); name == "" {
			fault("env[%d]: there is no name; write NAME=value or NAME", i) // the value may be a secret
		}
	}
	if sum, err := hex.DecodeString(c.SHA256); c.SHA256 != "" && (err != nil || len(sum) != 32) {
		fault("sha256: %q is not 64 hexadecimal digits", c.SHA256)
	}
	if c.MemoryLimit > 0 && runtime.GOOS != "linux" {
		fault("memory_limit: there is none on %s", runtime.GOOS)
	}
	for _, v := range []struct {
		name  string
		value int64
	}{
		{"start_timeout", int64(c.StartTimeout)}, {"memory_limit", int64(c.MemoryLimit)},
		{"health_interval", int64(c.HealthInterval)}, {"health_misses", int64(c.HealthMisses)},
		{"backoff_min", int64(c.BackoffMin)}, {"backoff_max", int64(c.BackoffMax)}, {"give_up", int64(c.GiveUp)},
	} {
		if v.value < 0 {
			fault("%s: is negative", v.name)
		}
	}
	if c.BackoffMin > 0 && c.BackoffMax > 0 && c.BackoffMin > c.BackoffMax {
		fault("backoff_min: %s is longer than backoff_max, %s", c.BackoffMin, c.BackoffMax)
	}
	return errors.Join(faults...)
}

// attachPath returns the path of the socket to attach to.
func (c *Config) attachPath() (string, bool) {
	path, ok := strings.CutPrefix(c.Attach, "unix:")
	return path, ok && path != ""
}

// name returns what the plugin is called.
func (c *Config) name() string {
	switch {
	case c.Name != "":
		return c.Name
	case c.Attach != "":
		return c.Attach
	}
	return filepath.Base(c.Command)
}

// environment returns the plugin's environment. Names that the server does not have
// are left out.
func (c *Config) environment() []string {
	env := []string{} // nil would be the server's
	for _, e := range c.Env {
		if strings.Contains(e, "=") {
			env = append(env, e)
		} else if value, ok := os.LookupEnv(e); ok {
			env = append(env, e+"="+value)
		}
	}
	return env
}
