// Package jsonscan takes values out of JSON texts: the paths wanted are compiled
// once, then each text is walked once, from front to back. It validates what it
// walks as strictly as encoding/json, keeps the text of numbers as it is, and
// allocates nothing.
package jsonscan

import (
	"errors"
	"fmt"
	"slices"
)

// Kind is what a value is.
type Kind uint8

// The kinds of values.
const (
	Absent Kind = iota
	Null
	Bool
	Number
	String
	Object
	Array
)

// Scalar reports whether k is a text, a number, a boolean or null.
func (k Kind) Scalar() bool { return k >= Null && k <= String }

// maxDepth bounds how deep objects and arrays may nest.
const maxDepth = 500

// ErrSyntax says that a text is not valid JSON.
var ErrSyntax = errors.New("invalid JSON")

// Scanner finds the values of the paths added to it. It belongs to one goroutine.
type Scanner struct {
	root *node

	// Name is called when a scalar of a new name is met in an object added with
	// AddAll. It reports whether values of that name are wanted; they will have
	// the number given.
	Name func(name []byte, number int) bool

	text    []byte
	values  []value
	found   []int // the numbers of those values that are not absent
	scratch []byte
}

// value is what was found at a path.
type value struct {
	kind Kind
	// raw is part of the text, without the quotes of a string; it still has its
	// escapes when escaped is true.
	raw     []byte
	escaped bool
}

// node is a place in JSON texts that paths lead to or through. Together they are
// a trie.
type node struct {
	// number is that of the value wanted here, negative for none.
	number int
	// all says that every scalar of an object here is wanted.
	all    bool
	keys   []edge // in the order in which they were added, often that of the texts
	byName map[string]int
	items  []*node // by index; nil where nothing is wanted
}

type edge struct {
	name string
	to   *node
	// asked says that Name was asked, or need not be.
	asked bool
}

const none = -1

// Add adds a path and returns the number of its value. The same path always has
// the same number. No path may be added after the first Scan.
func (s *Scanner) Add(p Path) int {
	n := s.node(p)
	if n.number == none {
		n.number = s.grow()
	}
	return n.number
}

// AddAll adds all scalars of the object at p, whose names are asked for by Name.
func (s *Scanner) AddAll(p Path) { s.node(p).all = true }

// Wanted reports whether anything was added.
func (s *Scanner) Wanted() bool { return s.root != nil }

// grow makes room for a value and returns its number.
func (s *Scanner) grow() int {
	s.values = append(s.values, value{})
	return len(s.values) - 1
}

func (s *Scanner) node(p Path) *node {
	if s.root == nil {
		s.root = &node{number: none}
	}
	n := s.root
	for _, step := range p {
		if step.IsIndex {
			for len(n.items) <= step.Index {
				n.items = append(n.items, nil)
			}
			if n.items[step.Index] == nil {
				n.items[step.Index] = &node{number: none}
			}
			n = n.items[step.Index]
		} else {
			n = n.child(step.Key)
		}
	}
	return n
}

// child returns the node at a name, adding one if need be.
func (n *node) child(name string) *node {
	if i, ok := n.byName[name]; ok {
		return n.keys[i].to
	}
	if n.byName == nil {
		n.byName = make(map[string]int)
	}
	to := &node{number: none}
	n.byName[name] = len(n.keys)
	n.keys = append(n.keys, edge{name: name, to: to})
	return to
}

// find returns the place of a name among n's edges, or none. The edge at hint is
// tried first: texts of one origin have their names in the same order.
func (n *node) find(name []byte, hint int) int {
	if hint < len(n.keys) && n.keys[hint].name == string(name) {
		return hint
	}
	if i, ok := n.byName[string(name)]; ok {
		return i
	}
	return none
}

// Value returns the value with a number: its kind and its text, without quotes and
// escapes for a string. Objects and arrays are their JSON. It is valid until the
// next Scan, as long as the text is.
func (s *Scanner) Value(number int) ([]byte, Kind) {
	v := &s.values[number]
	if v.escaped {
		v.raw, v.escaped = s.unescape(v.raw), false
	}
	return v.raw, v.kind
}

// Found returns the numbers of the values that the text has, in the order in which
// they came.
func (s *Scanner) Found() []int { return s.found }

// Reset makes all values absent.
func (s *Scanner) Reset() {
	for _, i := range s.found {
		s.values[i] = value{}
	}
	s.text, s.found, s.scratch = nil, s.found[:0], s.scratch[:0]
}

// Scan walks a text. When it returns an error, the values are those found before
// the fault.
func (s *Scanner) Scan(text []byte) error {
	s.Reset()
	s.text = text
	i := s.blank(0)
	i = s.value(i, s.root, 0)
	if i >= 0 {
		i = s.blank(i)
		if i == len(text) {
			return nil
		}
		i = ^i
	}
	return fmt.Errorf("%w at byte %d", ErrSyntax, min(^i, len(text)))
}

// The methods below read something at i and return where it ends, or the
// complement of the place of a fault, which is negative.

func (s *Scanner) blank(i int) int {
	for i < len(s.text) && s.text[i] <= ' ' {
		switch s.text[i] {
		case ' ', '\t', '\n', '\r':
			i++
		default:
			return i
		}
	}
	return i
}

