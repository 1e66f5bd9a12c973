package diff

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/wI2L/jsondiff"

	"github.com/halley-stream/halley/protocol"
)

// appendPatch appends a JSON Patch (RFC 6902) from base to value; ok is false if one
// of them is no document that every client reads as we do, or if there is nothing to
// say: they may differ in blanks then.
//
// Its operations are add, remove and replace only. Arrays are compared place by
// place: looking for what moved takes time that grows with the square of their
// length.
func appendPatch(dst, base, value []byte) (out []byte, ok bool) {
	before, ok := parseDocument(base)
	if !ok {
		return dst, false
	}
	after, ok := parseDocument(value)
	if !ok {
		return dst, false
	}
	ops, err := jsondiff.CompareWithoutMarshal(before, after)
	if err != nil || len(ops) == 0 {
		return dst, false
	}
	out = dst
	sign := byte('[')
	for i := range ops {
		if touchesPrototype(ops[i].Path) {
			return dst, false
		}
		if out, err = appendOperation(append(out, sign), &ops[i]); err != nil || len(out)-len(dst) > len(value) {
			return dst, false
		}
		sign = ','
	}
	return append(out, ']'), true
}

// touchesPrototype reports whether an operation has a path that libraries for
// JavaScript refuse, lest somebody changes more than a document.
func touchesPrototype(path string) bool {
	return strings.Contains(path, "__proto__") || strings.Contains(path, "prototype")
}

// appendOperation appends an operation. The library's own form has escapes for HTML.
func appendOperation(dst []byte, op *jsondiff.Operation) ([]byte, error) {
	dst = append(append(append(dst, `{"op":"`...), op.Type...), `","path":`...)
	dst, err := appendJSON(dst, op.Path)
	if err != nil {
		return dst, err
	}
	if op.Type != jsondiff.OperationRemove {
		if dst, err = appendJSON(append(dst, `,"value":`...), op.Value); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func appendJSON(dst []byte, v any) ([]byte, error) {
	buf := bytes.NewBuffer(dst)
	e := json.NewEncoder(buf)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(buf.Bytes(), []byte{'\n'}), err
}

// ApplyPatch appends what a JSON Patch makes out of a document: it is a
// protocol.Patcher. An error is protocol.ErrDiff, wrapped.
func ApplyPatch(dst, document, patch []byte) ([]byte, error) {
	ops, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		return dst, fmt.Errorf("%w: %w", protocol.ErrDiff, err)
	}
	if !json.Valid(document) {
		return dst, fmt.Errorf("%w: no JSON to apply it to: %.40q", protocol.ErrDiff, document)
	}
	options := jsonpatch.NewApplyOptions()
	options.EscapeHTML = false
	options.SupportNegativeIndices = false
	options.AccumulatedCopySizeLimit = valueMax
	out, err := ops.ApplyWithOptions(document, options)
	if err != nil {
		return dst, fmt.Errorf("%w: %w", protocol.ErrDiff, err)
	}
	return append(dst, out...), nil
}

// errDocument says that a text is no JSON document.
var errDocument = errors.New("no JSON document")

// decode decodes one JSON document, with its numbers as they are written.
func decode(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errDocument
	}
	return v, nil
}
