package demo

import (
	"math/rand/v2"
	"strconv"

	"github.com/halley-stream/halley/adapters"
)

// The fields of depth.
const (
	depthKey = iota
	depthCommand
	depthSide
	depthPrice
	depthSize
	depthOrders
)

var depthFields = []string{adapters.KeyField, adapters.CommandField, "side", "price", "size", "orders"}

// depth shows the order books of instruments. Its items have the instruments'
// indices. A book is made when its item's life begins and follows the quotes from
// then on; what is below the best levels is the depth's own invention.
type depth struct {
	tape    *tape
	books   []book // by index
	changes []change
}

// book is the two sides of an instrument.
type book struct {
	bids, asks side
}

func newDepth(t *tape, seed uint64) *depth {
	d := &depth{tape: t, books: make([]book, len(t.instruments))}
	for i := range d.books {
		s := t.instruments[i].spec
		r := rand.New(rand.NewPCG(^seed, uint64(i))) // not the tape's: that must not notice
		d.books[i] = book{
			bids: side{spec: s, rand: r, step: -s.gap},
			asks: side{spec: s, rand: r, step: s.gap},
		}
	}
	return d
}

func (d *depth) fields() []string { return depthFields }

func (d *depth) snapshot(out *output, index int, item adapters.Item) {
	in, b := &d.tape.instruments[index], &d.books[index]
	b.bids.fill(in.row[fieldBid], in.row[fieldBidSize])
	b.asks.fill(in.row[fieldAsk], in.row[fieldAskSize])
	for _, s := range []*side{&b.bids, &b.asks} {
		for _, l := range s.levels {
			s.put(out, change{adapters.CommandAdd, l})
			out.snapshot(item)
		}
	}
}

func (d *depth) follow(out *output, t *tick, wanted []adapters.Item) {
	item := wanted[t.of]
	if item == (adapters.Item{}) || t.changed&(1<<fieldBid|1<<fieldBidSize|1<<fieldAsk|1<<fieldAskSize) == 0 {
		return
	}
	r, b := &t.in.row, &d.books[t.of]
	// On the way up the asks make room first, so that the sides never cross.
	if r[fieldBid] > b.bids.levels[0].price {
		d.move(out, item, &b.asks, r[fieldAsk], r[fieldAskSize])
		d.move(out, item, &b.bids, r[fieldBid], r[fieldBidSize])
	} else {
		d.move(out, item, &b.bids, r[fieldBid], r[fieldBidSize])
		d.move(out, item, &b.asks, r[fieldAsk], r[fieldAskSize])
	}
}

func (d *depth) move(out *output, item adapters.Item, s *side, price, size int64) {
	d.changes = s.move(d.changes[:0], price, size)
	if s.rand.IntN(3) == 0 {
		d.changes = s.stir(d.changes)
	}
	for _, c := range d.changes {
		s.put(out, c)
		out.update(item)
	}
}

// put writes a change as a row.
func (s *side) put(out *output, c change) {
	letter, name := byte('B'), "bid"
	if s.step > 0 {
		letter, name = 'A', "ask"
	}
	out.text = append(out.text, letter)
	out.text = appendDecimal(out.text, c.level.price, s.decimals)
	out.end(depthKey)
	out.put(depthCommand, c.command)
	if c.command == adapters.CommandDelete {
		return
	}
	out.put(depthSide, name)
	out.text = appendDecimal(out.text, c.level.price, s.decimals)
	out.end(depthPrice)
	out.text = strconv.AppendInt(out.text, c.level.size, 10)
	out.end(depthSize)
	out.text = strconv.AppendInt(out.text, c.level.orders, 10)
	out.end(depthOrders)
}
