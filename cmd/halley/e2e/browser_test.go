package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// chromium returns the path of a browser. In continuous integration one is
// installed if need be; elsewhere the test is skipped where there is none.
func chromium(t testing.TB) string {
	t.Helper()
	path, err := findChromium()
	if err != nil && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var findChromium = sync.OnceValues(func() (string, error) {
	if os.Getenv("CI") != "" {
		if said, err := exec.Command("../../../.ci/chromium").CombinedOutput(); err != nil {
			return "", fmt.Errorf(".ci/chromium: %w\n%s", err, said)
		}
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no Chromium: pages are not tested")
})

// browser is a headless browser with one page.
type browser struct {
	*script
	id       int
	at       int // lines looked at
	faults   []string
	forgiven []string
}

// runBrowser starts a browser, which is closed at the end of the test. Whatever
// the page complains about then fails the test.
func runBrowser(t testing.TB) *browser {
	t.Helper()
	path := chromium(t)
	b := &browser{script: runScript(t, "browser.mjs", path, t.TempDir())}
	t.Cleanup(func() {
		if !b.runs() {
			t.Errorf("the browser has ended with %d", b.code)
			return
		}
		b.do("evaluate", map[string]any{"expression": "0"}) // all faults until now
		b.quit()
		for _, fault := range b.faults {
			if !slices.ContainsFunc(b.forgiven, func(text string) bool { return strings.Contains(fault, text) }) {
				t.Errorf("the page complains: %s", fault)
			}
		}
	})
	return b
}

// do sends a command and returns its result as JSON.
func (b *browser) do(name string, parameters map[string]any) json.RawMessage {
	b.t.Helper()
	b.id++
	command := map[string]any{"id": b.id, "do": name}
	for k, v := range parameters {
		command[k] = v
	}
	b.send(command)
	timeout := time.After(3 * patience) // the browser may wait itself
	for {
		line, ok := b.line(b.at, timeout)
		if !ok {
			b.t.Fatalf("the browser does not answer %v\n%s", command, b.stderr.String())
		}
		b.at++
		var answer struct {
			ID           int
			Value        json.RawMessage
			Error, Fault string
		}
		if err := json.Unmarshal(line, &answer); err != nil {
			b.t.Fatalf("%v in %s", err, line)
		}
		switch {
		case answer.Fault != "":
			b.faults = append(b.faults, answer.Fault)
		case answer.ID != b.id:
		case answer.Error != "":
			b.t.Fatalf("%s: %s\nthe page complains: %q", name, answer.Error, b.faults)
		default:
			return answer.Value
		}
	}
}

// open opens a page.
func (b *browser) open(url string) {
	b.t.Helper()
	if status := b.do("open", map[string]any{"url": url}); string(status) != "200" {
		b.t.Fatalf("%s answers %s", url, status)
	}
}

// evaluate returns the value of an expression.
func (b *browser) evaluate(expression string, into any) {
	b.t.Helper()
	value := b.do("evaluate", map[string]any{"expression": expression})
	if err := json.Unmarshal(value, into); err != nil {
		b.t.Fatalf("%s gives %s: %v", expression, value, err)
	}
}

// wait waits until an expression is true.
func (b *browser) wait(expression string) {
	b.t.Helper()
	b.waitFor(expression, patience)
}

func (b *browser) waitFor(expression string, most time.Duration) {
	b.t.Helper()
	b.do("wait", map[string]any{"expression": expression, "timeout": most.Milliseconds()})
}

func (b *browser) click(selector string) {
	b.t.Helper()
	b.do("click", map[string]any{"selector": selector})
}

// forgive lets the page complain of what a test causes on purpose.
func (b *browser) forgive(text string) { b.forgiven = append(b.forgiven, text) }

// connected waits until the badge says how the page is connected.
func (b *browser) connected(transport string) {
	b.t.Helper()
	b.wait(fmt.Sprintf(`document.querySelector("#connection").matches("[data-state=connected][data-transport=%s]")`, transport))
}

// cellsOf makes an expression for an object of the watch-list's texts, by item and
// field.
const cells = `Object.fromEntries([...document.querySelectorAll("#watch [role=row][data-item]")].map(row => [row.dataset.item,
	Object.fromEntries([...row.querySelectorAll("[data-field]")].map(cell => [cell.dataset.field, cell.textContent]))]))`

// watchList returns what the watch-list shows, by item and field.
func (b *browser) watchList() map[string]map[string]string {
	b.t.Helper()
	var list map[string]map[string]string
	b.evaluate(cells, &list)
	return list
}

// moves waits until the list shows other values than now, in rows of all items.
func (b *browser) moves() {
	b.t.Helper()
	b.wait(fmt.Sprintf(`(() => {
		const now = %s;
		const before = (window.before ??= now);
		const moved = Object.keys(now).length > 0 && Object.keys(now).every(item => now[item].time !== before[item].time);
		if (moved) delete window.before;
		return moved;
	})()`, cells))
}