// value reads a value that n, which may be nil, says what to do with.
func (s *Scanner) value(i int, n *node, depth int) int {
	if i >= len(s.text) {
		return ^i
	}
	start := i
	v := value{}
	switch c := s.text[i]; c {
	case '{':
		i, v.kind = s.object(i+1, n, depth+1), Object
	case '[':
		i, v.kind = s.array(i+1, n, depth+1), Array
	case '"':
		i, v.escaped = s.str(i + 1)
		v.kind = String
	case 't':
		i, v.kind = s.word(i, "true"), Bool
	case 'f':
		i, v.kind = s.word(i, "false"), Bool
	case 'n':
		i, v.kind = s.word(i, "null"), Null
	default:
		i, v.kind = s.number(i), Number
	}
	if i < 0 || n == nil || n.number == none {
		return i
	}
	v.raw = s.text[start:i:i]
	if v.kind == String {
		v.raw = v.raw[1 : len(v.raw)-1]
	}
	s.values[n.number] = v
	s.found = append(s.found, n.number)
	return i
}

func (s *Scanner) object(i int, n *node, depth int) int {
	if depth > maxDepth {
		return ^i
	}
	i = s.blank(i)
	if i < len(s.text) && s.text[i] == '}' {
		return i + 1
	}
	for hint, top := 0, 0; ; {
		if i >= len(s.text) || s.text[i] != '"' {
			return ^i
		}
		start := i + 1
		end, escaped := s.str(start)
		if end < 0 {
			return end
		}
		var to *node
		colon := s.blank(end)
		if colon >= len(s.text) || s.text[colon] != ':' {
			return ^colon
		}
		i = s.blank(colon + 1)
		if n != nil {
			name := s.text[start : end-1]
			if escaped {
				name = s.unescape(name)
			}
			at := n.find(name, hint)
			if n.all && (at == none || !n.keys[at].asked) && i < len(s.text) && s.text[i] != '{' && s.text[i] != '[' {
				at = s.learn(n, name, at)
			}
			if at != none {
				to, hint = n.keys[at].to, at+1
				if at < top {
					s.forget(to) // maybe the name comes again: the last one counts
				}
				top = max(top, hint)
			}
		}
		if i = s.value(i, to, depth); i < 0 {
			return i
		}
		i = s.blank(i)
		switch {
		case i >= len(s.text):
			return ^i
		case s.text[i] == '}':
			return i + 1
		case s.text[i] != ',':
			return ^i
		}
		i = s.blank(i + 1)
	}
}

// forget makes the values at n and below absent.
func (s *Scanner) forget(n *node) {
	if n.number != none && s.values[n.number].kind != Absent {
		s.values[n.number] = value{}
		s.found = slices.DeleteFunc(s.found, func(i int) bool { return i == n.number })
	}
	for _, e := range n.keys {
		s.forget(e.to)
	}
	for _, to := range n.items {
		if to != nil {
			s.forget(to)
		}
	}
}

// learn asks for a name in an object of which all scalars are wanted; at is its
// place among the edges, or none. It returns its place from then on.
func (s *Scanner) learn(n *node, name []byte, at int) int {
	number := none
	if at != none {
		number = n.keys[at].to.number
	}
	if number == none {
		number = len(s.values)
	}
	wanted := s.Name(name, number)
	if wanted && at == none {
		n.child(string(name))
		at = len(n.keys) - 1
	}
	if wanted && number == len(s.values) {
		n.keys[at].to.number = s.grow()
	}
	if at != none {
		n.keys[at].asked = true
	}
	return at
}

func (s *Scanner) array(i int, n *node, depth int) int {
	if depth > maxDepth {
		return ^i
	}
	i = s.blank(i)
	if i < len(s.text) && s.text[i] == ']' {
		return i + 1
	}
	for at := 0; ; at++ {
		var to *node
		if n != nil && at < len(n.items) {
			to = n.items[at]
		}
		if i = s.value(i, to, depth); i < 0 {
			return i
		}
		i = s.blank(i)
		switch {
		case i >= len(s.text):
			return ^i
		case s.text[i] == ']':
			return i + 1
		case s.text[i] != ',':
			return ^i
		}
		i = s.blank(i + 1)
	}
}

func (s *Scanner) word(i int, word string) int {
	if len(s.text)-i >= len(word) && string(s.text[i:i+len(word)]) == word {
		return i + len(word)
	}
	return ^i
}

func (s *Scanner) number(i int) int {
	t := s.text
	if i < len(t) && t[i] == '-' {
		i++
	}
	switch {
	case i >= len(t) || !digit(t[i]):
		return ^i
	case t[i] == '0':
		i++
	default:
		i = s.digits(i)
	}
	if i < len(t) && t[i] == '.' {
		if i++; i >= len(t) || !digit(t[i]) {
			return ^i
		}
		i = s.digits(i)
	}
	if i < len(t) && (t[i] == 'e' || t[i] == 'E') {
		if i++; i < len(t) && (t[i] == '+' || t[i] == '-') {
			i++
		}
		if i >= len(t) || !digit(t[i]) {
			return ^i
		}
		i = s.digits(i)
	}
	return i
}

func (s *Scanner) digits(i int) int {
	for i < len(s.text) && digit(s.text[i]) {
		i++
	}
	return i
}

func digit(c byte) bool { return c-'0' <= 9 }
