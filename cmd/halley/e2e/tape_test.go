package e2e

import (
	"archive/zip"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// tapeEnd is what recordings come to in the end, by symbol. It is found without the
// code that plays them.
type tapeEnd map[string]*symbolEnd

// symbolEnd is the end of a symbol's recordings: of each field the last value, as the
// file has it but for the time, and when that came.
type symbolEnd struct {
	ticks  int
	volume int
	at     float64 // of the last tick, in milliseconds since midnight
	traded float64 // at which time the exchange was told
	values map[string]string
	scaled map[string]bool // prices in 1/10,000
}

// endOf reads recordings to their end. Of two ticks at the same time, the one in the
// later file is the later one.
func endOf(t testing.TB, files []string) tapeEnd {
	t.Helper()
	end := make(tapeEnd)
	for _, file := range files {
		symbol, _, _ := strings.Cut(strings.ToUpper(filepath.Base(file)), "_")
		if end[symbol] == nil {
			end[symbol] = &symbolEnd{values: make(map[string]string), scaled: make(map[string]bool)}
		}
		for _, line := range head(t, file, 0) {
			if err := end[symbol].note(strings.Split(line, ",")); err != nil {
				t.Fatalf("%s: %q: %v", file, line, err)
			}
		}
	}
	return end
}

func (e tapeEnd) ticks() (sum int) {
	for _, s := range e {
		sum += s.ticks
	}
	return sum
}

// note takes a line, which is of one of three kinds.
func (s *symbolEnd) note(columns []string) error {
	last := len(columns) - 1
	if last > 2 && columns[last] == "1" { // suspicious
		return nil
	}
	at, err := strconv.ParseFloat(columns[0], 64)
	if err != nil {
		return err
	}
	s.ticks++
	s.at = max(s.at, at)
	switch len(columns) {
	case 3: // time, bid, ask
		s.values["bid"], s.values["ask"] = columns[1], columns[2]
	case 6: // time, price, size, exchange, condition, suspicious
		size, err := strconv.Atoi(columns[2])
		if err != nil {
			return err
		}
		s.volume += size
		s.price("last", columns[1])
		s.values["size"], s.values["volume"] = columns[2], strconv.Itoa(s.volume)
		s.exchange(at, columns[3])
	default: // time, bid, bid size, ask, ask size, exchange, condition, suspicious
		if columns[1] != "0" || columns[2] != "0" {
			s.price("bid", columns[1])
			s.values["bid_size"] = columns[2]
		}
		if columns[3] != "0" || columns[4] != "0" {
			s.price("ask", columns[3])
			s.values["ask_size"] = columns[4]
		}
		s.exchange(at, columns[5])
	}
	return nil
}

func (s *symbolEnd) price(field, units string) { s.values[field], s.scaled[field] = units, true }

func (s *symbolEnd) exchange(at float64, name string) {
	if at >= s.traded {
		s.values["exchange"], s.traded = name, at
	}
}

// row returns what a client is to have.
func (s *symbolEnd) row(t testing.TB) map[string]string {
	t.Helper()
	row := map[string]string{
		"time": time.Time{}.Add(time.Duration(s.at) * time.Millisecond).Format("15:04:05.000"),
		"$seq": strconv.Itoa(s.ticks),
	}
	for field, value := range s.values {
		if s.scaled[field] {
			value = dollars(t, value)
		}
		row[field] = value
	}
	return row
}

// writeZip writes lines into the one file of a zip file.
func writeZip(t testing.TB, path string, lines []string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	inner, err := z.Create(strings.TrimSuffix(filepath.Base(path), ".zip") + ".csv")
	if err == nil {
		_, err = fmt.Fprintln(inner, strings.Join(lines, "\n"))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}
