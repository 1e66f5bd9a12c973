package jsonscan

import (
	"fmt"
	"strconv"
	"strings"
)

// Path is the way to a value in a JSON text, from the outside in. The empty path
// is the whole text.
type Path []Step

// Step is one step of a Path: into an object by Key, or into an array by Index.
type Step struct {
	Key     string
	Index   int // from 0, when IsIndex
	IsIndex bool
}

// Key returns a step into an object.
func Key(name string) Step { return Step{Key: name} }

// Index returns a step into an array.
func Index(i int) Step { return Step{Index: i, IsIndex: true} }

// String returns the path as it is written behind a root: .a['b.c'][2].
func (p Path) String() string {
	var b strings.Builder
	for _, s := range p {
		switch {
		case s.IsIndex:
			b.WriteString("[" + strconv.Itoa(s.Index) + "]")
		case s.Key == "" || strings.ContainsAny(s.Key, special):
			fmt.Fprintf(&b, "['%s']", strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s.Key))
		default:
			b.WriteString("." + s.Key)
		}
	}
	return b.String()
}

// special are the characters that a name without quotes cannot have.
const special = ".[]{}#,='\"\\* \t\r\n"

// maxIndex bounds the index into an array: a Scanner has a table as long.
const maxIndex = 9999

// ParsePath reads a path as String writes it. A key may also stand in double
// quotes.
func ParsePath(text string) (Path, error) {
	var p Path
	for rest := text; rest != ""; {
		var (
			s   Step
			err error
		)
		switch rest[0] {
		case '.':
			end := len(rest)
			if i := strings.IndexAny(rest[1:], special); i >= 0 {
				end = i + 1
			}
			if s = Key(rest[1:end]); s.Key == "" {
				return nil, fmt.Errorf("a name is missing behind the dot in %q", text)
			}
			rest = rest[end:]
		case '[':
			if s, rest, err = parseBrackets(rest); err != nil {
				return nil, fmt.Errorf("%w in %q", err, text)
			}
		default:
			return nil, fmt.Errorf("%q stands where a dot or a bracket should, in %q", rest[:1], text)
		}
		p = append(p, s)
	}
	return p, nil
}

// parseBrackets reads the step in brackets at the start of text.
func parseBrackets(text string) (Step, string, error) {
	inner := text[1:]
	if inner != "" && (inner[0] == '\'' || inner[0] == '"') {
		var key strings.Builder
		for i := 1; i < len(inner); i++ {
			switch c := inner[i]; {
			case c == '\\' && i+1 < len(inner):
				i++
				key.WriteByte(inner[i])
			case c == inner[0] && strings.HasPrefix(inner[i+1:], "]"):
				return Key(key.String()), inner[i+2:], nil
			case c == inner[0]:
				return Step{}, "", fmt.Errorf("a closing bracket is missing")
			default:
				key.WriteByte(c)
			}
		}
		return Step{}, "", fmt.Errorf("a closing quote is missing")
	}
	number, rest, ok := strings.Cut(inner, "]")
	if !ok {
		return Step{}, "", fmt.Errorf("a closing bracket is missing")
	}
	i, err := strconv.ParseUint(number, 10, 31)
	if err != nil {
		return Step{}, "", fmt.Errorf("%q in brackets is neither a number nor a name in quotes", number)
	}
	if i > maxIndex {
		return Step{}, "", fmt.Errorf("%d is too large an index; the largest is %d", i, maxIndex)
	}
	return Index(int(i)), rest, nil
}
