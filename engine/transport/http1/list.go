package http1

import (
	"iter"
	"strings"
)

// Elements goes through the elements of a header field that is a list, RFC 9110
// 5.6.1, over all lines of the field and without empty elements.
func Elements(lines []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range lines {
			for part := range strings.SplitSeq(line, ",") {
				if part = strings.Trim(part, " \t"); part != "" && !yield(part) {
					return
				}
			}
		}
	}
}

// HasToken reports whether a list holds a token, given in lower case; case does
// not matter in the list.
func HasToken(lines []string, lower string) bool {
	for e := range Elements(lines) {
		if equalFold(e, lower) {
			return true
		}
	}
	return false
}
