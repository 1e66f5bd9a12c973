package extract

import (
	"errors"
	"fmt"
	"strings"

	"github.com/halley-stream/halley/adapters/kafka/internal/jsonscan"
)

// Template is text with expressions in it. It is immutable.
type Template struct {
	parts []part
}

// part is a piece of text, or an expression if that is set.
type part struct {
	text string
	expr *Expression
}

// Parse reads a template for records of a topic.
func Parse(text, topic string) (*Template, error) {
	t := new(Template)
	if text == "" {
		return nil, errors.New("is empty")
	}
	for rest := text; rest != ""; {
		before, after, found := strings.Cut(rest, "#{")
		t.literal(before)
		if !found {
			break
		}
		end := closing(after)
		if end < 0 {
			return nil, fmt.Errorf("a closing brace is missing in %q", text)
		}
		if err := t.braces(after[:end], topic); err != nil {
			return nil, err
		}
		rest = after[end+1:]
	}
	return t, nil
}

// ParseAll reads the expression that stands for all scalars of an object, such as
// #{VALUE.*}, and returns the path to the object.
func ParseAll(text string) (jsonscan.Path, error) {
	inner, ok := strings.CutPrefix(strings.Trim(text, blanks), "#{")
	inner, ok2 := strings.CutSuffix(inner, ".*}")
	if !ok || !ok2 {
		return nil, fmt.Errorf("%q is not of the form #{VALUE.*}", text)
	}
	e, err := parseExpression(inner)
	if err == nil && e.Root != Value {
		err = fmt.Errorf("%q does not begin with VALUE", inner)
	}
	return e.Path, err
}

// closing returns the place of the brace that ends an expression, or -1. Braces in
// quotes do not count.
func closing(text string) int { return outside(text, '}') }

// outside returns the first place of c that is not in quotes, or -1.
func outside(text string, c byte) int {
	quote := byte(0)
	for i := 0; i < len(text); i++ {
		switch {
		case quote == 0 && text[i] == c:
			return i
		case quote == 0 && (text[i] == '\'' || text[i] == '"'):
			quote = text[i]
		case quote != 0 && text[i] == '\\':
			i++
		case text[i] == quote:
			quote = 0
		}
	}
	return -1
}

// braces reads what stands between braces: an expression, or several with names.
func (t *Template) braces(text, topic string) error {
	if outside(text, '=') < 0 {
		return t.expression(text, topic)
	}
	t.literal("[")
	for {
		comma := outside(text, ',')
		one := text
		if comma >= 0 {
			one = text[:comma]
		}
		equals := outside(one, '=')
		if equals < 0 {
			return fmt.Errorf("%q has no name; write for example symbol=KEY", strings.Trim(one, blanks))
		}
		name := strings.Trim(one[:equals], blanks)
		if name == "" || strings.ContainsAny(name, "[]'\"#{} ") {
			return fmt.Errorf("%q is not a name, in %q", name, one)
		}
		t.literal(name + "=")
		if err := t.expression(one[equals+1:], topic); err != nil {
			return err
		}
		if comma < 0 {
			break
		}
		t.literal(",")
		text = text[comma+1:]
	}
	t.literal("]")
	return nil
}

func (t *Template) expression(text, topic string) error {
	e, err := parseExpression(text)
	if err != nil {
		return err
	}
	if e.Root == Topic {
		t.literal(topic)
		return nil
	}
	t.parts = append(t.parts, part{expr: &e})
	return nil
}

// literal adds text; pieces that stand side by side become one.
func (t *Template) literal(text string) {
	if text == "" {
		return
	}
	if n := len(t.parts); n > 0 && t.parts[n-1].expr == nil {
		t.parts[n-1].text += text
		return
	}
	t.parts = append(t.parts, part{text: text})
}

// String returns the template as it is written, with the topic in its place.
func (t *Template) String() string {
	var b strings.Builder
	for _, p := range t.parts {
		if p.expr != nil {
			b.WriteString("#{" + p.expr.String() + "}")
		} else {
			b.WriteString(p.text)
		}
	}
	return b.String()
}

// Uses reports whether t depends on a part of the record.
func (t *Template) Uses(root Root) bool {
	for _, p := range t.parts {
		if p.expr != nil && p.expr.Root == root {
			return true
		}
	}
	return false
}

// Match reports whether t can make the text: whether its expressions can stand for
// one character or more each.
func (t *Template) Match(text string) bool { return match(t.parts, text) }

func match(parts []part, text string) bool {
	if len(parts) == 0 {
		return text == ""
	}
	if first := parts[0]; first.expr == nil {
		rest, ok := strings.CutPrefix(text, first.text)
		return ok && match(parts[1:], rest)
	}
	if text == "" {
		return false
	}
	if len(parts) == 1 {
		return true
	}
	// The expression ends where the next literal stands for the first time: if the
	// rest does not fit there, the expressions behind can take the more. Only a
	// literal at the very end has to be the last one.
	next := parts[1]
	if next.expr != nil {
		return match(parts[1:], text[1:])
	}
	if len(parts) == 2 {
		return len(text) > len(next.text) && strings.HasSuffix(text, next.text)
	}
	at := strings.Index(text[1:], next.text)
	return at >= 0 && match(parts[2:], text[1+at+len(next.text):])
}
