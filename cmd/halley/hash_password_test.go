package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/roles"
	"github.com/halley-stream/halley/adapters/static"
)

func TestHashPassword(t *testing.T) {
	for _, c := range []struct {
		stdin  string
		args   []string
		code   int
		stderr string
	}{
		{stdin: "secret\n"},
		{stdin: "secret\r\n"},
		{stdin: "secret"},
		{stdin: "", code: exitFailure, stderr: "the password is empty"},
		{stdin: "a\nb\n", code: exitFailure, stderr: "more than one line"},
		{stdin: strings.Repeat("x", passwordMax+1), code: exitFailure, stderr: "more than 1024 bytes"},
		{args: []string{"secret"}, code: exitUsage, stderr: "does not belong into the command line"},
	} {
		var stdout, stderr bytes.Buffer
		env := &environment{name: "halley", args: append([]string{"hash-password"}, c.args...), stdin: strings.NewReader(c.stdin), stdout: &stdout, stderr: &stderr}
		if code := runMain(t.Context(), env); code != c.code || !strings.Contains(stderr.String(), c.stderr) {
			t.Errorf("%q gives %d and %q, want %d and %q", c.stdin, code, stderr.String(), c.code, c.stderr)
		}
		if c.code != exitOK {
			continue
		}
		a, err := static.New(static.Config{
			Users: map[string]static.User{"ann": {Hash: strings.TrimSuffix(stdout.String(), "\n"), Roles: []string{"a"}}},
			Roles: map[string]roles.Role{"a": {}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Authenticate(t.Context(), adapters.Login{User: "ann", Password: "secret"}); err != nil {
			t.Errorf("%q gives %q, which is not the hash of secret: %v", c.stdin, stdout.String(), err)
		}
	}
}
