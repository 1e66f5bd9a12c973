package demo

import (
	"strconv"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// quotes shows instruments as rows. Its items have the instruments' indices.
type quotes struct {
	tape *tape
}

func newQuotes(t *tape) *quotes { return &quotes{tape: t} }

func (q *quotes) fields() []string { return fieldNames[:] }

func (q *quotes) snapshot(out *output, index int, item adapters.Item) {
	q.put(out, &q.tape.instruments[index], allFields)
	out.snapshot(item)
}

func (q *quotes) follow(out *output, t *tick, wanted []adapters.Item) {
	if item := wanted[t.of]; t.changed != 0 && item != (adapters.Item{}) {
		q.put(out, t.in, t.changed)
		out.update(item)
	}
}

func (q *quotes) put(out *output, in *instrument, which fields) {
	for which != 0 {
		var f field
		f, which = which.first()
		out.text = q.append(out.text, in, f)
		out.end(int(f))
	}
}

func (q *quotes) append(dst []byte, in *instrument, f field) []byte {
	v := in.row[f]
	switch f {
	case fieldSymbol:
		return append(dst, in.symbol...)
	case fieldName:
		return append(dst, in.name...)
	case fieldBidSize, fieldAskSize, fieldVolume:
		return strconv.AppendInt(dst, v, 10)
	case fieldChangePct:
		return appendDecimal(dst, v, 2)
	case fieldTime:
		return q.tape.appendTime(dst, time.Duration(v))
	default:
		return appendDecimal(dst, v, in.decimals)
	}
}
