package settings

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
)

// Print writes the values in force as YAML, each with its origin; secrets are
// masked.
func (s *Settings) Print(w io.Writer) error {
	p := &printer{origin: s.Origin}
	p.fields("", s.target, 0)
	return p.flush(w)
}

// Sample writes the values of target, a pointer to a struct, as YAML with the
// documentation of each. The kinds of variants follow as comments.
func Sample(w io.Writer, target any) error {
	p := &printer{docs: true, seen: make(map[reflect.Type]bool)}
	v := reflect.ValueOf(target).Elem()
	p.fields("", v, 0)
	p.kinds(v.Type(), "")
	return p.flush(w)
}

// printer writes settings, either with documentation or with origins.
type printer struct {
	lines  []printLine
	origin func(path string) string
	docs   bool
	shapes bool                  // show what the elements of empty lists and maps look like
	seen   map[reflect.Type]bool // structs whose documentation was given
}

type printLine struct{ text, remark string }

func (p *printer) flush(w io.Writer) error {
	width := 0
	for _, l := range p.lines {
		if l.remark != "" {
			width = max(width, min(len(l.text), 48))
		}
	}
	var b strings.Builder
	for _, l := range p.lines {
		if l.remark == "" {
			b.WriteString(l.text + "\n")
			continue
		}
		fmt.Fprintf(&b, "%-*s  # %s\n", width, l.text, l.remark)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p *printer) add(depth int, text, remark string) {
	p.lines = append(p.lines, printLine{strings.Repeat("  ", depth) + text, remark})
}

func (p *printer) fields(path string, v reflect.Value, depth int) {
	documented := p.docs && !p.seen[v.Type()]
	if p.docs {
		p.seen[v.Type()] = true
	}
	for _, f := range fieldsOf(v.Type()) {
		if documented {
			p.doc(&f, v.FieldByIndex(f.index).Type(), depth)
		}
		p.value(join(path, f.name), f.name+":", v.FieldByIndex(f.index), &f, depth)
	}
}

// doc writes the comment of a field.
func (p *printer) doc(f *field, t reflect.Type, depth int) {
	if depth == 0 && len(p.lines) > 0 {
		p.lines = append(p.lines, printLine{})
	}
	for _, line := range docOf(f, t, 78-2*depth) {
		p.add(depth, "# "+line, "")
	}
}

// docOf returns the documentation of a field with its bounds, in lines.
func docOf(f *field, t reflect.Type, width int) []string {
	text := f.doc
	switch {
	case len(f.oneof) > 0:
		text += " (" + strings.Join(f.oneof, ", ") + ")"
	case f.min != "" && f.max != "":
		text += " (" + f.min + " to " + f.max + ")"
	case f.min != "" && f.min != "0" && f.min != "0s":
		text += " (at least " + f.min + ")"
	case f.max != "":
		text += " (at most " + f.max + ")"
	}
	switch f.secret {
	case secretText:
		text += " (a secret: ${NAME} and file:PATH are looked up)"
	case secretValue:
		text += " (what stands behind = is a secret: ${NAME} and file:PATH are looked up)"
	}
	return wrap(strings.TrimSpace(text), width)
}

func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// value writes head, a key or a dash, and behind it or below it the value.
func (p *printer) value(path, head string, v reflect.Value, f *field, depth int) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	remark := ""
	if p.origin != nil {
		remark = p.origin(path)
	}
	switch shapeOf(v.Type()) {
	case structShape:
		p.add(depth, head, "")
		p.fields(path, v, depth+1)
	case variantShape:
		p.variant(path, head, v, depth, remark)
	case listShape:
		p.list(path, head, v, f, depth, remark)
	case mapShape:
		if v.Len() == 0 && p.shapes && shapeOf(v.Type().Elem()) == structShape {
			p.add(depth, head, "")
			p.value(path, "<name>:", newValue(v.Type().Elem()), f, depth+1)
			return
		}
		if v.Len() == 0 {
			p.add(depth, head+" {}", remark)
			return
		}
		p.add(depth, head, "")
		for _, key := range sortedKeys(v) {
			element := reflect.New(v.Type().Elem()).Elem()
			element.Set(v.MapIndex(key)) // elements of maps have no address
			name := fmt.Sprint(key)
			p.value(join(path, name), quoteYAML(name)+":", element, f, depth+1)
		}
	case foreignShape:
		p.foreign(head, v, f, depth, remark)
	default:
		p.add(depth, head+" "+p.scalar(v, f), remark)
	}
}

