// Package selector evaluates the expressions by which a client says which updates
// of an item it wants, such as
//
//	last_price > 100 and symbol startsWith "A"
//
// An expression is about the values of fields, by name; a name with other characters
// than letters, digits and underscores is written $env["day high"]. Values are text.
// Where one is compared with a number, or calculated with, it is read as a number;
// number(field) does so anywhere. A null is nil.
//
//	and or not  ! && ||  == != < <= > >=  + - * /  in ["a", "b"]
//	contains startsWith endsWith  a ? b : c  a ?? b  ( )
//
// There are no loops, no regular expressions and no functions but number, so that an
// evaluation takes about as long as its text is long. What cannot be evaluated, such
// as a comparison with a null or with what is no number, is not true.
package selector

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
)

// MaxLength is how many bytes an expression may have.
const MaxLength = 512

// Selector is a compiled expression. It is immutable.
type Selector struct {
	text    string
	fields  []string
	program *vm.Program
}

// Compile returns the Selector of an expression; an error says what is wrong with
// it, in a text for the one who wrote it.
func Compile(text string) (*Selector, error) {
	if len(text) > MaxLength {
		return nil, fmt.Errorf("it has %d bytes, more than %d", len(text), MaxLength)
	}
	reader := &reader{}
	program, err := expr.Compile(text,
		expr.Env(map[string]any{}), expr.AllowUndefinedVariables(), expr.DisableAllBuiltins(),
		expr.Function(numberName, number, new(func(any) float64)),
		expr.Patch(reader), expr.AsBool(), expr.WarnOnAny(),
	)
	if reader.whole > 0 {
		reader.refuse("$env without a name")
	}
	if err = errors.Join(reader.err, err); err != nil {
		return nil, err
	}
	return &Selector{text: text, fields: reader.fields, program: program}, nil
}

// Text returns the expression.
func (s *Selector) Text() string { return s.text }

// Fields returns the names of the fields that it is about, each once. The slice is
// the Selector's.
func (s *Selector) Fields() []string { return s.fields }

const numberName = "number"

// number reads a value as a number; what is none is NaN, which compares as false.
func number(params ...any) (any, error) {
	switch v := params[0].(type) {
	case float64:
		return v, nil
	case int:
		return float64(v), nil
	case string:
		if n, err := strconv.ParseFloat(v, 64); err == nil {
			return n, nil
		}
	}
	return math.NaN(), nil
}

// reader looks through an expression: it refuses what is not allowed, notes the
// fields, and has values read as numbers where one is compared with a number.
type reader struct {
	fields []string
	whole  int // times that $env was met, less those that it was asked for a field
	err    error
}

// Visit is called for each node, from the leaves up; see ast.Visitor.
func (r *reader) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.NilNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.ConstantNode, *ast.ConditionalNode, *ast.ArrayNode, *ast.ChainNode:
	case *ast.UnaryNode:
		if n.Operator == "-" || n.Operator == "+" {
			r.numeric(&n.Node)
		}
	case *ast.IdentifierNode:
		switch n.Value {
		case "$env":
			r.whole++
		case numberName:
		default:
			r.field(n.Value)
		}
	case *ast.MemberNode:
		name, ok := member(n)
		if !ok {
			r.refuse(n.String())
			return
		}
		r.whole--
		r.field(name)
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); !ok || callee.Value != numberName {
			r.refuse(n.String())
		}
	case *ast.BinaryNode:
		r.binary(n)
	default:
		r.refuse((*node).String())
	}
}

func (r *reader) binary(n *ast.BinaryNode) {
	switch n.Operator {
	case "and", "or", "&&", "||", "in", "contains", "startsWith", "endsWith", "??":
	case "+", "-", "*", "/":
		r.numeric(&n.Left)
		r.numeric(&n.Right)
	case "<", "<=", ">", ">=":
		if isText(n.Left) || isText(n.Right) {
			return
		}
		r.numeric(&n.Left)
		r.numeric(&n.Right)
	case "==", "!=":
		if isNumber(n.Left) {
			r.numeric(&n.Right)
		} else if isNumber(n.Right) {
			r.numeric(&n.Left)
		}
	default:
		r.refuse("operator " + n.Operator)
	}
}

// numeric has a value read as a number.
func (r *reader) numeric(node *ast.Node) {
	if isField(*node) {
		ast.Patch(node, &ast.CallNode{Callee: &ast.IdentifierNode{Value: numberName}, Arguments: []ast.Node{*node}})
	}
}

func (r *reader) field(name string) {
	if !slices.Contains(r.fields, name) {
		r.fields = append(r.fields, name)
	}
}

func (r *reader) refuse(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%.40s is not allowed in a selector", what)
	}
}

func isField(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return true
	case *ast.MemberNode:
		_, ok := member(n)
		return ok
	}
	return false
}

// member returns the name in $env["name"].
func member(n *ast.MemberNode) (name string, ok bool) {
	env, isEnv := n.Node.(*ast.IdentifierNode)
	property, isText := n.Property.(*ast.StringNode)
	if !isEnv || env.Value != "$env" || !isText {
		return "", false
	}
	return property.Value, true
}

func isText(n ast.Node) bool {
	_, ok := n.(*ast.StringNode)
	return ok
}

// isNumber reports whether a node is a number whatever the values are.
func isNumber(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.CallNode:
		return true
	case *ast.UnaryNode:
		return n.Operator == "-" || n.Operator == "+"
	case *ast.BinaryNode:
		switch n.Operator {
		case "+", "-", "*", "/":
			return true
		}
	}
	return false
}
