package archtest

import (
	"fmt"
	"strings"
	"testing"
)

func TestImports(t *testing.T) {
	deps, err := dependencies()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	isStandard := func(path string) bool { p := deps[path]; return p == nil || p.Standard }
	for _, p := range ours(t) {
		r := ruleFor(p.path())
		if r == nil {
			t.Errorf("%s has no row in the import table (imports.go); add one, with its reason", p.path())
			continue
		}
		for _, fault := range r.faults(p, isStandard) {
			t.Errorf("%s; %s: %s", fault, r.pattern, r.reason)
		}
	}
}

// ruleFor returns the first rule that fits the package at path.
func ruleFor(path string) *rule {
	for i := range rules {
		if matches(rules[i].pattern, path) {
			return &rules[i]
		}
	}
	return nil
}

// faults returns what p imports but may not.
func (r *rule) faults(p *goPackage, isStandard func(path string) bool) []string {
	var faults []string
	for _, imported := range p.Imports {
		if r.allows(p.path(), imported, isStandard) {
			continue
		}
		faults = append(faults, fmt.Sprintf("%s imports %s", p.path(), imported))
	}
	if !r.light {
		return faults
	}
	for _, imported := range p.Deps {
		if isStandard(imported) || isOurs(imported) || matchesAny(r.others, imported) || matchesAny(r.indirect, imported) {
			continue
		}
		faults = append(faults, fmt.Sprintf("%s imports %s indirectly", p.path(), imported))
	}
	return faults
}

func (r *rule) allows(importer, imported string, isStandard func(path string) bool) bool {
	switch {
	case isOurs(imported):
		path := strings.TrimPrefix(imported, module+"/")
		if strings.HasPrefix(path, "cmd/") {
			return strings.HasPrefix(path, importer+"/") // nobody else imports the commands' parts
		}
		for _, pattern := range r.ours {
			if matches(pattern, path) {
				return true
			}
		}
		return false
	case isStandard(imported):
		for _, pattern := range r.never {
			if matches(pattern, imported) {
				return false
			}
		}
		return true
	}
	return matchesAny(r.others, imported)
}

func isOurs(imported string) bool {
	return imported == module || strings.HasPrefix(imported, module+"/")
}

// matchesAny reports whether a package belongs to one of the modules.
func matchesAny(modules []string, imported string) bool {
	for _, m := range modules {
		if matches(m+"/...", imported) {
			return true
		}
	}
	return false
}

// matches reports whether path fits pattern.
func matches(pattern, path string) bool {
	root, below := strings.CutSuffix(pattern, "...")
	if !below {
		return pattern == path
	}
	root = strings.TrimSuffix(root, "/")
	return root == "" || path == root || strings.HasPrefix(path, root+"/")
}

// TestImportsAreFound breaks the rules on purpose.
func TestImportsAreFound(t *testing.T) {
	standard := func(path string) bool { return !strings.Contains(path, ".") }
	cases := map[string]struct {
		pkg, imported string
		indirect      bool
		allowed       bool
	}{
		"conflation takes no lock":                 {"conflation", "sync", false, false},
		"conflation takes no atomics":              {"conflation", "sync/atomic", false, false},
		"conflation may sort":                      {"conflation", "slices", false, true},
		"conflation knows no wire":                 {"conflation", module + "/protocol", false, false},
		"the engine knows the contract":            {"engine", module + "/adapters", false, true},
		"the engine knows no adapter":              {"engine", module + "/adapters/demo", false, false},
		"the engine knows no transport":            {"engine", module + "/engine/transport", false, false},
		"the engine knows no socket":               {"engine", "net", false, false},
		"the engine knows no socket library":       {"engine", "github.com/panjf2000/gnet/v2", false, false},
		"the engine may know addresses":            {"engine", "net/netip", false, true},
		"the transport knows its sockets":          {"engine/transport", "github.com/panjf2000/gnet/v2/pkg/logging", false, true},
		"the transport knows no items":             {"engine/transport", module + "/conflation", false, false},
		"adapters do not know each other":          {"adapters/demo", module + "/adapters/replay", false, false},
		"adapters know no configuration":           {"adapters/literal", module + "/internal/settings", false, false},
		"but that with a file of users":            {"adapters/static", module + "/internal/settings", false, true},
		"adapters share what roles are":            {"adapters/jwt", module + "/adapters/roles", false, true},
		"tokens are the business of one":           {"adapters/static", "github.com/golang-jwt/jwt/v5", false, false},
		"adapters know the contract":               {"adapters/demo", module + "/adapters", false, true},
		"the protocol knows no library":            {"protocol", "github.com/wI2L/jsondiff", false, false},
		"its diffs do":                             {"protocol/diff", "github.com/wI2L/jsondiff", false, true},
		"the engine knows them through diffs":      {"engine", "github.com/wI2L/jsondiff", true, true},
		"but not itself":                           {"engine", "github.com/wI2L/jsondiff", false, false},
		"the contract is light, also indirectly":   {"adapters", "example.com/heavy", true, false},
		"nobody imports the command":               {"internal/ratelog", module + "/cmd/halley", false, false},
		"not even another command":                 {"cmd/other", module + "/cmd/halley", false, false},
		"but its own parts":                        {"cmd/halley", module + "/cmd/halley/web", false, true},
		"the bench is a client":                    {"bench/fleet", module + "/engine", false, false},
		"a module's name is no prefix of others":   {"internal/settings", "github.com/goccy/go-yaml-other", false, false},
		"the packages of a module belong together": {"internal/settings", "github.com/goccy/go-yaml/ast", false, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := &goPackage{ImportPath: module + "/" + c.pkg}
			if c.indirect {
				p.Deps = []string{c.imported}
			} else {
				p.Imports = []string{c.imported}
			}
			faults := ruleFor(c.pkg).faults(p, standard)
			if got := len(faults) == 0; got != c.allowed {
				t.Errorf("%s may import %s: %v, want %v", c.pkg, c.imported, got, c.allowed)
			}
		})
	}
}
