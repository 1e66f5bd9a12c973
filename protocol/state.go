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
	diffs   bool // diffs are understood
	patch   Patcher
	// Memory for the value that a diff makes, and for the diff without escapes.
	spare, unescaped []byte
}

type cell struct {
	value    []byte // memory of the cell's own, used again
	null     bool
	changed  bool // by the last update
	document bool // made by a JSON Patch
}

// Patcher appends what a JSON Patch (RFC 6902) makes out of a JSON document.
// Package protocol/diff has one.
type Patcher func(dst, document, patch []byte) ([]byte, error)

// NewItemState returns the state of an item that no update has come for yet.
func NewItemState(fields int) *ItemState {
	return &ItemState{cells: make([]cell, fields)}
}

// TakeDiffs makes the state understand diffs: TLCP-diffs, and JSON Patches if there
// is a patcher. A client that does not call it should have said so by an empty
// LS_supported_diffs.
func (s *ItemState) TakeDiffs(patch Patcher) { s.diffs, s.patch = true, patch }

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
// in the first update with values ("Decoding the Pipe-Separated List of Values").
// After an error, which is ErrUpdate, wrapped, the state is of no use.
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
			if run, ok = parseCount(tok[1:]); ok {
				ok = run > 0 && s.skip(field, run)
			} else {
				run, ok = 1, s.diff(field, tok)
			}
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
	c.changed, c.document = true, false
	return err == nil
}

// diff makes the value of a field out of the one that it has. A value that a JSON
// Patch made takes no other diffs: as text, the server's may be different.
func (s *ItemState) diff(field int, tok []byte) bool {
	format, escaped, ok := cutDiff(tok)
	if !ok || !s.diffs || !s.started || field >= len(s.cells) || s.cells[field].null {
		return false
	}
	if s.unescaped, ok = appendUnescaped(s.unescaped[:0], escaped); !ok {
		return false
	}
	c := &s.cells[field]
	var err error
	switch {
	case format == TLCPDiff && !c.document:
		s.spare, err = ApplyDiff(s.spare[:0], c.value, s.unescaped)
	case format == JSONPatch && s.patch != nil:
		s.spare, err = s.patch(s.spare[:0], c.value, s.unescaped)
		c.document = true
	default:
		return false
	}
	c.value, s.spare = s.spare, c.value
	c.changed = true
	return err == nil
}
