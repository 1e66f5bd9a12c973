package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestThePageAboutPluginsCanBeWalked does what adapters/plugin/README.md tells its
// readers to do, line by line, after they have got Halley.
func TestThePageAboutPluginsCanBeWalked(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(repository(t), "adapters/plugin/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range []string{"In Go", "In Python"} {
		t.Run(section, func(t *testing.T) {
			t.Parallel() // most of it is waiting for packages
			if section == "In Python" {
				python(t) // or else it is skipped
			}
			commands := shellOf(string(page), section)
			if len(commands) < 6 {
				t.Fatalf("the page has only the commands %q", commands)
			}
			walk(t, commands)
		})
	}
}

// shellOf returns the lines of the blocks of shell in a section of a page.
func shellOf(page, section string) []string {
	var lines []string
	inSection, inShell := false, false
	for line := range strings.Lines(page) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "## "):
			inSection = line == "## "+section
		case strings.HasPrefix(line, "```"):
			inShell = line == "```sh"
		case inSection && inShell:
			lines = append(lines, line)
		}
	}
	return lines
}

// walk runs commands one after the other, in a new folder. The server runs beside the
// commands that follow, and halley sub ends by itself.
func walk(t *testing.T, commands []string) {
	t.Helper()
	listen := freeAddress(t)
	script := []string{"set -eux"}
	for _, c := range commands {
		switch {
		case strings.HasPrefix(c, "halley serve"):
			c += " & server=$!\n" +
				"until halley health --ready; do kill -0 $server; done\n" +
				"trap 'kill $server; wait $server' EXIT"
		case strings.HasPrefix(c, "halley sub"):
			c += " --count 5 --url http://" + listen
		}
		script = append(script, c)
	}
	cmd := exec.Command("bash", "-c", strings.Join(script, "\n"))
	cmd.Dir = t.TempDir()
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "HALLEY_") }),
		"PATH="+filepath.Dir(halley(t))+string(os.PathListSeparator)+os.Getenv("PATH"),
		"HALLEY="+repository(t),
		"HALLEY_LISTEN="+listen,
		"HALLEY_ADMIN_LISTEN="+freeAddress(t),
		fmt.Sprintf("HALLEY_ENGINE_DRAIN=%v", drainTime),
	)
	p := start(t, cmd)
	timeout := time.NewTimer(5 * time.Minute) // it installs packages
	defer timeout.Stop()
	select {
	case <-p.ended:
	case <-timeout.C:
		t.Fatalf("it does not end:\n%s", p.stderr.String())
	}
	if p.code != 0 || !strings.Contains(p.stderr.String(), `"bid":`) {
		t.Errorf("it ends with %d:\n%s", p.code, p.stderr.String())
	}
}
