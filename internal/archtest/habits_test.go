package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// source is a parsed file of a package.
type source struct {
	name  string // below the module
	pkg   *goPackage
	test  bool
	lines int
	file  *ast.File
	set   *token.FileSet
}

// sources parses the files of all packages, also those that build tags leave out.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	for _, p := range ours(t) {
		for _, path := range p.files(true) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s, err := parseSource(filepath.Join(p.path(), filepath.Base(path)), text)
			if err != nil {
				t.Fatal(err)
			}
			s.pkg = p
			all = append(all, s)
		}
	}
	return all
}

func parseSource(name string, text []byte) (source, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.ParseComments)
	return source{
		name:  name,
		test:  strings.HasSuffix(name, "_test.go"),
		lines: bytes.Count(text, []byte("\n")),
		file:  file,
		set:   set,
	}, err
}

// habits are what the sources are checked for. Each returns a text per fault.
var habits = map[string]func(s source) []string{
	"no init functions, because they run in no order that can be read":  noInit,
	"no sleeping in tests, because it is slow and still too short":      noSleep,
	"no flags outside commands, because a dependency comes through New": noFlags,
	"no file that holds two ideas":                                      notLong,
	"no clock and no goroutines in conflation":                          pure,
}

func TestHabits(t *testing.T) {
	all := sources(t)
	for name, check := range habits {
		t.Run(name, func(t *testing.T) {
			for _, s := range all {
				for _, fault := range check(s) {
					t.Error(fault)
				}
			}
		})
	}
}

func TestEveryPackageHasADocComment(t *testing.T) {
	documented := make(map[*goPackage]bool)
	for _, s := range sources(t) {
		if s.file.Doc == nil || s.test {
			continue
		}
		doc := s.file.Doc.Text()
		start := "Package " + s.pkg.Name + " "
		if s.pkg.Name == "main" {
			start = "Command " + filepath.Base(s.pkg.Dir) + " "
		}
		if !strings.HasPrefix(doc, start) && !ast.IsGenerated(s.file) {
			t.Errorf("%s: the package comment must start with %q", s.name, start)
		}
		documented[s.pkg] = true
	}
	for _, p := range ours(t) {
		if !documented[p] {
			t.Errorf("package %s has no comment that says what it is for and what it does not do", p.path())
		}
	}
}

func TestLongFilesAreStillLong(t *testing.T) {
	lines := make(map[string]int)
	for _, s := range sources(t) {
		lines[s.name] = s.lines
	}
	for name, reason := range longFiles {
		if lines[name] <= maxLines {
			t.Errorf("%s has %d lines now; take it off the list of long files", name, lines[name])
		}
		if reason == "" {
			t.Errorf("%s is a long file without a reason", name)
		}
	}
}

func noInit(s source) []string {
	var faults []string
	for _, decl := range s.file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if ok && f.Recv == nil && f.Name.Name == "init" && !ast.IsGenerated(s.file) {
			faults = append(faults, s.at(f.Pos())+": an init function")
		}
	}
	return faults
}

// noSleep finds time.Sleep in tests. Inside synctest.Test it takes no time and is
// fine.
func noSleep(s source) []string {
	if !s.test {
		return nil
	}
	var faults []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch selected(call.Fun) {
		case "synctest.Test":
			return false
		case "time.Sleep":
			faults = append(faults, s.at(call.Pos())+": wait for the condition, or use testing/synctest")
		}
		return true
	})
	return faults
}

func noFlags(s source) []string {
	if s.test || s.file.Name.Name == "main" {
		return nil
	}
	for _, imported := range s.file.Imports {
		if imported.Path.Value == `"flag"` {
			return []string{s.at(imported.Pos()) + ": imports flag"}
		}
	}
	return nil
}

func notLong(s source) []string {
	if _, known := longFiles[s.name]; known || s.test || s.lines <= maxLines || ast.IsGenerated(s.file) {
		return nil
	}
	return []string{fmt.Sprintf("%s has %d lines, more than %d; look for the second idea in it, or give a reason in the list of long files", s.name, s.lines, maxLines)}
}

func pure(s source) []string {
	if s.test || !strings.HasPrefix(s.name, "conflation/") {
		return nil
	}
	var faults []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			faults = append(faults, s.at(n.Pos())+": starts a goroutine")
		case *ast.SelectorExpr:
			switch name := selected(n); name {
			case "time.Now", "time.Since", "time.Until", "time.Sleep", "time.After", "time.NewTimer", "time.NewTicker", "time.AfterFunc":
				faults = append(faults, s.at(n.Pos())+": "+name)
			}
		}
		return true
	})
	return faults
}

// at returns the place of pos, as file:line.
func (s source) at(pos token.Pos) string {
	return fmt.Sprintf("%s:%d", s.name, s.set.Position(pos).Line)
}

// selected returns "package.Name" for such an expression, else "".
func selected(e ast.Expr) string {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	x, ok := sel.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return x.Name + "." + sel.Sel.Name
}

// TestHabitsAreChecked breaks each habit on purpose.
func TestHabitsAreChecked(t *testing.T) {
	cases := map[string]struct {
		name, text string
		check      func(source) []string
		faults     int
	}{
		"an init function":             {"a/a.go", "package a\nfunc init() {}\n", noInit, 1},
		"a generated init function":    {"a/a.go", "// Code generated by x. DO NOT EDIT.\n\npackage a\nfunc init() {}\n", noInit, 0},
		"a method called init":         {"a/a.go", "package a\ntype t int\nfunc (t) init() {}\n", noInit, 0},
		"a test that sleeps":           {"a/a_test.go", "package a\nfunc f() { time.Sleep(1) }\n", noSleep, 1},
		"a test that sleeps in bubble": {"a/a_test.go", "package a\nfunc f() { synctest.Test(t, func() { time.Sleep(1) }) }\n", noSleep, 0},
		"code that sleeps":             {"a/a.go", "package a\nfunc f() { time.Sleep(1) }\n", noSleep, 0},
		"a package with flags":         {"a/a.go", "package a\nimport \"flag\"\n", noFlags, 1},
		"a command with flags":         {"a/a.go", "package main\nimport \"flag\"\n", noFlags, 0},
		"a file too long":              {"a/a.go", "package a\n" + strings.Repeat("\n", maxLines), notLong, 1},
		"a test of that length":        {"a/a_test.go", "package a\n" + strings.Repeat("\n", maxLines), notLong, 0},
		"conflation with a clock":      {"conflation/a.go", "package a\nvar x = time.Now\n", pure, 1},
		"conflation with a goroutine":  {"conflation/a.go", "package a\nfunc f() { go f() }\n", pure, 1},
		"the engine with a clock":      {"engine/a.go", "package a\nvar x = time.Now()\n", pure, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s, err := parseSource(c.name, []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := c.check(s); len(got) != c.faults {
				t.Errorf("%q has the faults %q, want %d", c.text, got, c.faults)
			}
		})
	}
}
