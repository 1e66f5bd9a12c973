package settings

import (
	"encoding"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-yaml"
)

// field is what the tags of a struct's field say.
type field struct {
	name   string
	index  []int
	doc    string
	min    string
	max    string
	oneof  []string
	bytes  bool
	secret secrecy
}

// isSecret reports whether f, which may be nil, has something secret.
func (f *field) isSecret() bool { return f != nil && f.secret != "" }

// secrecy is what is secret of a field's texts.
type secrecy string

const (
	secretText  secrecy = "true"
	secretValue secrecy = "value" // what stands behind the =, of NAME=value
)

// shape tells how a type is written.
type shape int

const (
	scalarShape shape = iota
	structShape
	variantShape
	listShape
	mapShape
	foreignShape // decodes itself from YAML
)

var (
	durationType        = reflect.TypeFor[time.Duration]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
	variedType          = reflect.TypeFor[varied]()
	foreignTypes        = []reflect.Type{
		reflect.TypeFor[yaml.InterfaceUnmarshaler](),
		reflect.TypeFor[yaml.BytesUnmarshaler](),
		reflect.TypeFor[yaml.NodeUnmarshaler](),
	}
)

// shapeOf returns the shape of values of type t. Pointers have that of what they
// point at.
func shapeOf(t reflect.Type) shape {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	pointer := reflect.PointerTo(t)
	if pointer.Implements(variedType) {
		return variantShape
	}
	for _, foreign := range foreignTypes {
		if pointer.Implements(foreign) {
			return foreignShape
		}
	}
	if t == durationType || pointer.Implements(textUnmarshalerType) {
		return scalarShape
	}
	switch t.Kind() {
	case reflect.Struct:
		return structShape
	case reflect.Slice:
		return listShape
	case reflect.Map:
		return mapShape
	case reflect.Interface:
		return foreignShape
	}
	return scalarShape
}

// structFields caches what fieldsOf finds: reflect.Type to []field.
var structFields sync.Map

// fieldsOf returns the fields of struct type t in the order they are written
// down, those of inlined structs in the place of the struct.
func fieldsOf(t reflect.Type) []field {
	if known, ok := structFields.Load(t); ok {
		return known.([]field)
	}
	var fields []field
	for i := range t.NumField() {
		sf := t.Field(i)
		name, options, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
		if !sf.IsExported() || name == "-" {
			continue
		}
		if strings.Contains(options, "inline") {
			for _, f := range fieldsOf(sf.Type) {
				f.index = append([]int{i}, f.index...)
				fields = append(fields, f)
			}
			continue
		}
		if name == "" {
			name = strings.ToLower(sf.Name)
		}
		f := field{
			name:   name,
			index:  []int{i},
			doc:    sf.Tag.Get("doc"),
			min:    sf.Tag.Get("min"),
			max:    sf.Tag.Get("max"),
			bytes:  sf.Tag.Get("unit") == "bytes",
			secret: secrecy(sf.Tag.Get("secret")),
		}
		if words := sf.Tag.Get("oneof"); words != "" {
			f.oneof = strings.Split(words, "|")
		}
		fields = append(fields, f)
	}
	structFields.Store(t, fields)
	return fields
}

// fieldOf returns the field of struct type t with the given name, or nil.
func fieldOf(t reflect.Type, name string) *field {
	fields := fieldsOf(t)
	for i := range fields {
		if fields[i].name == name {
			return &fields[i]
		}
	}
	return nil
}

// Kind is one of the types that a Variant may have.
type Kind struct {
	// Name is what stands behind the key "type".
	Name string
	// Doc says what it is for.
	Doc string
	// New returns a pointer to a struct with the defaults of the kind's own keys.
	New func() any
}

// Variant is a mapping with a key "type" that decides which other keys there
// are. Embed it into a struct that has a method Kinds() []Kind.
type Variant struct {
	// Type is the name of a Kind.
	Type string
	// Config is what the Kind's New returned, filled in.
	Config any
}

func (v *Variant) variant() *Variant { return v }

// varied is implemented by pointers to structs that embed a Variant.
type varied interface {
	Kinds() []Kind
	variant() *Variant
}

// join appends a key to a path.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
