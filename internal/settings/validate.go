package settings

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Validate checks all values against their bounds and calls the structs' own
// Validate methods, the inner ones first.
func (s *Settings) Validate() { s.check("", s.target, nil) }

func (s *Settings) check(path string, v reflect.Value, f *field) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	switch shapeOf(v.Type()) {
	case structShape:
		for _, f := range fieldsOf(v.Type()) {
			s.check(join(path, f.name), v.FieldByIndex(f.index), &f)
		}
		s.checkSelf(path, v)
	case variantShape:
		if config := v.Addr().Interface().(varied).variant().Config; config != nil {
			s.check(path, reflect.ValueOf(config), nil)
		}
		s.checkSelf(path, v)
	case listShape:
		for i := range v.Len() {
			s.check(fmt.Sprintf("%s[%d]", path, i), v.Index(i), f)
		}
	case mapShape:
		for _, key := range sortedKeys(v) {
			element := reflect.New(v.Type().Elem()).Elem()
			element.Set(v.MapIndex(key)) // elements of maps have no address
			s.check(join(path, fmt.Sprint(key)), element, f)
		}
	case scalarShape:
		if f == nil || s.faulty(path) {
			return
		}
		if err := checkBounds(v, f); err != nil {
			s.Fault(path, "%v", err)
		}
	}
}

// checkSelf places the errors of v's Validate method.
func (s *Settings) checkSelf(path string, v reflect.Value) {
	if self, ok := v.Addr().Interface().(interface{ Validate() error }); ok {
		s.reject(path, v, self.Validate())
	}
}

// Reject reports what is wrong with the part of the settings at path, which points at a
// struct: each error joined into err is placed as those of Validate are.
func (s *Settings) Reject(path string, part any, err error) {
	s.reject(path, reflect.ValueOf(part).Elem(), err)
}

func (s *Settings) reject(path string, v reflect.Value, err error) {
	for _, err := range flatten(err) {
		inner, text := splitPath(v, err.Error())
		if inner != "" {
			inner = join(path, inner)
		} else {
			inner = path
		}
		if !s.faulty(inner) {
			s.Fault(inner, "%s", text)
		}
	}
}

// flatten returns the errors that err joins.
func flatten(err error) []error {
	switch e := err.(type) { //nolint:errorlint // the structure is what is wanted
	case nil:
		return nil
	case interface{ Unwrap() []error }:
		var all []error
		for _, inner := range e.Unwrap() {
			all = append(all, flatten(inner)...)
		}
		return all
	case interface{ Unwrap() error }:
		if inner, ok := e.Unwrap().(interface{ Unwrap() []error }); ok {
			return flatten(inner.(error))
		}
	}
	return []error{err}
}

var leadingPath = regexp.MustCompile(`^([A-Za-z0-9_]+(?:\[\d+\]|\.[^ :.\[]+)*):? `)

// splitPath takes the path of a field off the start of a message: "topic: is
// empty" belongs to the field topic. A word in front of it that is no field, such
// as a package's name, is dropped.
func splitPath(v reflect.Value, message string) (path, text string) {
	rest := message
	for range 2 {
		match := leadingPath.FindStringSubmatch(rest)
		if match == nil {
			break
		}
		first := strings.FieldsFunc(match[1], func(r rune) bool { return r == '.' || r == '[' })[0]
		after := rest[len(match[0]):]
		named := strings.HasSuffix(match[0], ": ")
		if f := fieldLike(v, first); f != "" && named {
			return f + match[1][len(first):], after
		} else if f != "" {
			return f + match[1][len(first):], rest // a sentence about the field
		}
		if !named {
			break
		}
		rest = after
	}
	return "", message
}

// fieldLike returns the name of v's field that is called so, in YAML or in Go.
func fieldLike(v reflect.Value, name string) string {
	if shapeOf(v.Type()) != structShape {
		return ""
	}
	normal := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "")) }
	for _, f := range fieldsOf(v.Type()) {
		if normal(f.name) == normal(name) || normal(v.Type().FieldByIndex(f.index).Name) == normal(name) {
			return f.name
		}
	}
	return ""
}

// sortedKeys returns the keys of map v in the order of their text.
func sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
	return keys
}
