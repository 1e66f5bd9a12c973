package main

import (
	"math/rand/v2"
	"strconv"
)

// fieldNames are the fields of a record: five short ones that change, and one that
// makes it as long as it is to be.
var fieldNames = []string{"seq", "bid", "ask", "last", "volume", "note"}

// sizeMin is how long a record is whose note is empty, at most.
const sizeMin = 130

// ticks draws items and makes records of them.
type ticks struct {
	size  int
	draw  *rand.Rand
	items []tick // by item: the last
}

// tick is an item's newest values. Prices are in hundredths.
type tick struct {
	key    []byte
	seq    uint64
	price  uint64
	volume uint64
}

func newTicks(items, size int, seed uint64) *ticks {
	t := &ticks{size: size, draw: rand.New(rand.NewPCG(seed, 0)), items: make([]tick, items)}
	for i := range t.items {
		t.items[i] = tick{key: []byte("item" + strconv.Itoa(i)), price: 10_000 + t.draw.Uint64N(10_000)}
	}
	return t
}

// next returns the key of a new record and its value, which is appended to dst.
func (t *ticks) next(dst []byte) (key, value []byte) {
	i := &t.items[t.draw.IntN(len(t.items))]
	i.seq++
	i.price += t.draw.Uint64N(201) - 100 // wraps to minus
	i.price = max(i.price%100_000, 1000)
	i.volume += 1 + t.draw.Uint64N(100)
	return i.key, i.appendJSON(dst, t.size)
}

// last returns the last values of all items that there is a record of.
func (t *ticks) last() map[string][]string {
	all := make(map[string][]string)
	for i := range t.items {
		if i := &t.items[i]; i.seq > 0 {
			all[string(i.key)] = i.values(t.size)
		}
	}
	return all
}

// texts are the values of the five short fields.
func (i *tick) texts() [5]string {
	return [5]string{
		strconv.FormatUint(i.seq, 10), price(i.price - 1), price(i.price + 1), price(i.price), strconv.FormatUint(i.volume, 10),
	}
}

// values returns the values of all fields.
func (i *tick) values(size int) []string {
	short := i.texts()
	note := len(i.appendHead(nil)) + len(tail)
	return append(short[:], string(filler(size-note)))
}

const tail = `"}`

// appendJSON appends the item as a JSON object of a size.
func (i *tick) appendJSON(dst []byte, size int) []byte {
	start := len(dst)
	dst = i.appendHead(dst)
	dst = append(dst, filler(size-len(tail)-(len(dst)-start))...)
	return append(dst, tail...)
}

// appendHead appends the object up to where the note's text begins.
func (i *tick) appendHead(dst []byte) []byte {
	dst = append(dst, '{')
	for n, text := range i.texts() {
		dst = append(append(append(dst, '"'), fieldNames[n]...), `":`...)
		dst = append(append(dst, text...), ',')
	}
	return append(dst, `"note":"`...)
}

const note = "the quick brown fox jumps over the lazy dog, and then it rests for a while; "

// filler returns a text of a length.
func filler(length int) []byte {
	text := make([]byte, 0, max(length, 0))
	for len(text) < length {
		text = append(text, note[:min(len(note), length-len(text))]...)
	}
	return text
}

// price writes hundredths as a number with two digits behind the point.
func price(hundredths uint64) string {
	text := strconv.FormatUint(hundredths, 10)
	return text[:len(text)-2] + "." + text[len(text)-2:]
}
