//go:build linux

package fleet

import (
	"bytes"
	"time"

	"github.com/halley-stream/halley/protocol"
)

// update checks an update, the line behind "U,". All of ours look like
//
//	1,<item>,<seq>|<sent>|<filler>|…
//
// because all fields change at each tick; only sent may be the same as before, and
// left out, when a late feed makes up for several ticks at once.
func (f *Fleet) update(s *session, line []byte) {
	if s.observer {
		f.observe(line)
		return
	}
	if s.skipped() {
		return
	}
	place, at := number(line, 2)
	if at == 2 || at >= len(line) || line[0] != '1' || line[at] != ',' || place < 1 || place > uint64(len(s.items)) {
		f.tally.fault("session %d: an update of something that was not subscribed: U,%s", s.index, line)
		f.end(s)
		return
	}
	if line[len(line)-1] == '#' { // all fields are null: nothing that the load says
		f.tally.Empty++
		f.tally.fault("session %d: an update without values: U,%s", s.index, line)
		return
	}
	i := &s.items[place-1]
	seq, next := number(line, at+1)
	sent, end := number(line, next+1)
	if end == next+1 {
		sent = uint64(i.sent)
	}
	if next == at+1 || end >= len(line) || line[end] != '|' || bytes.Count(line[end:], bar) != f.config.Fields-2 {
		f.tally.fault("session %d: an update with other fields than ours: U,%s", s.index, line)
		f.end(s)
		return
	}
	i.sent = int64(sent)
	f.check(s, i, seq)
}

var bar = []byte{'|'}

// number reads digits from a position on and returns where they end.
func number(b []byte, at int) (n uint64, end int) {
	for ; at < len(b) && b[at]-'0' <= 9; at++ {
		n = n*10 + uint64(b[at]-'0')
	}
	return n, at
}

// check compares the number of an update with the one before.
func (f *Fleet) check(s *session, i *item, seq uint64) {
	t := &f.tally
	if !s.slow {
		f.lastUpdate = f.now
	}
	before := i.seq
	i.seq = seq
	switch {
	case f.config.Transport == Bare: // always the same number
	case before == none:
		if s.begun++; s.begun == len(s.items) {
			f.begun(s)
		}
		return // the snapshot may be of any age
	case seq == before+1:
	case seq > before && (s.slow || s.cut || f.config.Conflated):
		t.Conflated += seq - before - 1
	case seq > before:
		t.Lost += seq - before - 1
		t.fault("session %d: %d after %d of an item", s.index, seq, before)
	case seq == before:
		t.Duplicates++
		t.fault("session %d: %d of an item twice", s.index, seq)
	default:
		i.seq = before
		t.Reordered++
		t.fault("session %d: %d after %d of an item", s.index, seq, before)
	}
	if s.slow || s.cut {
		t.SlowDelivered++
		return
	}
	t.Delivered++
	t.Latency.Record(time.Duration(f.now - i.sent))
}

// line acts on a line that is no update.
func (f *Fleet) line(s *session, line []byte) {
	n, err := protocol.ParseLine(line)
	if err != nil {
		f.tally.fault("session %d: %v: %s", s.index, err, line)
		f.end(s)
		return
	}
	if n.Tag.Counted() && s.skipped() {
		return
	}
	switch n.Tag {
	case protocol.TagPROG:
		f.progress(s, uint64(n.Number))
	case protocol.TagCONOK:
		f.opened(s, string(n.Name))
	case protocol.TagSUBOK:
		s.subscribed = true
	case protocol.TagCONERR:
		if s.recovering && (n.Code == protocol.ConnRecoveryGone || n.Code == protocol.ConnSessionNotFound) {
			f.refused(s)
			return
		}
		f.tally.fault("session %d: %s", s.index, line)
		f.end(s)
	case protocol.TagEND, protocol.TagERROR, protocol.TagREQERR, protocol.TagOV:
		f.tally.fault("session %d: %s", s.index, line)
		f.end(s)
	}
}
