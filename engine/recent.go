package engine

import (
	"math/bits"

	"github.com/halley-stream/halley/protocol"
)

// recent is what the shards said last to the fans of a loop, in order. Nothing is
// copied to sessions when it comes: each takes from here what its subscribers lack
// when it is flushed. A record is kept until its place is needed; a subscriber that
// comes later asks its shard. Loop only.
type recent struct {
	records     []said // a ring, by number
	first, next uint64 // numbers of the oldest record and of the next one; they begin at 1
	text        []byte // a ring, by position
	end         uint64 // position after the newest text
	most        int    // bytes that text may have
}

// said is one line to a fan, see entry.
type said struct {
	base, seq uint64
	before    uint64 // number of the record before to the same fan; 0: none
	at        uint64 // position of body; the complete form follows, and that with diffs
	when      int64
	// lengths; 0 where there is none
	body, full, diff uint32
	formats          protocol.DiffFormats
	kind             entryKind
	// merge says that who lacks several such lines may as well get one with the newest
	// values.
	merge bool
}

const (
	recentLeast = 1 << 10
	// recentPerRecord is the bytes of text for which there is room for a record.
	recentPerRecord = 64
)

func newRecent(most int) recent {
	r := recent{first: 1, next: 1, most: 1 << (bits.Len(uint(most)) - 1)} // the rings double
	r.resize(min(64<<10, r.most))
	return r
}

// keep adds what a shard said to a fan. What was said less than young ago is not
// given up for it as long as there may be more memory.
func (r *recent) keep(f *fan, e *entry, now, young int64) {
	f.newest = e.seq
	need := len(e.text)
	if need > r.most/2 { // fits to nothing, so that all of the fan ask
		e, need = &entry{kind: e.kind, view: e.view, base: e.seq, seq: e.seq}, 0
	}
	at := r.place(need)
	for r.first < r.next && (r.next-r.first == uint64(len(r.records)) || r.record(r.first).at+uint64(len(r.text)) < at+uint64(need)) {
		if now-r.record(r.first).when < young && len(r.text) < r.most {
			r.resize(2 * len(r.text))
			at = r.place(need)
		} else {
			r.first++
		}
	}
	for need > len(r.text) {
		r.resize(2 * len(r.text))
		at = r.place(need)
	}
	*r.record(r.next) = said{
		base: e.base, seq: e.seq, before: f.last, at: at, when: now,
		body: uint32(need) - e.full - e.diff, full: e.full, diff: e.diff, formats: e.formats,
		kind: e.kind, merge: e.view.log == nil,
	}
	copy(r.bytes(at, need), e.text)
	r.end = at + uint64(need)
	f.last = r.next
	r.next++
}

// get returns a record, or nil if it is not kept any more.
func (r *recent) get(number uint64) *said {
	if number < r.first {
		return nil
	}
	return r.record(number)
}

func (r *recent) record(number uint64) *said {
	return &r.records[number&uint64(len(r.records)-1)]
}

// body, full and diffs return a record's text.
func (r *recent) body(rec *said) []byte { return r.bytes(rec.at, int(rec.body)) }
func (r *recent) full(rec *said) []byte {
	return r.bytes(rec.at+uint64(rec.body), int(rec.full))
}
func (r *recent) diffs(rec *said) []byte {
	return r.bytes(rec.at+uint64(rec.body+rec.full), int(rec.diff))
}

func (r *recent) bytes(at uint64, n int) []byte {
	i := int(at & uint64(len(r.text)-1))
	return r.text[i : i+n]
}

// place is the position of the next need bytes in one piece.
func (r *recent) place(need int) uint64 {
	size := uint64(len(r.text))
	if at := r.end & (size - 1); at+uint64(need) > size {
		return r.end + size - at
	}
	return r.end
}

// resize gives the rings new memory for at least n bytes and moves what is kept.
func (r *recent) resize(n int) {
	size := recentLeast
	for size < n {
		size *= 2
	}
	old := *r
	r.text, r.records = make([]byte, size), make([]said, size/recentPerRecord)
	r.end = 0
	for n := old.first; n < old.next; n++ {
		rec := *old.record(n)
		from := old.bytes(rec.at, int(rec.body+rec.full+rec.diff))
		rec.at = r.place(len(from))
		copy(r.bytes(rec.at, len(from)), from)
		r.end = rec.at + uint64(len(from))
		*r.record(n) = rec
	}
}
