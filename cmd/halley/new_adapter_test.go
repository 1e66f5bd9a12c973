package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNewAdapter(t *testing.T) {
	for _, language := range []string{"go", "python"} {
		t.Run(language, func(t *testing.T) {
			t.Chdir(t.TempDir())
			got := run(t, "new-adapter", "my-feed", "--lang", language)
			if got.code != exitOK || got.stdout != "" || !strings.Contains(got.stderr, "  halley serve -c halley.yaml\n") {
				t.Fatalf("it gives %+v", got)
			}
			for line := range strings.Lines(got.stderr) {
				step, ok := strings.CutPrefix(line, "  ")
				readme, err := os.ReadFile(filepath.Join("my-feed", "README.md"))
				if err != nil {
					t.Fatal(err)
				}
				if ok && !strings.HasPrefix(step, "cd ") && !strings.Contains(string(readme), step) {
					t.Errorf("README.md does not have %q", step)
				}
			}
			if !strings.Contains(got.stderr, "make it again with --source FOLDER") {
				t.Errorf("of a build that is no release it says %q", got.stderr)
			}
			again := run(t, "new-adapter", "my-feed", "--lang", language)
			if again.code != exitFailure || !strings.Contains(again.stderr, "choose another name, or remove it") {
				t.Errorf("the second time it gives %+v", again)
			}
		})
	}
}

func TestNewAdapterSaysWhatToDo(t *testing.T) {
	t.Chdir(t.TempDir())
	cases := map[string]struct {
		args []string
		want string
	}{
		"no name":           {[]string{"--lang", "go"}, "Name it, as in 'halley new-adapter my-feed --lang go'"},
		"two names":         {[]string{"a", "b", "--lang", "go"}, `unexpected argument "b"`},
		"no language":       {[]string{"a"}, "Say --lang go or --lang python"},
		"another language":  {[]string{"a", "--lang", "java"}, `no language "java": there are go and python`},
		"a bad name":        {[]string{"My Feed", "--lang", "go"}, "use small letters, digits, - and _, as in my-feed"},
		"no clone":          {[]string{"a", "--lang", "go", "--source", "/nowhere"}, "there is no adapters/plugin/serve.go in /nowhere: name a clone of Halley's repository"},
		"no clone, Python":  {[]string{"a", "--lang", "python", "--source", "/nowhere"}, "there is no sdk/python/pyproject.toml in /nowhere: name a clone"},
		"an unknown option": {[]string{"a", "--language", "go"}, "flag provided but not defined"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := run(t, append([]string{"new-adapter"}, c.args...)...)
			if got.code != exitUsage || !strings.Contains(got.stderr, c.want) {
				t.Errorf("it gives %d %q, want %d and %q", got.code, got.stderr, exitUsage, c.want)
			}
		})
	}
}

func TestNewAdapterOfASourceNeedsNoWarning(t *testing.T) {
	source, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	got := run(t, "new-adapter", "my-feed", "--lang", "go", "--source", source)
	if got.code != exitOK || strings.Contains(got.stderr, "no release") {
		t.Errorf("it gives %+v", got)
	}
}

func TestReleases(t *testing.T) {
	for version, want := range map[string]bool{
		"v1.2.3": true, "devel": false, "31ef86c": false, "v1.2.3-4-g31ef86c": false, "v1.2.3-dirty": false,
		"v0.0.0-20260102030405-31ef86c00000": false, "v1.2.3+dirty": false,
	} {
		if got := isRelease(version); got != want {
			t.Errorf("isRelease(%q) is %v, want %v", version, got, want)
		}
	}
}
