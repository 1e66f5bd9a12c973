package settings

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// File takes the values of a YAML text; name is told to the user.
func (s *Settings) File(name string, text []byte) {
	text = []byte(strings.TrimPrefix(string(text), "\ufeff"))
	d := &decoder{s: s, src: s.newSource("", name, string(text))}
	d.text("", string(text), s.target, nil)
}

// decoder gives a struct the values of one source. It goes on after a fault, so
// that all of them are found.
type decoder struct {
	s       *Settings
	src     *source
	anchors map[string]ast.Node
	merges  int
}

// text decodes YAML into the value at path.
func (d *decoder) text(path, text string, v reflect.Value, f *field) {
	if !utf8.ValidString(text) {
		line := strings.Count(text[:len(text)-len(invalidTail(text))], "\n") + 1
		d.hideAll(v.Type(), f)
		d.s.fault(place{source: d.src, line: line, column: 1}, path, "this line is not valid UTF-8; save the text as UTF-8")
		return
	}
	root, err := parse(text)
	if err != nil {
		var bad yaml.Error
		at, message := place{source: d.src, line: 1, column: 1}, err.Error()
		if errors.As(err, &bad) {
			at, message = d.placeOfToken(bad.GetToken()), bad.GetMessage()
		}
		hint := syntaxHint(message)
		if d.hideAll(v.Type(), f) {
			message, _, _ = strings.Cut(message, `: "`) // what is quoted there is a part of the text
		}
		d.s.fault(at, path, "this is not valid YAML: "+message+hint)
		return
	}
	if root == nil {
		return
	}
	if path != "" {
		d.s.note(path, d.placeOf(root))
	}
	d.anchors = anchorsOf(root)
	d.value(path, root, v, f)
}

// invalidTail returns text from its first byte that is not UTF-8.
func invalidTail(text string) string {
	for text != "" {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 {
			break
		}
		text = text[size:]
	}
	return text
}

// parse returns the content of the only document in text, nil if it is empty.
func parse(text string) (root ast.Node, err error) {
	defer func() {
		if p := recover(); p != nil { // the parser is not ours
			root, err = nil, fmt.Errorf("%v", p)
		}
	}()
	// Keys that come twice are found in entries, along with all other faults.
	file, err := parser.ParseBytes([]byte(text), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, err
	}
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case root != nil:
			return nil, errors.New("there is more than one document; leave out the line ---")
		default:
			root = doc.Body
		}
	}
	return root, nil
}

// syntaxHint returns advice for the parser's more puzzling messages.
func syntaxHint(message string) string {
	switch {
	case strings.Contains(message, "cannot start any token"):
		return "; indent with blanks, not tabs, and put quotes around text that starts with a special character"
	case strings.Contains(message, "invalid header option"):
		return "; put quotes around text that starts with | or >"
	case strings.Contains(message, "mapping value is not allowed"):
		return "; check the indentation, and put quotes around text that contains a colon and a blank"
	case strings.Contains(message, "non-map value is specified"):
		return "; write \"key: value\", with a blank behind the colon"
	}
	return ""
}

// anchorsOf returns the anchored values below root, by name.
func anchorsOf(root ast.Node) map[string]ast.Node {
	anchors := make(anchorFinder)
	ast.Walk(anchors, root)
	return anchors
}

type anchorFinder map[string]ast.Node

// Visit is called for each node.
func (a anchorFinder) Visit(node ast.Node) ast.Visitor {
	if anchor, ok := node.(*ast.AnchorNode); ok && anchor.Name != nil {
		a[anchor.Name.GetToken().Value] = anchor.Value
	}
	return a
}

// plain returns node without anchors and tags, and what an alias stands for.
func (d *decoder) plain(node ast.Node) ast.Node {
	for range 100 { // an alias may stand inside its own anchor
		switch n := node.(type) {
		case *ast.AnchorNode:
			node = n.Value
		case *ast.TagNode:
			node = n.Value
		case *ast.AliasNode:
			target, ok := d.anchors[n.Value.GetToken().Value]
			if !ok {
				return node
			}
			node = target
		default:
			return node
		}
	}
	return node
}

// value decodes node into v; f is the field it belongs to, or nil.
func (d *decoder) value(path string, node ast.Node, v reflect.Value, f *field) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(newValue(v.Type().Elem()).Addr())
		}
		d.value(path, node, v.Elem(), f)
		return
	}
	if f.isSecret() {
		d.hide(node)
	}
	plain, at := d.plain(node), d.placeOf(node)
	shape := shapeOf(v.Type())
	if _, isNull := plain.(*ast.NullNode); isNull && shape != foreignShape {
		if shape != structShape { // a section may have all its lines commented out
			d.s.fault(at, path, "a value is missing; leave out the key to get the default")
		}
		return
	}
	switch shape {
	case structShape:
		d.structure(path, node, v, nil)
	case variantShape:
		d.variant(path, node, v)
	case listShape:
		d.list(path, node, v, f)
	case mapShape:
		d.mapping(path, node, v, f)
	case foreignShape:
		d.foreign(path, node, v)
	default:
		text, ok := scalarOf(plain)
		if !ok {
			d.s.fault(at, path, "this must be a single value, not "+describe(plain, false))
			return
		}
		d.scalar(path, at, v, f, text)
	}
}

