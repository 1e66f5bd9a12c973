package settings

import (
	"strings"
	"testing"
)

// FuzzFile reads arbitrary text. Nothing may panic, every fault has a place
// inside the text, and what was read without a fault can be printed and is read
// back as the same.
func FuzzFile(f *testing.F) {
	var sample strings.Builder
	if err := Sample(&sample, newGarden()); err != nil {
		f.Fatal(err)
	}
	f.Add(sample.String())
	f.Add("beds:\n  a: {type: herbs, names: [x, \"y\\n\"]}\nfree: {\"a: b\": \" # \", yes: ~}\n")
	f.Add("tags: &t [a, b]\nbeds:\n  x: {type: herbs, names: *t}\nwater:\n  <<: {minimum: 4}\n")
	f.Add("name: |\n  two\n  lines\n")
	f.Add("a: &a\n  <<: [*a, *a]\n")
	f.Fuzz(func(t *testing.T, text string) {
		_, s := read(text)
		var first strings.Builder
		if err := s.Print(&first); err != nil {
			t.Fatalf("printing %q: %v", text, err)
		}
		if err := s.Err(); err != nil {
			lines := strings.Count(text, "\n") + 1
			for _, fault := range s.faults {
				if line, _ := fault.Line(); line > lines {
					t.Fatalf("%q has %d lines, fault in line %d: %v", text, lines, line, fault)
				}
			}
			return
		}
		if s.origins["key"].source != nil || strings.ContainsRune(text, '$') {
			return // a secret is printed as its mask
		}
		_, again := read(first.String())
		if err := again.Err(); err != nil {
			t.Fatalf("%q is printed as\n%s\nwhich has faults:\n%v", text, first.String(), err)
		}
		var second strings.Builder
		if err := again.Print(&second); err != nil {
			t.Fatal(err)
		}
		if a, b := values(first.String()), values(second.String()); a != b {
			t.Fatalf("%q is printed as\n%s\nand then as\n%s", text, a, b)
		}
	})
}

// values returns a printed text without the origins.
func values(printed string) string {
	lines := strings.Split(printed, "\n")
	for i, line := range lines {
		if at := strings.LastIndex(line, " # "); at >= 0 {
			line = line[:at]
		}
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}
