package extract

import (
	"fmt"
	"strconv"

	"github.com/halley-stream/halley/adapters/kafka/internal/jsonscan"
	"github.com/halley-stream/halley/adapters/kafka/internal/records"
)

// Extractor takes the values of templates out of records. It belongs to one
// goroutine. All templates are added before the first Load.
type Extractor struct {
	key, value jsonscan.Scanner

	record    *records.Record
	partition int32
	scratch   []byte
}

// Text is a template that was added to an Extractor.
type Text []slot

// slot is a part of a Text.
type slot struct {
	part
	number int // in the scanner of the key or value, if there is a path
}

// Add adds a template.
func (x *Extractor) Add(t *Template) Text {
	text := make(Text, len(t.parts))
	for i, p := range t.parts {
		text[i].part = p
		if p.expr == nil || len(p.expr.Path) == 0 {
			continue
		}
		switch p.expr.Root {
		case Key:
			text[i].number = x.key.Add(p.expr.Path)
		case Value:
			text[i].number = x.value.Add(p.expr.Path)
		}
	}
	return text
}

// AddAll adds all scalars of an object in the record's value. Name is asked as in
// jsonscan.Scanner; Found and Scalar give what was found.
func (x *Extractor) AddAll(p jsonscan.Path, name func(name []byte, number int) bool) {
	x.value.Name = name
	x.value.AddAll(p)
}

// Load makes a record the one that values are taken from.
func (x *Extractor) Load(rec *records.Record, partition int32) error {
	if x.scratch == nil {
		x.scratch = make([]byte, 0, 64) // empty is not nil, which is null
	}
	x.record, x.partition, x.scratch = rec, partition, x.scratch[:0]
	if err := scan(&x.key, rec.Key); err != nil {
		return fmt.Errorf("key: %w", err)
	}
	if err := scan(&x.value, rec.Value); err != nil {
		return fmt.Errorf("value: %w", err)
	}
	return nil
}

// scan walks the text if something in it is wanted. No text has no values.
func scan(s *jsonscan.Scanner, text []byte) error {
	switch {
	case !s.Wanted():
		return nil
	case text == nil:
		s.Reset()
		return nil
	}
	return s.Scan(text)
}

// Text returns what t stands for in the record. It is nil where that is null, and
// not there at all when found is false. It is valid until the next Load, as long
// as the record is.
func (x *Extractor) Text(t Text) (value []byte, found bool) {
	if len(t) == 1 && t[0].expr != nil {
		return x.slot(&t[0])
	}
	start := len(x.scratch)
	for i := range t {
		if t[i].expr == nil {
			x.scratch = append(x.scratch, t[i].text...)
			continue
		}
		length := len(x.scratch)
		value, found := x.slot(&t[i])
		if value == nil {
			return nil, found
		}
		// Numbers are written to the scratch itself; they go behind what is there.
		x.scratch = append(x.scratch[:length], value...)
	}
	return x.scratch[start:len(x.scratch):len(x.scratch)], true
}

func (x *Extractor) slot(s *slot) (value []byte, found bool) {
	switch s.expr.Root {
	case Key:
		return inside(&x.key, s, x.record.Key)
	case Value:
		return inside(&x.value, s, x.record.Value)
	case Partition:
		return x.integer(int64(x.partition)), true
	case Offset:
		return x.integer(x.record.Offset), true
	case Timestamp:
		return x.integer(x.record.Time), true
	case Headers:
		return x.header(s.expr.Path)
	}
	return nil, false
}

// inside returns the whole text, or what the scanner has found in it.
func inside(s *jsonscan.Scanner, at *slot, whole []byte) (value []byte, found bool) {
	if len(at.expr.Path) == 0 {
		return whole, true
	}
	return scanned(s, at.number)
}

func scanned(s *jsonscan.Scanner, number int) (value []byte, found bool) {
	value, kind := s.Value(number)
	if kind == jsonscan.Null {
		return nil, true
	}
	return value, kind != jsonscan.Absent
}

// integer writes a number into the scratch.
func (x *Extractor) integer(v int64) []byte {
	start := len(x.scratch)
	x.scratch = strconv.AppendInt(x.scratch, v, 10)
	return x.scratch[start:len(x.scratch):len(x.scratch)]
}

// header returns a header by name, by name and number, or by position.
func (x *Extractor) header(path jsonscan.Path) (value []byte, found bool) {
	skip := 0
	for _, step := range path {
		if step.IsIndex {
			skip = step.Index
		}
	}
	for name, value := range x.record.Headers() {
		if !path[0].IsIndex && string(name) != path[0].Key {
			continue
		}
		if skip == 0 {
			return value, true
		}
		skip--
	}
	return nil, false
}

// Found returns the numbers of the values that the record has, among them those
// that AddAll has asked for.
func (x *Extractor) Found() []int { return x.value.Found() }

// Scalar returns the value with a number, nil for null. It reports false for an
// object or array.
func (x *Extractor) Scalar(number int) (value []byte, ok bool) {
	value, kind := x.value.Value(number)
	if kind == jsonscan.Null {
		return nil, true
	}
	return value, kind.Scalar()
}