// structure decodes a mapping into struct v. The keys of skip are not v's.
func (d *decoder) structure(path string, node ast.Node, v reflect.Value, skip []string) {
	secrets := hasSecrets(v.Type())
	entries, ok := d.entries(path, node, secrets)
	if !ok {
		return
	}
	fields := fieldsOf(v.Type())
	for _, e := range entries {
		if contains(skip, e.key) {
			continue
		}
		f := fieldOf(v.Type(), e.key)
		if f == nil {
			if secrets {
				d.hideEntry(e)
			}
			known := append([]string(nil), skip...)
			for _, f := range fields {
				known = append(known, f.name)
			}
			text := unknownKey(d.s.target.Type(), e.key, known)
			if _, none := e.value.(*ast.NullNode); none && secrets && Nearest(e.key, known) == "" {
				// It may be the end of a secret with a comma in it.
				text = "a key without a value; known here: " + strings.Join(known, ", ")
			}
			d.s.fault(e.at, path, text)
			continue
		}
		d.entry(path, e, v.FieldByIndex(f.index), f)
	}
}

// entry decodes the value of a mapping's entry and notes where it is.
func (d *decoder) entry(path string, e entry, v reflect.Value, f *field) {
	path = join(path, e.key)
	switch at := d.placeOf(e.value); shapeOf(v.Type()) {
	case structShape, variantShape, mapShape:
		d.s.note(path, e.at)
	default:
		d.s.note(path, at)
	}
	d.value(path, e.value, v, f)
}

// variant decodes a mapping whose keys depend on the one called type.
func (d *decoder) variant(path string, node ast.Node, v reflect.Value) {
	secrets := hasSecrets(v.Type())
	entries, ok := d.entries(path, node, secrets)
	if !ok {
		return
	}
	varied := v.Addr().Interface().(varied)
	var names []string
	for _, kind := range varied.Kinds() {
		names = append(names, kind.Name)
	}
	at := d.s.placeOf(path)
	for _, e := range entries {
		if e.key == "type" {
			at = d.placeOf(e.value)
			d.s.note(join(path, "type"), at)
			if name, ok := scalarOf(d.plain(e.value)); ok {
				varied.variant().Type = name
			}
		}
	}
	for _, kind := range varied.Kinds() {
		if kind.Name == varied.variant().Type {
			config := kind.New()
			varied.variant().Config = config
			d.structure(path, node, reflect.ValueOf(config).Elem(), []string{"type"})
			return
		}
	}
	if secrets {
		d.hide(node)
	}
	text := "the key type is missing; it is one of "
	if name := varied.variant().Type; name != "" {
		text = "unknown type " + quoted(name) + "; it must be one of "
		if guess := Nearest(name, names); guess != "" {
			text = "unknown type " + quoted(name) + "; did you mean " + quoted(guess) + "? There are "
		}
	}
	d.s.fault(at, join(path, "type"), text+strings.Join(names, ", "))
}

func (d *decoder) list(path string, node ast.Node, v reflect.Value, f *field) {
	sequence, ok := d.plain(node).(*ast.SequenceNode)
	if !ok {
		secrets := f.isSecret() || hasSecrets(v.Type())
		if secrets {
			d.hide(node)
		}
		d.s.fault(d.placeOf(node), path, "this must be a list, such as [a, b], not "+describe(d.plain(node), secrets))
		return
	}
	list := reflect.MakeSlice(v.Type(), 0, len(sequence.Values))
	for i, child := range sequence.Values {
		element := newValue(v.Type().Elem())
		elementPath := fmt.Sprintf("%s[%d]", path, i)
		d.s.note(elementPath, d.placeOf(child))
		d.value(elementPath, child, element, f)
		list = reflect.Append(list, element)
	}
	v.Set(list)
}

func (d *decoder) mapping(path string, node ast.Node, v reflect.Value, f *field) {
	entries, ok := d.entries(path, node, f.isSecret() || hasSecrets(v.Type()))
	if !ok {
		return
	}
	m := reflect.MakeMap(v.Type())
	for _, e := range entries {
		key, element := reflect.New(v.Type().Key()).Elem(), newValue(v.Type().Elem())
		if err := setScalar(key, &field{}, e.key); err != nil {
			d.s.fault(e.at, path, err.Error())
			continue
		}
		d.entry(path, e, element, f)
		m.SetMapIndex(key, element)
	}
	v.Set(m)
}

// foreign lets a type decode itself, which finds one fault at most.
func (d *decoder) foreign(path string, node ast.Node, v reflect.Value) {
	target := v.Addr()
	err := yaml.NodeToValue(d.plain(node), target.Interface(), yaml.Strict())
	if err == nil {
		return
	}
	at, message := d.placeOf(node), err.Error()
	var bad yaml.Error
	if errors.As(err, &bad) {
		message = bad.GetMessage()
		if tk := bad.GetToken(); tk != nil && tk.Position != nil && tk.Position.Line >= at.line {
			at = d.placeOfToken(tk)
		}
	}
	d.s.fault(at, path, message)
}

