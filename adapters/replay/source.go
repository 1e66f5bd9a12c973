package replay

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// longest is the longest line that a file may have, in bytes.
const longest = 4096

// source is one open file, with the tick that comes next.
type source struct {
	row
	file    string // its base name, for errors
	line    int
	in      *bufio.Reader
	closers []io.Closer
	done    bool // there is no next tick
	dropped int
}

// openSource opens a recording and reads its first tick.
func openSource(path string) (*source, error) {
	symbol, kind, err := parseName(path)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s := newSource(filepath.Base(path), symbol, kind)
	s.closers = append(s.closers, f)
	var content io.Reader = f
	if strings.EqualFold(filepath.Ext(path), ".zip") {
		inner, err := s.unzip(f)
		if err != nil {
			s.close()
			return nil, err
		}
		content = inner
		s.closers = append(s.closers, inner)
	}
	s.in.Reset(content)
	if err := s.advance(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func newSource(file, symbol string, kind Kind) *source {
	s := &source{file: file, in: bufio.NewReaderSize(nil, 16*longest)}
	s.tick.Symbol, s.tick.Kind = symbol, kind
	return s
}

// unzip opens the one file that a zip file is to hold.
func (s *source) unzip(f *os.File) (io.ReadCloser, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.file, err)
	}
	if len(z.File) != 1 {
		return nil, fmt.Errorf("%s: found %d files in it, want one CSV file", s.file, len(z.File))
	}
	inner, err := z.File[0].Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.file, err)
	}
	return inner, nil
}

// advance reads the next tick that is not suspicious. The tick before is gone.
func (s *source) advance() error {
	for {
		line, err := s.readLine()
		if errors.Is(err, io.EOF) {
			s.done = true
			return nil
		}
		if err != nil {
			return err
		}
		keep, fault := s.parse(line)
		if fault != nil {
			fault.File, fault.Line = s.file, s.line
			return fault
		}
		if keep {
			return nil
		}
		s.dropped++
	}
}

// readLine returns the next line without its end, or io.EOF.
func (s *source) readLine() ([]byte, error) {
	line, err := s.in.ReadSlice('\n')
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = nil // the last line may lack its end
	}
	if errors.Is(err, io.EOF) {
		return nil, err
	}
	s.line++
	if len(line) > longest || errors.Is(err, bufio.ErrBufferFull) {
		return nil, &FormatError{s.file, s.line, "line", "a longer one", fmt.Sprintf("at most %d bytes", longest)}
	}
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", s.file, s.line, err)
	}
	if n := len(line); line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, nil
}

func (s *source) close() error {
	var faults []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		faults = append(faults, s.closers[i].Close())
	}
	s.closers = nil
	return errors.Join(faults...)
}

// parseName takes what a file's name tells: <symbol>_<yyyymmdd>_<quote|trade>
// with .zip or .csv. The symbol is returned in upper case.
func parseName(path string) (symbol string, kind Kind, err error) {
	base := filepath.Base(path)
	ext := filepath.Ext(base)
	parts := strings.Split(strings.TrimSuffix(base, ext), "_")
	bad := fmt.Errorf("%s: want a name such as ibm_20131008_quote.zip or ibm_20131008_trade.csv", base)
	if len(parts) != 3 || !strings.EqualFold(ext, ".zip") && !strings.EqualFold(ext, ".csv") {
		return "", 0, bad
	}
	for _, c := range []byte(parts[0]) {
		if !isAlphanumeric(c) && c != '.' && c != '-' {
			return "", 0, bad
		}
	}
	if _, err := time.Parse("20060102", parts[1]); err != nil || parts[0] == "" {
		return "", 0, bad
	}
	switch parts[2] {
	case "quote":
		kind = Quote
	case "trade":
		kind = Trade
	default:
		return "", 0, bad
	}
	return strings.ToUpper(parts[0]), kind, nil
}
