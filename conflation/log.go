package conflation

import "sort"

// Kind is the kind of an event in a Log; it means something to the caller alone.
type Kind uint8

// Event is one entry of a Log.
type Event struct {
	Seq  uint64
	Kind Kind
	// Ordinal is that of the key of a COMMAND item, see Keyed; else 0.
	Ordinal uint64
	Body    []byte // the log's memory, valid until the log is changed
}

// Log keeps the last events of a view, bounded in number and bytes: the oldest
// leave first. It is what the modes that must not lose catch up from: a receiver
// holds the number of the last event it got, never a queue.
type Log struct {
	ring       []Event
	first, len int
	bytes      int
	entriesMax int
	bytesMax   int
	floor      uint64
}

// NewLog returns a log that keeps at most entries events with at most bytes bytes
// of bodies, and the newest event in any case. Events up to floor count as gone.
func NewLog(entries, bytes int, floor uint64) *Log {
	return &Log{entriesMax: max(entries, 1), bytesMax: bytes, floor: floor}
}

// Append adds an event; seq must be greater than that of the last. The body is
// copied.
func (l *Log) Append(seq uint64, kind Kind, body []byte) { l.AppendOf(0, seq, kind, body) }

// AppendOf adds an event of the key with an ordinal.
func (l *Log) AppendOf(ordinal, seq uint64, kind Kind, body []byte) {
	for l.len > 0 && (l.len == l.entriesMax || l.bytes+len(body) > l.bytesMax) {
		l.drop()
	}
	if l.len == len(l.ring) {
		l.grow()
	}
	e := &l.ring[(l.first+l.len)%len(l.ring)]
	e.Seq, e.Kind, e.Ordinal, e.Body = seq, kind, ordinal, append(e.Body[:0], body...)
	l.len++
	l.bytes += len(body)
}

// Floor is the number of the newest event that has left the log: who has that one
// or a later one can catch up without a loss.
func (l *Log) Floor() uint64 { return l.floor }

// Len is the number of events in the log.
func (l *Log) Len() int { return l.len }

// At returns the i-th oldest event.
func (l *Log) At(i int) Event { return l.ring[(l.first+i)%len(l.ring)] }

// After returns the index, for At, of the first event with a number greater than
// seq; it is Len where there is none.
func (l *Log) After(seq uint64) int {
	if l.len == 0 || l.At(l.len-1).Seq <= seq { // the usual question has the usual answer
		return l.len
	}
	return sort.Search(l.len, func(i int) bool { return l.At(i).Seq > seq })
}

func (l *Log) drop() {
	e := &l.ring[l.first]
	l.floor = e.Seq
	l.bytes -= len(e.Body)
	if cap(e.Body) > 4096 { // a rare large body does not stay for ever
		e.Body = nil
	}
	l.first = (l.first + 1) % len(l.ring)
	l.len--
}

func (l *Log) grow() {
	ring := make([]Event, min(max(2*len(l.ring), 8), l.entriesMax))
	for i := range l.len {
		ring[i] = l.At(i)
	}
	l.ring, l.first = ring, 0
}

// Shift removes the oldest event, as one that has been taken. There must be one.
func (l *Log) Shift() { l.drop() }
