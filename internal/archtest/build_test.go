package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestMakefile keeps the Makefile honest: what 'make help'
// names exists, and what .ci/run calls is among it.
func TestMakefile(t *testing.T) {
	root := moduleRoot(t)
	text, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	makefile := string(text)
	for _, m := range regexp.MustCompile(`@echo "make (\w+) `).FindAllStringSubmatch(makefile, -1) {
		if !strings.Contains(makefile, "\n"+m[1]+":") {
			t.Errorf("the help names the target %s, which does not exist", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^check:(.*)$`).FindAllStringSubmatch(makefile, -1) {
		for _, step := range strings.Fields(m[1]) {
			if !strings.Contains(makefile, "\n"+step+":") {
				t.Errorf("check needs the target %s, which does not exist", step)
			}
		}
	}
	for _, m := range regexp.MustCompile(`\.ci/(\w+)`).FindAllStringSubmatch(makefile, -1) {
		info, err := os.Stat(filepath.Join(root, ".ci", m[1]))
		if err != nil {
			t.Errorf("the Makefile calls .ci/%s: %v", m[1], err)
		} else if info.Mode()&0o111 == 0 {
			t.Errorf(".ci/%s cannot be executed", m[1])
		}
	}
}

// moduleRoot returns the folder of go.mod.
func moduleRoot(t *testing.T) string {
	t.Helper()
	for _, p := range ours(t) {
		if p.Module != nil {
			return p.Module.Dir
		}
	}
	t.Fatal("the module has no folder")
	return ""
}
