package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/halley-stream/halley"

// goPackage is what go list tells of a package.
type goPackage struct {
	Dir            string
	ImportPath     string
	Name           string
	Standard       bool
	ForTest        string
	Imports        []string
	Deps           []string
	GoFiles        []string
	IgnoredGoFiles []string
	TestGoFiles    []string
	XTestGoFiles   []string
	Module         *struct{ Path, Dir string }
}

// path returns the path of p below the module; "." is the module itself.
func (p *goPackage) path() string {
	if p.ImportPath == module {
		return "."
	}
	return strings.TrimPrefix(p.ImportPath, module+"/")
}

// files returns the paths of the files of p; tests are left out unless wanted.
func (p *goPackage) files(tests bool) []string {
	names := append([]string(nil), p.GoFiles...)
	names = append(names, p.IgnoredGoFiles...)
	if tests {
		names = append(names, p.TestGoFiles...)
		names = append(names, p.XTestGoFiles...)
	}
	var paths []string
	for _, name := range names {
		if tests || !strings.HasSuffix(name, "_test.go") {
			paths = append(paths, filepath.Join(p.Dir, name))
		}
	}
	return paths
}

// packages returns all packages of the module.
var packages = sync.OnceValues(func() ([]*goPackage, error) { return list(module + "/...") })

// dependencies returns what the packages of the module import, directly or not,
// by import path.
var dependencies = sync.OnceValues(func() (map[string]*goPackage, error) {
	all, err := list("-deps", module+"/...")
	byPath := make(map[string]*goPackage, len(all))
	for _, p := range all {
		byPath[p.ImportPath] = p
	}
	return byPath, err
})

func list(args ...string) ([]*goPackage, error) {
	const fields = "Dir,ImportPath,Name,Standard,ForTest,Imports,Deps,GoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles,Module"
	cmd := exec.Command("go", append([]string{"list", "-json=" + fields}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			err = errors.New(string(failed.Stderr))
		}
		return nil, err
	}
	var all []*goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		p := new(goPackage)
		if err := dec.Decode(p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		if !strings.Contains(p.ImportPath, "/node_modules/") { // some hold Go code
			all = append(all, p)
		}
	}
}

// ours returns all packages of the module, or ends the test.
func ours(t *testing.T) []*goPackage {
	t.Helper()
	all, err := packages()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	if len(all) < 3 {
		t.Fatalf("go list finds %d packages only", len(all))
	}
	return all
}
