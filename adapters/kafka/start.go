package kafka

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Start says where reading a topic begins. The zero value is the oldest record
// kept. As text it is "earliest", "latest", "last N", "since DURATION" or
// "since TIME", the time as in RFC 3339 or as a date.
type Start struct {
	kind  startKind
	last  int64
	ago   time.Duration
	since time.Time
}

type startKind uint8

const (
	startEarliest startKind = iota
	startLatest
	startLast
	startAgo
	startSince
)

// Earliest begins at the oldest record kept.
func Earliest() Start { return Start{} }

// Latest begins with what comes: there is nothing to show at first.
func Latest() Start { return Start{kind: startLatest} }

// Last begins n offsets before the end of each partition. In compacted topics
// offsets have holes, so that there may be fewer records.
func Last(n int64) Start { return Start{kind: startLast, last: n} }

// Ago begins with the records of the time d before the adapter starts.
func Ago(d time.Duration) Start { return Start{kind: startAgo, ago: d} }

// Since begins with the records at or after a time.
func Since(t time.Time) Start { return Start{kind: startSince, since: t} }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Start) UnmarshalText(text []byte) error {
	word, rest, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	word = strings.TrimSuffix(strings.ToLower(word), ":")
	rest = strings.TrimSpace(rest)
	switch {
	case word == "earliest" && rest == "", word == "":
		*s = Earliest()
	case word == "latest" && rest == "":
		*s = Latest()
	case word == "last":
		n, err := strconv.ParseInt(strings.ReplaceAll(rest, "_", ""), 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not a number of offsets; write for example last 1000", rest)
		}
		*s = Last(n)
	case word == "since":
		if d, err := time.ParseDuration(rest); err == nil {
			*s = Ago(d)
			break
		}
		t, err := parseTime(rest)
		if err != nil {
			return fmt.Errorf("%q is neither a duration nor a time; write for example since 15m or since 2026-01-31T08:00:00Z", rest)
		}
		*s = Since(t)
	default:
		return fmt.Errorf("%q is not one of earliest, latest, last N, since DURATION, since TIME", text)
	}
	return s.validate()
}

func parseTime(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	return time.Parse(time.DateOnly, text)
}

// validate says what is wrong with s, or nothing.
func (s Start) validate() error {
	switch {
	case s.kind == startLast && s.last < 1:
		return fmt.Errorf("last %d is not a positive number of offsets", s.last)
	case s.kind == startAgo && s.ago <= 0:
		return fmt.Errorf("since %v is not in the past", s.ago)
	}
	return nil
}

// String returns s as UnmarshalText reads it.
func (s Start) String() string {
	switch s.kind {
	case startLatest:
		return "latest"
	case startLast:
		return fmt.Sprintf("last %d", s.last)
	case startAgo:
		return fmt.Sprintf("since %v", s.ago)
	case startSince:
		return "since " + s.since.Format(time.RFC3339)
	}
	return "earliest"
}

// MarshalText implements encoding.TextMarshaler.
func (s Start) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// time returns the time to begin at, in ms since 1970, when that is what s says.
func (s Start) time(now time.Time) (ms int64, ok bool) {
	switch s.kind {
	case startAgo:
		return now.Add(-s.ago).UnixMilli(), true
	case startSince:
		return s.since.UnixMilli(), true
	}
	return 0, false
}

// offset returns the offset to begin at, in a partition that has records from
// first on up to end. found is the offset that belongs to the time, or negative.
func (s Start) offset(first, end, found int64) int64 {
	switch s.kind {
	case startLatest:
		return end
	case startLast:
		return max(first, end-s.last)
	case startAgo, startSince:
		if found < 0 {
			return end
		}
		return max(first, min(found, end))
	}
	return first
}
