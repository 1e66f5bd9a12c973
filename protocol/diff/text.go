package diff

import (
	"unicode/utf8"

	"github.com/halley-stream/halley/protocol"
)

// Bounds of the search for a short TLCP-diff. Past them the part between the common
// start and end of two values is replaced as a whole.
const (
	editsMax = 96      // characters added and deleted
	stepsMax = 1 << 17 // characters compared; some 0.2 ms
	// keepMin is how many bytes a common part between two edits must have: to copy
	// it takes three numbers, of one byte at least, so that a shorter one is cheaper
	// said again.
	keepMin = 4
)

// textMaker makes TLCP-diffs: it looks for few edits with the algorithm of Myers
// ("An O(ND) Difference Algorithm and Its Variations"), forwards, with a trace of
// all rounds.
type textMaker struct {
	base, value []rune
	reach       []int32 // by diagonal: how far into the base one gets
	trace       []int32 // reach of each round, before it
	edits       []edit  // backwards, as they are found
	utf8        []byte
}

// edit replaces base[b0:b1] by value[v0:v1].
type edit struct{ b0, b1, v0, v1 int }

// append appends a TLCP-diff from base to value; ok is false if one of them has
// characters that it cannot have.
func (m *textMaker) append(dst, base, value []byte) (out []byte, ok bool) {
	if m.base, ok = appendRunes(m.base[:0], base); !ok {
		return dst, false
	}
	if m.value, ok = appendRunes(m.value[:0], value); !ok {
		return dst, false
	}
	start, end := m.common()
	m.edits = m.edits[:0]
	if !m.search(start, len(m.base)-end, len(m.value)-end) {
		m.edits = append(m.edits[:0], edit{start, len(m.base) - end, start, len(m.value) - end})
	}
	return m.write(dst), true
}

// common returns the lengths of the start and of the end that both values have in
// common. They do not overlap.
func (m *textMaker) common() (start, end int) {
	n := min(len(m.base), len(m.value))
	for start < n && m.base[start] == m.value[start] {
		start++
	}
	for end < n-start && m.base[len(m.base)-1-end] == m.value[len(m.value)-1-end] {
		end++
	}
	return start, end
}

// search looks for the edits between base[start:baseEnd] and value[start:valueEnd],
// and reports whether it found them within its bounds.
func (m *textMaker) search(start, baseEnd, valueEnd int) bool {
	a, b := m.base[start:baseEnd], m.value[start:valueEnd]
	if len(a) == 0 || len(b) == 0 {
		return false // one edit, at once
	}
	limit := min(editsMax, len(a)+len(b))
	const middle = editsMax + 1 // where diagonal 0 is
	if m.reach == nil {
		m.reach = make([]int32, 2*middle+1)
	}
	m.reach[middle+1], m.trace = 0, m.trace[:0]
	steps := 0
	for d := 0; d <= limit; d++ {
		m.trace = append(m.trace, m.reach[middle-d-1:middle+d+2]...)
		for k := -d; k <= d; k += 2 {
			x := m.reach[middle+k-1] + 1 // delete
			if k == -d || k != d && m.reach[middle+k-1] < m.reach[middle+k+1] {
				x = m.reach[middle+k+1] // add
			}
			y := x - int32(k)
			for int(x) < len(a) && int(y) < len(b) && a[x] == b[y] {
				x, y, steps = x+1, y+1, steps+1
			}
			m.reach[middle+k] = x
			if int(x) >= len(a) && int(y) >= len(b) {
				m.goBack(start, d, len(a), len(b))
				return true
			}
		}
		if steps += d; steps > stepsMax {
			return false
		}
	}
	return false
}

// goBack collects the edits on the way to (x, y), which took d of them.
func (m *textMaker) goBack(start, d, x, y int) {
	for end := len(m.trace); d > 0; d-- {
		// The round's reach, from diagonal -d-1 to d+1.
		reach := m.trace[end-(2*d+3) : end]
		end -= 2*d + 3
		at := func(k int) int { return int(reach[k+d+1]) }
		k := x - y
		from := k - 1
		if k == -d || k != d && at(k-1) < at(k+1) {
			from = k + 1
		}
		x0 := at(from)
		y0 := x0 - from
		e := edit{b0: start + x0, v0: start + y0}
		if from < k {
			e.b1, e.v1 = e.b0+1, e.v0
		} else {
			e.b1, e.v1 = e.b0, e.v0+1
		}
		m.collect(e)
		x, y = x0, y0
	}
}

// collect takes an edit, which lies before those taken yet, and joins it to the one
// behind it if little is between them.
func (m *textMaker) collect(e edit) {
	if n := len(m.edits); n > 0 {
		behind := &m.edits[n-1]
		if runeBytes(m.base[e.b1:behind.b0], keepMin) < keepMin {
			behind.b0, behind.v0 = e.b0, e.v0
			return
		}
	}
	m.edits = append(m.edits, e)
}

// runeBytes returns the length of text in bytes, or something from enough up.
func runeBytes(text []rune, enough int) (n int) {
	for i := 0; i < len(text) && n < enough; i++ {
		n += utf8.RuneLen(text[i])
	}
	return n
}

// write writes the edits, and what is between them, as a TLCP-diff.
func (m *textMaker) write(dst []byte) []byte {
	w, at := protocol.BeginDiff(dst), 0
	for i := len(m.edits) - 1; i >= 0; i-- {
		e := m.edits[i]
		w.Copy(e.b0 - at)
		if e.v1 > e.v0 {
			m.utf8 = m.utf8[:0]
			for _, r := range m.value[e.v0:e.v1] {
				m.utf8 = utf8.AppendRune(m.utf8, r)
			}
			w.Add(m.utf8, e.v1-e.v0)
		}
		if e.b1 > e.b0 && e.b1 < len(m.base) {
			w.Delete(e.b1 - e.b0)
		}
		at = e.b1
	}
	if at < len(m.base) {
		w.Copy(len(m.base) - at)
	}
	return w.End()
}
