// Package replay plays recorded ticks: a Reader reads files and merges them by
// time, a Pace holds ticks back until their time has come, and an Adapter makes
// a feed of both.
//
// A recording is a CSV file without a header, or a zip file with one in it. Its
// name says what it holds: <symbol>_<yyyymmdd>_<quote|trade>.zip or .csv. The
// first column is the time, in milliseconds since midnight; the date in the name
// is not looked at, so that recordings of different days play side by side as
// one day. The forms of lines are those of the tick data of QuantConnect's LEAN:
//
//	quote  time, bid, bid size, ask, ask size, exchange, condition, suspicious
//	quote  time, bid, ask
//	trade  time, price, size, exchange, condition, suspicious
//
// The prices of the first and third are in 1/10,000, those of the second decimal
// numbers. Of a quote, the side whose price and size are 0 did not change.
package replay

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// Reader reads recordings as one sequence of ticks, ordered by the time of day.
// It belongs to one goroutine and must be closed.
type Reader struct {
	files   []string
	sources []*source
	current *source // whose tick was given out last
	dropped int     // of sources closed by Rewind
	err     error   // why there are no more ticks
}

// Open opens recordings. It refuses files whose names do not say what they hold,
// and two that hold the same kind of ticks of the same symbol. What is wrong
// inside a file is a *FormatError, here or from Next.
func Open(files ...string) (*Reader, error) {
	if err := checkNames(files); err != nil {
		return nil, err
	}
	r := &Reader{files: slices.Clone(files)}
	if err := r.open(); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Reader) open() error {
	for _, path := range r.files {
		s, err := openSource(path)
		if err != nil {
			return errors.Join(err, r.Close())
		}
		r.sources = append(r.sources, s)
	}
	return nil
}

// checkNames returns all faults in the names of files.
func checkNames(files []string) error {
	if len(files) == 0 {
		return errors.New("no files")
	}
	type content struct {
		symbol string
		kind   Kind
	}
	var faults []error
	seen := make(map[content]bool)
	for _, path := range files {
		symbol, kind, err := parseName(path)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		c := content{symbol, kind}
		if seen[c] {
			faults = append(faults, fmt.Errorf("%s: the %ss of %s are in another file too, and days are not told apart", path, kind, symbol))
		}
		seen[c] = true
	}
	return errors.Join(faults...)
}

// symbols returns the symbols of files with good names, sorted.
func symbols(files []string) []string {
	var all []string
	for _, path := range files {
		if symbol, _, err := parseName(path); err == nil {
			all = append(all, symbol)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Symbols returns the symbols of the files, sorted.
func (r *Reader) Symbols() []string { return symbols(r.files) }

// Next returns the next tick, or io.EOF at the end. The tick, its Values and
// their texts are valid until the following call of Next, Rewind or Close: copy
// what is to be kept. Ticks of the same time come in the order of the files.
//
// After an error every call returns the same error.
func (r *Reader) Next() (*Tick, error) {
	if r.err != nil {
		return nil, r.err
	}
	if r.current != nil {
		if r.err = r.current.advance(); r.err != nil {
			return nil, r.err
		}
	}
	r.current = nil
	for _, s := range r.sources { // few: a heap would gain nothing
		if !s.done && (r.current == nil || s.tick.Time < r.current.tick.Time) {
			r.current = s
		}
	}
	if r.current == nil {
		r.err = io.EOF
		return nil, r.err
	}
	return &r.current.tick, nil
}

// Dropped returns how many ticks were left out until now because their
// recordings call them suspicious.
func (r *Reader) Dropped() int {
	n := r.dropped
	for _, s := range r.sources {
		n += s.dropped
	}
	return n
}

// Rewind opens the files again, so that Next starts over.
func (r *Reader) Rewind() error {
	dropped := r.Dropped()
	if r.err = r.Close(); r.err != nil {
		return r.err
	}
	r.dropped = dropped
	r.err = r.open()
	return r.err
}

// Close closes the files. Next must not be called any more.
func (r *Reader) Close() error {
	var faults []error
	for _, s := range r.sources {
		faults = append(faults, s.close())
	}
	r.sources, r.current = nil, nil
	return errors.Join(faults...)
}