// scalar sets v to what text stands for.
func (d *decoder) scalar(path string, at place, v reflect.Value, f *field, text string) {
	if f == nil {
		f = &field{}
	}
	reference := isReference(text)
	if f.isSecret() {
		value, err := d.s.resolve(f.secret, text)
		if err != nil {
			d.s.fault(at, path, err.Error())
			return
		}
		text = value
	} else if reference && v.Kind() == reflect.String {
		d.s.fault(at, path, "references such as "+quoted(text)+" work for secrets only; every setting has an environment variable of its own")
		return
	}
	if err := setScalar(v, f, text); err != nil {
		d.s.fault(at, path, err.Error())
	}
}

// entry is a key with its value.
type entry struct {
	key   string
	at    place // of the key
	value ast.Node
}

// entries returns the entries of a mapping, those merged in by << last. Keys that
// come twice are faults. Where there may be secrets, what is not read is hidden.
func (d *decoder) entries(path string, node ast.Node, secrets bool) ([]entry, bool) {
	plain := d.plain(node)
	values, ok := mappingValues(plain)
	if !ok {
		if secrets {
			d.hide(node)
		}
		d.s.fault(d.placeOf(node), path, "this must be keys with values, not "+describe(plain, secrets))
		return nil, false
	}
	var own, merged []entry
	lines := make(map[string]int)
	for _, kv := range values {
		if kv.Key.IsMergeKey() {
			for _, source := range d.mergeSources(kv.Value) {
				if more, ok := d.entries(path, source, secrets); ok {
					merged = append(merged, more...)
				}
			}
			continue
		}
		e := entry{key: keyText(kv.Key), at: d.placeOf(kv.Key), value: kv.Value}
		if line, twice := lines[e.key]; twice {
			if secrets {
				d.hideEntry(e)
			}
			d.s.fault(e.at, path, fmt.Sprintf("key %s comes twice; it is also in line %d", quoted(e.key), line))
			continue
		}
		lines[e.key] = e.at.line
		own = append(own, e)
	}
	for _, e := range merged {
		if _, ok := lines[e.key]; !ok {
			lines[e.key] = e.at.line
			own = append(own, e)
		}
	}
	return own, true
}

// maxMerges bounds the merge keys followed, because a mapping may merge itself.
const maxMerges = 1000

// mergeSources returns the mappings that the value of a merge key stands for.
func (d *decoder) mergeSources(node ast.Node) []ast.Node {
	if d.merges++; d.merges > maxMerges {
		if d.merges == maxMerges+1 {
			d.s.fault(d.placeOf(node), "", "too many merge keys; does a mapping merge itself?")
		}
		return nil
	}
	if list, ok := d.plain(node).(*ast.SequenceNode); ok {
		return list.Values
	}
	return []ast.Node{node}
}

func mappingValues(node ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

func keyText(key ast.Node) string {
	if k, ok := key.(*ast.MappingKeyNode); ok {
		key = k.Value
	}
	if text, ok := scalarOf(key); ok {
		return text
	}
	return key.String()
}

// scalarOf returns the text of a scalar as it was written, without quotes.
func scalarOf(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// describe names what a node is, for the user. The text of a value may be a secret.
func describe(node ast.Node, secret bool) string {
	switch n := node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys with values"
	case *ast.SequenceNode:
		return "a list"
	case *ast.AliasNode:
		return "the unknown alias *" + n.Value.GetToken().Value
	case *ast.NullNode:
		return "nothing"
	}
	if text, ok := scalarOf(node); ok {
		if secret {
			return "a single value"
		}
		return "the single value " + quoted(text)
	}
	return "a " + strings.ToLower(node.Type().String())
}

// placeOf returns the place where node starts.
func (d *decoder) placeOf(node ast.Node) place {
	if n, ok := node.(*ast.MappingNode); ok && !n.IsFlowStyle && len(n.Values) > 0 {
		node = n.Values[0].Key // its own token is a colon
	}
	if n, ok := node.(*ast.MappingValueNode); ok {
		node = n.Key
	}
	return d.placeOfToken(node.GetToken())
}

func (d *decoder) placeOfToken(tk *token.Token) place {
	if tk == nil || tk.Position == nil {
		return place{source: d.src, line: 1, column: 1}
	}
	at := place{source: d.src, line: tk.Position.Line, column: tk.Position.Column}
	at.line = min(max(at.line, 1), len(d.src.lines))
	return at
}

// newValue returns a settable value of type t with the defaults it gives itself
// by a method SetDefaults.
func newValue(t reflect.Type) reflect.Value {
	v := reflect.New(t)
	if d, ok := v.Interface().(interface{ SetDefaults() }); ok {
		d.SetDefaults()
	}
	return v.Elem()
}

func contains(words []string, word string) bool {
	for _, w := range words {
		if w == word {
			return true
		}
	}
	return false
}
