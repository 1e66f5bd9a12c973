// Package extract reads the language in which a configuration says what of a Kafka
// record makes the name of an item and the values of its fields, and takes that
// out of records.
//
// A template is text with expressions in it: quote-#{VALUE.symbol}. The
// expressions are
//
//	KEY VALUE                            the record's key and value, as they are
//	KEY.a.b  VALUE.a[2].b  VALUE['k k']  a value inside, where they are JSON
//	TOPIC PARTITION OFFSET TIMESTAMP     the record's place; the time in ms since 1970
//	HEADERS.name  HEADERS['name'][1]     the first header of that name, the second
//	HEADERS[0]                           a header by position
//
// An expression may hold several named ones, as in #{symbol=KEY,venue=VALUE.v},
// which stands for [symbol=IBM,venue=N].
package extract

import (
	"fmt"
	"strings"

	"github.com/halley-stream/halley/adapters/kafka/internal/jsonscan"
)

// Root is the part of a record that an expression begins at.
type Root uint8

// The parts of a record.
const (
	Key Root = iota
	Value
	Topic
	Partition
	Offset
	Timestamp
	Headers
)

var rootNames = []string{"KEY", "VALUE", "TOPIC", "PARTITION", "OFFSET", "TIMESTAMP", "HEADERS"}

// String returns the name of r.
func (r Root) String() string { return rootNames[r] }

// Expression is a value to be taken out of a record.
type Expression struct {
	Root Root
	// Path leads on from a key, a value or the headers.
	Path jsonscan.Path
}

// String returns e as it is written, without #{ and }.
func (e Expression) String() string { return e.Root.String() + e.Path.String() }

// blanks may stand around expressions and names.
const blanks = " \t\r\n"

func parseExpression(text string) (Expression, error) {
	text = strings.Trim(text, blanks)
	end := strings.IndexAny(text, ".[")
	if end < 0 {
		end = len(text)
	}
	for i, name := range rootNames {
		if text[:end] != name {
			continue
		}
		if strings.HasSuffix(text, ".*") {
			return Expression{}, fmt.Errorf("%q stands for many values: only the field * can be that", text)
		}
		path, err := jsonscan.ParsePath(text[end:])
		if err != nil {
			return Expression{}, err
		}
		e := Expression{Root(i), path}
		return e, e.check()
	}
	return Expression{}, fmt.Errorf("%q does not begin with one of %s", text, strings.Join(rootNames, ", "))
}

// check holds the path against what the root can have.
func (e Expression) check() error {
	switch p := e.Path; e.Root {
	case Key, Value:
	case Headers:
		switch {
		case len(p) == 0:
			return fmt.Errorf("HEADERS needs a name or a position, such as HEADERS.id or HEADERS[0]")
		case len(p) > 2 || len(p) == 2 && (p[0].IsIndex || !p[1].IsIndex):
			return fmt.Errorf("%q goes too deep: a header is not looked into", e)
		}
	default:
		if len(p) > 0 {
			return fmt.Errorf("%q: %s has nothing inside", e, e.Root)
		}
	}
	return nil
}