func (p *printer) variant(path, head string, v reflect.Value, depth int, remark string) {
	// A copy, because methods want an address.
	at := reflect.New(v.Type())
	at.Elem().Set(v)
	variant := at.Interface().(varied).variant()
	if p.origin != nil {
		remark = p.origin(join(path, "type"))
	}
	p.add(depth, head, "")
	p.add(depth+1, "type: "+quoteYAML(variant.Type), remark)
	if variant.Config != nil {
		p.fields(path, reflect.ValueOf(variant.Config).Elem(), depth+1)
	}
}

func (p *printer) list(path, head string, v reflect.Value, f *field, depth int, remark string) {
	if v.Len() == 0 && p.shapes && shapeOf(v.Type().Elem()) == structShape {
		p.add(depth, head, "")
		p.value(path, "-", newValue(v.Type().Elem()), f, depth+1)
		return
	}
	if v.Len() == 0 {
		p.add(depth, head+" []", remark)
		return
	}
	if shapeOf(v.Type().Elem()) == scalarShape {
		texts := make([]string, v.Len())
		for i := range texts {
			texts[i] = p.scalar(v.Index(i), f)
		}
		p.add(depth, head+" ["+strings.Join(texts, ", ")+"]", remark)
		return
	}
	p.add(depth, head, "")
	for i := range v.Len() {
		p.value(fmt.Sprintf("%s[%d]", path, i), "-", v.Index(i), f, depth+1)
	}
}

func (p *printer) scalar(v reflect.Value, f *field) string {
	if f == nil {
		f = &field{}
	}
	text, quote := scalarText(v, f)
	if masked := f.secret.mask(text); masked != text {
		return quoteYAML(masked)
	}
	if quote {
		return quoteYAML(text)
	}
	return text
}

func (p *printer) foreign(head string, v reflect.Value, f *field, depth int, remark string) {
	if f.isSecret() {
		p.add(depth, head+" "+quoteYAML(Mask), remark)
		return
	}
	text, err := yaml.Marshal(v.Interface())
	if err != nil {
		p.add(depth, head+" null", err.Error())
		return
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	if len(lines) == 1 {
		p.add(depth, head+" "+lines[0], remark)
		return
	}
	p.add(depth, head, remark)
	for _, line := range lines {
		p.add(depth+1, line, "")
	}
}

// kinds writes what the kinds of the variants below t are, as comments, for the
// variants that the values above do not show already.
func (p *printer) kinds(t reflect.Type, path string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch shapeOf(t) {
	case structShape:
		for _, f := range fieldsOf(t) {
			p.kinds(t.FieldByIndex(f.index).Type, join(path, f.name))
		}
	case listShape, mapShape:
		p.kinds(t.Elem(), join(path, "<name>"))
	case variantShape:
		for _, kind := range reflect.New(t).Interface().(varied).Kinds() {
			config := reflect.ValueOf(kind.New()).Elem()
			if p.seen[config.Type()] {
				continue
			}
			first := len(p.lines)
			p.add(0, path+":", "")
			for _, line := range wrap(kind.Doc, 76) {
				p.add(1, "# "+line, "")
			}
			p.add(1, "type: "+kind.Name, "")
			p.shapes = true
			p.fields(path, config, 1)
			p.shapes = false
			p.lines = append(p.lines[:first:first], append([]printLine{{}}, p.lines[first:]...)...)
			for i := first + 1; i < len(p.lines); i++ {
				p.lines[i].text = strings.TrimRight("# "+p.lines[i].text, " ")
			}
		}
	}
}

var (
	plainText = regexp.MustCompile(`^[A-Za-z_/][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*$`)
	yamlWords = regexp.MustCompile(`^(?i:true|false|null|yes|no|on|off|y|n)$`)
)

// quoteYAML returns s as a YAML scalar, quoted where it has to be.
func quoteYAML(s string) string {
	if plainText.MatchString(s) && !yamlWords.MatchString(s) {
		return s
	}
	var b strings.Builder
	enc := json.NewEncoder(&b) // a JSON string is a double-quoted YAML scalar
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}
