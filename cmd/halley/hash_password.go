package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/halley-stream/halley/adapters/static"
)

// passwordMax is the length of the longest password, in bytes.
const passwordMax = 1024

// runHashPassword prints the hash of a password, for the users of a metadata adapter of
// type static.
func runHashPassword(_ context.Context, env *environment) int {
	set := newFlags(env, "< FILE", "halley hash-password")
	operands, code, done := parseFlags(env, set)
	if done {
		return code
	}
	if len(operands) > 0 { // others could see it
		return env.misuse("a password does not belong into the command line; it is asked for, or read from the standard input")
	}
	password, err := readPassword(env)
	if err != nil {
		return env.fail(err)
	}
	return env.print("%s\n", static.HashPassword(password))
}

// readPassword returns the password that is typed at the terminal, twice and without
// an echo, or the line that comes in.
func readPassword(env *environment) (string, error) {
	file, ok := env.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		text, err := io.ReadAll(io.LimitReader(env.stdin, passwordMax+2))
		if err != nil {
			return "", fmt.Errorf("the password cannot be read: %w", err)
		}
		return usable(strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"))
	}
	first, err := askPassword(env, file, "Password: ")
	if err != nil {
		return "", err
	}
	again, err := askPassword(env, file, "The same again: ")
	if err == nil && first != again {
		err = errors.New("these are two different passwords")
	}
	return first, err
}

// askPassword asks for a password at a terminal.
func askPassword(env *environment, terminal *os.File, question string) (string, error) {
	fmt.Fprint(env.stderr, question)
	typed, err := term.ReadPassword(int(terminal.Fd()))
	fmt.Fprintln(env.stderr)
	if err != nil {
		return "", fmt.Errorf("the password cannot be read: %w", err)
	}
	return usable(string(typed))
}

// usable returns a password, or what is wrong with it.
func usable(password string) (string, error) {
	switch {
	case password == "":
		return "", errors.New("the password is empty")
	case len(password) > passwordMax:
		return "", fmt.Errorf("the password has more than %d bytes", passwordMax)
	case strings.ContainsAny(password, "\r\n"):
		return "", errors.New("the password has more than one line")
	}
	return password, nil
}
