package main

import (
	"bufio"
	"encoding/json"
	"io"
	"slices"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// jsonLines prints a JSON object per update. Its keys come in a fixed order, the
// fields in that of the subscription: only those that the update has changed.
type jsonLines struct {
	w       *bufio.Writer
	options *subOptions
	names   [][]byte // of the fields, as JSON
	items   [][]byte // names, as JSON
	key     int      // positions of these two fields, -1 if they are none
	command int
	line    []byte
}

func newJSONLines(w io.Writer, o *subOptions) *jsonLines {
	j := &jsonLines{w: bufio.NewWriter(w), options: o, key: -1, command: -1}
	for _, name := range o.fields {
		j.names = append(j.names, appendJSON(nil, name))
	}
	for _, name := range o.items {
		j.items = append(j.items, appendJSON(nil, name))
	}
	if o.what.Mode == adapters.Command.String() {
		j.key = slices.Index(o.fields, adapters.KeyField)
		j.command = slices.Index(o.fields, adapters.CommandField)
	}
	return j
}

func (j *jsonLines) update(u *subUpdate, more bool) error {
	b := append(j.line[:0], `{"time":"`...)
	b = u.at.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(append(b, `","item":`...), j.items[u.item]...)
	if u.snapshot {
		b = append(b, `,"snapshot":true`...)
	}
	if j.key >= 0 {
		b = j.appendValue(append(b, `,"key":`...), u, j.key)
		b = j.appendValue(append(b, `,"command":`...), u, j.command)
	}
	b = append(b, `,"fields":{`...)
	first := true
	for i := range u.state.Len() {
		if !u.state.Changed(i) || i == j.key || i == j.command {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(append(b, j.names[i]...), ':')
		b = j.appendValue(b, u, i)
	}
	j.line = append(b, "}}\n"...)
	if _, err := j.w.Write(j.line); err != nil || more {
		return err
	}
	return j.w.Flush() // whoever reads the pipe waits for it
}

func (j *jsonLines) appendValue(dst []byte, u *subUpdate, field int) []byte {
	value, ok := u.state.Value(field)
	if !ok {
		return append(dst, "null"...)
	}
	return appendJSON(dst, string(value))
}

func (*jsonLines) status(string) {}
func (*jsonLines) emptied(int)   {}
func (j *jsonLines) close()      { _ = j.w.Flush() } // an error was told by update

// appendJSON appends a string in JSON.
func appendJSON(dst []byte, text string) []byte {
	b, err := json.Marshal(text)
	if err != nil {
		panic("halley: a string that is no JSON: " + err.Error())
	}
	return append(dst, b...)
}
