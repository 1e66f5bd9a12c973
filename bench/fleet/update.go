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
// because all fields change at each tick. What looks otherwise goes the long way.
func (f *Fleet) update(s *session, line []byte) {
	if s.observer {
		f.observe(line)
		return
	}
	item, at := number(line, 2)
	if at == 2 || at >= len(line) || line[0] != '1' || line[at] != ',' || item < 1 || item > uint64(len(s.seqs)) {
		f.tally.fault("session %d: an update of something that was not subscribed: U,%s", s.index, line)
		f.end(s)
		return
	}
	seq, next := number(line, at+1)
	sent, end := number(line, next+1)
	if next == at+1 || end == next+1 || end >= len(line) || line[end] != '|' || bytes.Count(line[end:], bar) != f.config.Fields-2 {
		if f.config.Transport != Bare {
			f.tally.fault("session %d: not all fields of the update are values: U,%s", s.index, line)
			f.tally.Reordered++
		}
		return
	}
	f.check(s, int(item)-1, seq, int64(sent))
}

var bar = []byte{'|'}

// number reads digits from a position on and returns where they end.
func number(b []byte, at int) (n uint64, end int) {
	for ; at < len(b) && b[at]-'0' <= 9; at++ {
		n = n*10 + uint64(b[at]-'0')
	}
	return n, at
}

// check compares an update with the one before of the same item.
func (f *Fleet) check(s *session, item int, seq uint64, sent int64) {
	t := &f.tally
	if !s.slow {
		f.lastUpdate = f.now
	}
	if f.config.Transport == Bare {
		t.Delivered++
		return
	}
	before := s.seqs[item]
	if before == none {
		s.seqs[item] = seq
		if s.begun++; s.begun == len(s.seqs) {
			f.begun(s)
		}
		return // the snapshot may be of any age
	}
	s.seqs[item] = seq
	switch {
	case seq == before+1:
	case seq > before:
		if s.slow || f.config.Conflated {
			t.Conflated += seq - before - 1
		} else {
			t.Lost += seq - before - 1
			t.fault("session %d, item %d: %d after %d", s.index, item, seq, before)
		}
	case seq == before:
		t.Duplicates++
		t.fault("session %d, item %d: %d twice", s.index, item, seq)
	default:
		s.seqs[item] = before
		t.Reordered++
		t.fault("session %d, item %d: %d after %d", s.index, item, seq, before)
	}
	if s.slow {
		t.SlowDelivered++
		return
	}
	t.Delivered++
	t.Latency.Record(time.Duration(f.now - sent))
}

// none is the number of an item that no update has come for. The load counts from
// 0 up.
const none = ^uint64(0)

// line acts on a line that is no update.
func (f *Fleet) line(s *session, line []byte) {
	n, err := protocol.ParseLine(line)
	if err != nil {
		f.tally.fault("session %d: %v: %s", s.index, err, line)
		f.end(s)
		return
	}
	switch n.Tag {
	case protocol.TagCONOK:
		f.opened(s, string(n.Name))
	case protocol.TagSUBOK:
		s.subscribed = true
	case protocol.TagCONERR, protocol.TagEND, protocol.TagERROR, protocol.TagREQERR, protocol.TagOV:
		f.tally.fault("session %d: %s", s.index, line)
		f.end(s)
	}
}
