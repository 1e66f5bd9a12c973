package main

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/halley-stream/halley/cmd/halley/scaffold"
)

// firstSteps are the commands that come after new-adapter, by language.
var firstSteps = map[string][]string{
	"go": {"go mod tidy", "go test ./...", "go build"},
	"python": {
		"python3 -m venv .venv", ".venv/bin/pip install -r requirements.txt", ".venv/bin/python -m pytest",
	},
}

// runNewAdapter writes the beginning of an adapter.
func runNewAdapter(_ context.Context, env *environment) int {
	set := newFlags(env, "--lang go|python [flags] NAME", "halley new-adapter my-feed --lang go --source ../halley")
	p := scaffold.Project{}
	set.StringVar(&p.Language, "lang", "", "the `language`: "+strings.Join(scaffold.Languages(), " or "))
	set.StringVar(&p.Source, "source", "", "the `folder` of a clone of Halley's repository, to take its packages from there; without it they must have been published")
	operands, code, done := parseFlags(env, set)
	if done {
		return code
	}
	switch {
	case len(operands) == 0:
		return env.misuse("what is it called? Name it, as in 'halley new-adapter my-feed --lang go'")
	case len(operands) > 1:
		return env.misuse("unexpected argument %q", operands[1])
	case p.Language == "":
		return env.misuse("in which language? Say --lang %s", strings.Join(scaffold.Languages(), " or --lang "))
	}
	p.Name = operands[0]
	err := scaffold.Write(".", p)
	switch {
	case errors.Is(err, scaffold.ErrName), errors.Is(err, scaffold.ErrLanguage), errors.Is(err, scaffold.ErrSource):
		return env.misuse("%v", err)
	case err != nil:
		return env.fail(err)
	}
	env.talk("%s is an adapter that works. Test it and run it:\n", p.Name)
	for _, step := range append([]string{"cd " + p.Name}, firstSteps[p.Language]...) {
		env.talk("  %s", step)
	}
	env.talk("  halley serve -c halley.yaml\n\n%s/README.md says more.", p.Name)
	if v := readBuild().Version; p.Source == "" && !isRelease(v) {
		env.talk("\nThis halley (%s) is no release, so its packages may not be published. If they are not found,\n"+
			"remove %s and make it again with --source FOLDER, a clone of Halley's repository.", v, p.Name)
	}
	return exitOK
}

var releases = regexp.MustCompile(`^v\d+\.\d+\.\d+$`)

// isRelease reports whether a version is one that has been published, and not one of a
// build from the sources.
func isRelease(version string) bool { return releases.MatchString(version) }
