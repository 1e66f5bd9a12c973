package settings

import (
	"reflect"
	"slices"
	"strings"
)

// Nearest returns the word of words that name was probably meant to be, or "".
func Nearest(name string, words []string) string {
	best, bestDistance := "", 1+max(1, len(name)/3)
	name = strings.ToLower(name)
	for _, word := range words {
		d := distance(name, word)
		if d < bestDistance || d == bestDistance && best != "" && commonPrefix(name, word) > commonPrefix(name, best) {
			best, bestDistance = word, d
		}
	}
	if best == "" {
		normal := strings.NewReplacer("-", "", "_", "", ".", "")
		for _, word := range words {
			if strings.EqualFold(normal.Replace(word), normal.Replace(name)) {
				return word
			}
		}
	}
	return best
}

// commonPrefix returns how many bytes a and b start with alike.
func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// distance is the number of letters to add, remove, change or swap with their
// neighbour to get from a to b.
func distance(a, b string) int {
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(row[j]+cost, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}

// elsewhere returns the paths of settings below root that are called name and
// can be reached without passing a list or a map.
func elsewhere(root reflect.Type, path, name string) []string {
	var found []string
	for _, f := range fieldsOf(root) {
		if f.name == name && path != "" {
			found = append(found, join(path, name))
		}
		t := root.FieldByIndex(f.index).Type
		if shapeOf(t) == structShape {
			for t.Kind() == reflect.Pointer {
				t = t.Elem()
			}
			found = append(found, elsewhere(t, join(path, f.name), name)...)
		}
	}
	return found
}

// unknownKey is the text of the fault for a key that is not among known; root is
// searched for a setting of that name in another place.
func unknownKey(root reflect.Type, name string, known []string) string {
	text := "unknown key " + quoted(name)
	if guess := Nearest(name, known); guess != "" {
		return text + "; did you mean " + quoted(guess) + "?"
	}
	if found := elsewhere(root, "", name); len(found) == 1 {
		return text + " here; did you mean " + quoted(found[0]) + "?"
	}
	known = slices.Clone(known)
	slices.Sort(known)
	return text + "; known here: " + strings.Join(known, ", ")
}

func quoted(s string) string { return `"` + s + `"` }
