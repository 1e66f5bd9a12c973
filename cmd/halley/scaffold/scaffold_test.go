package scaffold

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// root is the folder of the repository.
const root = "../../.."

func write(t *testing.T, language string) (folder string) {
	t.Helper()
	dir := t.TempDir()
	if err := Write(dir, Project{Name: "my-feed", Language: language, Source: root}); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "my-feed")
}

// in runs a command in a folder.
func in(t *testing.T, folder, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = folder
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, said)
	}
}

func TestTheAdapterInGoPassesItsTests(t *testing.T) {
	folder := write(t, "go")
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	// With the sums of the repository, which it is built against, nothing is looked up.
	if err := os.WriteFile(filepath.Join(folder, "go.sum"), sums, 0o600); err != nil {
		t.Fatal(err)
	}
	in(t, folder, "go", "mod", "tidy")
	in(t, folder, "go", "vet", "./...")
	in(t, folder, "go", "test", "./...")
}

func TestTheAdapterInPythonPassesItsTests(t *testing.T) {
	made := exec.Command(filepath.Join(root, "sdk/python/scripts/venv"))
	made.Stderr = os.Stderr
	venv, err := made.Output()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("there is no Python 3.10 with venv, or no registry to install from: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	folder, python := write(t, "python"), filepath.Join(strings.TrimSpace(string(venv)), "bin/python")
	in(t, folder, python, "-m", "pytest", "-q", "-p", "no:cacheprovider")
	in(t, folder, python, "-m", "mypy", "--strict", "--cache-dir", t.TempDir(), "adapter.py", "test_adapter.py")
}

func TestTheGoCodeIsFormatted(t *testing.T) {
	folder := write(t, "go")
	said, err := exec.Command("gofmt", "-l", folder).CombinedOutput()
	if err != nil || len(said) > 0 {
		t.Errorf("gofmt would change %s (%v)", said, err)
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "my-feed"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, Project{Name: "my-feed", Language: "go"}); !errors.Is(err, ErrExists) {
		t.Errorf("Write returns %v, want %v", err, ErrExists)
	}
	if left, _ := os.ReadDir(filepath.Join(dir, "my-feed")); len(left) > 0 {
		t.Errorf("it has written %v", left)
	}
}

func TestFaults(t *testing.T) {
	cases := map[string]struct {
		project Project
		want    error
	}{
		"no name":             {Project{"", "go", ""}, ErrName},
		"a name with a path":  {Project{"../feed", "go", ""}, ErrName},
		"a name with a blank": {Project{"my feed", "go", ""}, ErrName},
		"no language":         {Project{"feed", "", ""}, ErrLanguage},
		"another language":    {Project{"feed", "cobol", ""}, ErrLanguage},
		"another repository":  {Project{"feed", "go", "."}, ErrSource},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := Write(dir, c.project); !errors.Is(err, c.want) {
				t.Errorf("Write returns %v, want %v", err, c.want)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("it has written %v", left)
			}
		})
	}
}
