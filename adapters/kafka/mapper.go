package kafka

import (
	"errors"
	"fmt"
	"slices"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/kafka/internal/extract"
	"github.com/halley-stream/halley/adapters/kafka/internal/records"
)

// mapper maps records by one mapping. It belongs to one goroutine and allocates
// nothing for a record, once it has seen the names in it.
type mapper struct {
	mapping *mapping
	feed    adapters.Feed

	extractor extract.Extractor
	item      extract.Text
	texts     []extract.Text   // of mapping.fields
	slots     []adapters.Field // of mapping.fields
	// found are the slots of names found in objects, by their numbers; noSlot for
	// numbers that are not of a name.
	found []int32
	// full says that the dictionary has no room for more names; turnedAway counts
	// those of the record loaded.
	full       bool
	turnedAway int

	// What the record loaded comes to; valid until the next.
	fields []adapters.Field
	values [][]byte
}

const noSlot = -1

// maxItemName bounds the length of an item's name. Longer ones are surely not
// what the template was meant for.
const maxItemName = 1024

// newMapper returns a mapper whose fields are in feed's dictionary.
func newMapper(m *mapping, feed adapters.Feed) (*mapper, error) {
	p := &mapper{mapping: m, feed: feed}
	p.item = p.extractor.Add(m.item)
	for _, f := range m.fields {
		slot, err := feed.Field(f.name)
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", f.name, err)
		}
		var text extract.Text
		if f.template != nil {
			text = p.extractor.Add(f.template)
		}
		p.slots, p.texts = append(p.slots, slot), append(p.texts, text)
	}
	if m.hasAll {
		p.extractor.AddAll(m.all, p.learn)
	}
	return p, nil
}

// learn finds the slot of a name found in an object.
func (p *mapper) learn(name []byte, number int) bool {
	taken := slices.ContainsFunc(p.mapping.fields, func(f mappedField) bool { return f.name == string(name) })
	if len(name) == 0 || taken {
		return false
	}
	if p.full {
		p.turnedAway++
		return false
	}
	slot, err := p.feed.Field(string(name))
	if err != nil {
		p.full = true
		p.turnedAway++
		return false
	}
	for len(p.found) <= number {
		p.found = append(p.found, noSlot)
	}
	p.found[number] = int32(slot)
	return true
}

// What may be wrong with a record.
var (
	errNoItem    = errors.New("the item's name is missing, null or empty")
	errLongItem  = fmt.Errorf("the item's name is longer than %d bytes", maxItemName)
	errNoKey     = errors.New("the field key is missing, null or empty")
	errCommand   = errors.New("the field command is not ADD, UPDATE or DELETE")
	errTombstone = errors.New("a record without a value, but the names are made of values")
)

// load reads a record and returns the name of its item, which is valid until the
// next.
func (p *mapper) load(rec *records.Record, partition int32) (item []byte, err error) {
	if rec.Value == nil && !p.mapping.buriable() {
		return nil, errTombstone
	}
	p.turnedAway = 0
	if err := p.extractor.Load(rec, partition); err != nil {
		return nil, err
	}
	item, _ = p.extractor.Text(p.item)
	switch {
	case len(item) == 0:
		return nil, errNoItem
	case len(item) > maxItemName:
		return nil, errLongItem
	}
	return item, nil
}

// update sets fields and values to those of the record loaded: fields that it does
// not have are left out, as in a partial update.
func (p *mapper) update() error {
	p.fields, p.values = p.fields[:0], p.values[:0]
	for i, text := range p.texts {
		if text == nil {
			p.put(p.slots[i], updateCommand)
		} else if value, found := p.extractor.Text(text); found {
			p.put(p.slots[i], value)
		}
	}
	if p.mapping.mode == adapters.Command {
		if err := p.checkCommand(); err != nil {
			return err
		}
	}
	if p.mapping.hasAll {
		for _, number := range p.extractor.Found() {
			if number >= len(p.found) || p.found[number] == noSlot {
				continue
			}
			if value, ok := p.extractor.Scalar(number); ok {
				p.put(adapters.Field(p.found[number]), value)
			}
		}
	}
	return nil
}

// bury sets fields and values to those that delete the row of the record loaded.
// In command mode only.
func (p *mapper) bury() error {
	key, _ := p.extractor.Text(p.texts[keyPlace])
	if len(key) == 0 {
		return errNoKey
	}
	p.fields, p.values = p.fields[:0], p.values[:0]
	p.put(p.slots[keyPlace], key)
	p.put(p.slots[commandPlace], deleteCommand)
	return nil
}

func (p *mapper) put(slot adapters.Field, value []byte) {
	p.fields, p.values = append(p.fields, slot), append(p.values, value)
}

var (
	addCommand    = []byte(adapters.CommandAdd)
	updateCommand = []byte(adapters.CommandUpdate)
	deleteCommand = []byte(adapters.CommandDelete)
)

// checkCommand checks the two fields of a row, which come first, and writes the
// command as it should be.
func (p *mapper) checkCommand() error {
	if len(p.fields) == 0 || p.fields[0] != p.slots[keyPlace] || len(p.values[0]) == 0 {
		return errNoKey
	}
	if len(p.fields) < 2 || p.fields[1] != p.slots[commandPlace] {
		return errCommand
	}
	for _, command := range [][]byte{addCommand, updateCommand, deleteCommand} {
		if equalFold(p.values[1], command) {
			p.values[1] = command
			return nil
		}
	}
	return errCommand
}

// equalFold compares text with a word in upper case.
func equalFold(text, word []byte) bool {
	if len(text) != len(word) {
		return false
	}
	for i, c := range text {
		if c != word[i] && c != word[i]|0x20 {
			return false
		}
	}
	return true
}
