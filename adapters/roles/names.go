package roles

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// split returns the names in list, or bad with a text that says what is wrong.
func split(what, list string, bad error) ([]string, error) {
	if list == "" {
		return nil, fmt.Errorf("no %s names: %w", what, bad)
	}
	names := strings.Split(list, " ")
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		if name == "" {
			return nil, fmt.Errorf("%s %d has no name, blanks separate names singly: %w", what, i+1, bad)
		}
		if seen[name] {
			return nil, fmt.Errorf("%s %s comes twice: %w", what, quote(name), bad)
		}
		seen[name] = true
	}
	return names, nil
}

// quote returns a name for a text that goes to the client: printable and short.
func quote(name string) string {
	const most = 64
	if len(name) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(name[cut]) {
			cut--
		}
		name = name[:cut] + "…"
	}
	return fmt.Sprintf("%q", name)
}
