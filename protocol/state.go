package protocol

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrUpdate says that the body of an update breaks the rules of U.
var ErrUpdate = errors.New("malformed update")

// ItemState is what a client knows of an item of a subscription: the values of
// its fields, after each update. It belongs to one goroutine.
type ItemState struct {
	cells   []cell
	started bool // the first update has come
}

type cell struct {
	value   []byte // memory of the cell's own, used again
	null    bool
	changed bool // by the last update
}

// NewItemState returns the state of an item that no update has come for yet.
func NewItemState(fields int) *ItemState {
	return &ItemState{cells: make([]cell, fields)}
}

// Len returns the number of fields.
func (s *ItemState) Len() int { return len(s.cells) }

// Value returns the value of a field, from 0 up; ok is false if it is null. The
// value is valid until the next Apply.
func (s *ItemState) Value(field int) (value []byte, ok bool) {
	c := &s.cells[field]
	return c.value, s.started && !c.null
}

// Changed reports whether the last update gave the field a value. It may be the
// one that it had.
func (s *ItemState) Changed(field int) bool { return s.cells[field].changed }

// Apply takes in the body of an update, the Text of a U. All fields must be there,
// in the first update with values. Diffs are not understood: a client says so by
// an empty LS_supported_diffs. After an error, which is ErrUpdate, wrapped, the
// state is of no use.
//
// It allocates only where a value is longer than any that the field had before.
func (s *ItemState) Apply(body []byte) error {
	field, more, tok := 0, true, []byte(nil)
	for rest := body; more; {
		tok, rest, more = bytes.Cut(rest, []byte{'|'})
		run := 1
		var ok bool
		switch {
		case len(tok) == 0:
			ok = s.skip(field, 1)
		case tok[0] == '^':
			run, ok = parseCount(tok[1:])
			ok = ok && run > 0 && s.skip(field, run)
		default:
			ok = s.set(field, tok)
		}
		if !ok {
			return fmt.Errorf("%w: field %d of %d: %.80q", ErrUpdate, field+1, len(s.cells), body)
		}
		field += run
	}
	if field != len(s.cells) {
		return fmt.Errorf("%w: %d fields of %d: %.80q", ErrUpdate, field, len(s.cells), body)
	}
	s.started = true
	return nil
}

// skip leaves a run of fields as they are.
func (s *ItemState) skip(field, run int) bool {
	if !s.started || run > len(s.cells)-field {
		return false
	}
	for i := range run {
		s.cells[field+i].changed = false
	}
	return true
}

func (s *ItemState) set(field int, tok []byte) bool {
	if field >= len(s.cells) {
		return false
	}
	c := &s.cells[field]
	var err error
	c.value, c.null, err = DecodeToken(tok, c.value[:0])
	c.changed = true
	return err == nil
}
