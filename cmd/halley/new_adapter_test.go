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
		"no clone":          {[]string{"a", "--lang", "go", "--source", "."}, "name a clone of Halley's repository"},
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
