package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/halley-stream/halley/internal/settings"
)

// Exit codes of all subcommands.
const (
	exitOK      = 0
	exitFailure = 1
	// exitUsage says that the command line or the configuration is wrong: trying
	// again without a change is of no use.
	exitUsage = 2
)

// environment is all that a subcommand may know of the world outside, so that it
// can be run in a test. It is immutable after it was made.
type environment struct {
	// name is how the command was called: "halley", or "halley sub".
	name string
	// args are the arguments after name.
	args []string

	stdin  io.Reader
	stdout io.Writer // data
	stderr io.Writer // talk

	// environ holds the environment variables as "NAME=value".
	environ []string
	// terminal says that stderr is a terminal.
	terminal bool
}

// getenv returns the value of an environment variable, or "".
func (e *environment) getenv(name string) string {
	value, _ := e.lookupEnv(name)
	return value
}

// lookupEnv returns the value of an environment variable and whether it is set.
// The last one of a name counts, as in os/exec.
func (e *environment) lookupEnv(name string) (string, bool) {
	for i := len(e.environ) - 1; i >= 0; i-- {
		if key, value, _ := strings.Cut(e.environ[i], "="); key == name {
			return value, true
		}
	}
	return "", false
}

// talk writes a line for the person at the terminal.
func (e *environment) talk(format string, args ...any) {
	fmt.Fprintf(e.stderr, format+"\n", args...)
}

// print writes data and returns the exit code, because nobody may be reading.
func (e *environment) print(format string, args ...any) int {
	if _, err := fmt.Fprintf(e.stdout, format, args...); err != nil {
		return e.fail(err)
	}
	return exitOK
}

// fail tells what went wrong and returns exitFailure.
func (e *environment) fail(err error) int {
	e.talk("%s: %v", e.name, err)
	return exitFailure
}

// misuse tells what is wrong with the command line and returns exitUsage.
func (e *environment) misuse(format string, args ...any) int {
	e.talk("%s: %s", e.name, fmt.Sprintf(format, args...))
	e.talk("Run '%s -h' for help.", e.name)
	return exitUsage
}

// command is a row of the table of subcommands.
type command struct {
	name    string
	summary string
	example string
	run     func(ctx context.Context, env *environment) int
}

// commands returns the table of subcommands, in the order of the help.
func commands() []command {
	return []command{
		{"serve", "start the server", "halley serve", runServe},
		{"sub", "subscribe to items and print their updates", "halley sub AAPL MSFT --fields last,bid,ask", runSub},
		{"replay", "play recorded ticks into a Kafka topic", "halley replay --kafka localhost:9092 --topic ticks --create --speed 10 FILE...", runReplay},
		{"config", "check, print or sample the configuration", "halley config check -c halley.yaml", runConfig},
		{"new-adapter", "write the beginning of an adapter, with a test", "halley new-adapter my-feed --lang go --source ../halley", runNewAdapter},
		{"hash-password", "print the hash of a password, for users in the configuration", "halley hash-password", runHashPassword},
		{"health", "ask a running server how it is (exit code 0 or 1)", "halley health --ready", runHealth},
		{"version", "print the version", "halley version --json", runVersion},
	}
}

// runMain runs the subcommand that env.args[0] names.
func runMain(ctx context.Context, env *environment) int {
	return dispatch(ctx, env, "Halley streams market data to browsers and apps.", commands())
}

// dispatch runs the command of table that env.args[0] names, or prints the help.
func dispatch(ctx context.Context, env *environment, title string, table []command) int {
	if len(env.args) == 0 {
		printHelp(env.stderr, env.name, title, table)
		return exitUsage
	}
	name := env.args[0]
	switch name {
	case "help", "-h", "-help", "--help":
		printHelp(env.stdout, env.name, title, table)
		return exitOK
	case "-v", "-version", "--version":
		name = "version"
	}
	for _, c := range table {
		if c.name == name {
			sub := *env
			sub.name, sub.args = env.name+" "+c.name, env.args[1:]
			return c.run(ctx, &sub)
		}
	}
	names := make([]string, len(table))
	for i, c := range table {
		names[i] = c.name
	}
	if guess := settings.Nearest(name, names); guess != "" {
		return env.misuse("unknown command %q; did you mean %q?", name, guess)
	}
	return env.misuse("unknown command %q; there are %s", name, strings.Join(names, ", "))
}

func printHelp(w io.Writer, name, title string, table []command) {
	fmt.Fprintf(w, "%s\n\nUsage: %s <command> [flags]\n\n", title, name)
	for _, c := range table {
		fmt.Fprintf(w, "  %-15s%s\n  %-15s  $ %s\n", c.name, c.summary, "", c.example)
	}
	fmt.Fprintf(w, "\n'%s <command> -h' shows the flags of a command.\n", name)
}

// newFlags returns an empty set of flags whose help consists of usage (the line
// after the command's name, such as "[flags] ITEM...") and an example.
func newFlags(env *environment, usage, example string) *flag.FlagSet {
	flags := flag.NewFlagSet(env.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // parseFlags reports
	flags.Usage = func() {
		fmt.Fprintf(flags.Output(), "Usage: %s %s\n\nExample: %s\n", env.name, usage, example)
		any := false
		flags.VisitAll(func(*flag.Flag) { any = true })
		if any {
			fmt.Fprintf(flags.Output(), "\nFlags:\n")
			flags.PrintDefaults()
		}
	}
	return flags
}

// parseFlags parses the arguments; flags may also stand behind operands. When
// done is true the command has ended with the code: the help was asked for, or
// the arguments are wrong.
func parseFlags(env *environment, flags *flag.FlagSet) (operands []string, code int, done bool) {
	rest := env.args
	for {
		if err := flags.Parse(rest); errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(env.stdout)
			flags.Usage()
			return nil, exitOK, true
		} else if err != nil {
			return nil, env.misuse("%v", err), true
		}
		parsed := len(rest) - flags.NArg()
		if flags.NArg() == 0 {
			return operands, exitOK, false
		}
		if parsed > 0 && rest[parsed-1] == "--" {
			return append(operands, flags.Args()...), exitOK, false
		}
		operands = append(operands, flags.Arg(0))
		rest = flags.Args()[1:]
	}
}
