package settings

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Mask is what stands in the place of a secret when settings are printed.
const Mask = "********"

// isReference reports whether text is ${NAME}.
func isReference(text string) bool {
	name, ok := strings.CutPrefix(text, "${")
	if !ok || !strings.HasSuffix(name, "}") {
		return false
	}
	return !strings.ContainsAny(name[:len(name)-1], "{} ")
}

// mask returns text as it may be printed.
func (s secrecy) mask(text string) string {
	switch name, value, assigned := strings.Cut(text, "="); {
	case s == secretText && text != "":
		return Mask
	case s == secretValue && assigned && value != "":
		return name + "=" + Mask
	}
	return text
}

// resolve returns text with the secret that it is, or refers to.
func (s *Settings) resolve(what secrecy, text string) (string, error) {
	if what == secretText {
		return s.secret(text)
	}
	name, value, assigned := strings.Cut(text, "=")
	if !assigned {
		return text, nil
	}
	value, err := s.secret(value)
	return name + "=" + value, err
}

// secret returns the secret that text is or refers to: ${NAME} is the value of an
// environment variable, file:PATH the content of a file without the end of its
// last line.
func (s *Settings) secret(text string) (string, error) {
	if isReference(text) {
		name := text[2 : len(text)-1]
		value, ok := s.environ[name]
		if !ok {
			return "", fmt.Errorf("the environment variable %s is not set", name)
		}
		return value, nil
	}
	if path, ok := strings.CutPrefix(text, "file:"); ok {
		content, err := s.readFile(path)
		if err != nil {
			return "", fmt.Errorf("the secret's file cannot be read: %w", err)
		}
		return strings.TrimRight(string(content), "\r\n"), nil
	}
	return text, nil
}

// hasSecrets reports whether values of type t may have a secret anywhere in them.
func hasSecrets(t reflect.Type) bool { return holdsSecrets(t, make(map[reflect.Type]bool)) }

// holdsSecrets is hasSecrets but for the types that are being looked at.
func holdsSecrets(t reflect.Type, seen map[reflect.Type]bool) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if seen[t] {
		return false
	}
	seen[t] = true
	switch shapeOf(t) {
	case structShape:
		for _, f := range fieldsOf(t) {
			if f.isSecret() || holdsSecrets(t.FieldByIndex(f.index).Type, seen) {
				return true
			}
		}
	case listShape, mapShape:
		return holdsSecrets(t.Elem(), seen)
	case variantShape:
		for _, kind := range reflect.New(t).Interface().(varied).Kinds() {
			if holdsSecrets(reflect.TypeOf(kind.New()), seen) {
				return true
			}
		}
	}
	return false
}

// hide notes that node, and what it stands for, must not be shown with a fault.
func (d *decoder) hide(node ast.Node) {
	ast.Walk(hider{d.src}, node)
	ast.Walk(hider{d.src}, d.plain(node))
}

// hideEntry hides an entry, with the line of its key.
func (d *decoder) hideEntry(e entry) {
	d.src.hide(e.at.line, false)
	d.hide(e.value)
}

// hider hides the lines of all nodes that it visits.
type hider struct{ source *source }

// Visit is called for each node.
func (h hider) Visit(node ast.Node) ast.Visitor {
	if tk := node.GetToken(); tk != nil && tk.Position != nil {
		for i := range 1 + strings.Count(strings.TrimSpace(tk.Origin), "\n") {
			h.source.hide(tk.Position.Line+i, i > 0)
		}
	}
	return h
}

// hideAll hides the lines of a text that could not be read, if there may be secrets in
// them, which it reports. Lines with a key that never has one are shown.
func (d *decoder) hideAll(t reflect.Type, f *field) bool {
	if !f.isSecret() && !hasSecrets(t) {
		return false
	}
	secret := make(map[string]bool)
	namesOf(t, secret, make(map[reflect.Type]bool))
	for i, line := range d.src.lines {
		key := leadingKey.FindString(line)
		kept, known := secret[strings.Trim(key, "- \t:\"'")]
		if !known || kept || strings.Contains(line, "{") { // there are keys behind {
			d.src.hide(i+1, false)
		}
	}
	return true
}

// namesOf collects the names of all settings within t, and for each whether a value of
// it may have a secret anywhere in it.
func namesOf(t reflect.Type, secret map[string]bool, seen map[reflect.Type]bool) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if seen[t] {
		return
	}
	seen[t] = true
	switch shapeOf(t) {
	case structShape:
		for _, f := range fieldsOf(t) {
			of := t.FieldByIndex(f.index).Type
			secret[f.name] = secret[f.name] || f.isSecret() || hasSecrets(of)
			namesOf(of, secret, seen)
		}
	case listShape, mapShape:
		namesOf(t.Elem(), secret, seen)
	case variantShape:
		for _, kind := range reflect.New(t).Interface().(varied).Kinds() {
			namesOf(reflect.TypeOf(kind.New()), secret, seen)
		}
	}
}

// leadingKey is what may stand in front of the value in a line: a key that looks like
// one of a setting, and not like a part of a text.
var leadingKey = regexp.MustCompile(`^[ \t]*(- +)?["']?[A-Za-z0-9_.-]+["']?:( |$)`)

// maskLine returns a line of YAML without what stands behind its first key, or without
// all of it if it begins within a secret, and how many bytes of it are left.
func maskLine(line string, within bool) (masked string, left int) {
	left = len(line) - len(strings.TrimLeft(line, " \t"))
	if key := leadingKey.FindString(line); key != "" && !within {
		left = len(key)
	}
	if left == len(line) {
		return line, left
	}
	return line[:left] + Mask, left
}
