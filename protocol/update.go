package protocol

import "strconv"

// U, the update notification ("Real-Time Update"), is a head, made for one
// receiver, and a body, which many receivers share:
//
//	U,<sub>,<item>,|<token>|<token>|…<CR LF>
//	     head      |        body

// AppendUpdateHead appends the head of an update.
func AppendUpdateHead(dst []byte, sub, item int) []byte {
	dst = strconv.AppendInt(append(dst, "U,"...), int64(sub), 10)
	dst = strconv.AppendInt(append(dst, ','), int64(item), 10)
	return append(dst, ',')
}

// Body makes the body of an update, field by field. All fields of the schema must
// be given, in their order: official clients lose the values of those that are
// not. The first update of an item must not have unchanged fields.
//
//	b := protocol.BeginBody(dst)
//	b.Token(token)
//	b.Unchanged()
//	dst = b.End()
type Body struct {
	dst   []byte
	start int
	run   int // unchanged fields not written yet
}

// BeginBody begins a body that is appended to dst.
func BeginBody(dst []byte) Body { return Body{dst: dst, start: len(dst)} }

// Token gives the next field a value, in the form of AppendToken or AppendDiff.
func (b *Body) Token(tok []byte) {
	if b.run > 0 {
		b.skip()
	}
	b.dst = append(append(b.dst, tok...), '|')
}

// Unchanged leaves the next field as the last update of the item had it.
func (b *Body) Unchanged() { b.run++ }

// End ends the body and returns the slice that BeginBody was given, with the body
// appended.
func (b *Body) End() []byte {
	if b.run > 0 {
		b.skip()
	}
	if len(b.dst) > b.start {
		b.dst = b.dst[:len(b.dst)-1] // the last separator
	}
	return append(b.dst, "\r\n"...)
}

// skip writes the run of unchanged fields.
func (b *Body) skip() {
	b.dst = append(AppendUnchanged(b.dst, b.run), '|')
	b.run = 0
}

// AppendUnchanged appends what says that n fields in a row are unchanged, in its
// shorter form: n empty tokens, or one with a count.
func AppendUnchanged(dst []byte, n int) []byte {
	switch {
	case n <= 1:
		return dst
	case n == 2:
		return append(dst, '|')
	}
	return strconv.AppendInt(append(dst, '^'), int64(n), 10)
}
