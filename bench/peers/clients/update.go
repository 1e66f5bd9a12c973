//go:build linux

package clients

import "bytes"

const (
	// Marker begins each update.
	Marker = '~'
	// FillerSize and fillers are the rest of an update, behind the time.
	FillerSize = 4
	fillers    = 3
)

// update is what a client sees of one.
type update struct {
	item, seq, sent uint64
}

// nextUpdate finds the first update in data. used is how much of data it has looked
// at and nobody needs any more; found is false if the rest holds no complete update.
// ok is false if there is a marker but no update behind it.
func nextUpdate(data []byte) (u update, used int, found, ok bool) {
	start := bytes.IndexByte(data, Marker)
	if start < 0 {
		return u, len(data), false, true
	}
	at := start + 1
	for _, value := range [...]*uint64{&u.item, &u.seq, &u.sent} {
		first := at
		for ; at < len(data) && data[at]-'0' <= 9; at++ {
			*value = *value*10 + uint64(data[at]-'0')
		}
		switch {
		case at == len(data):
			return u, start, false, true
		case at == first || data[at] != '|':
			return u, start + 1, false, false
		}
		at++
	}
	end := at + fillers*FillerSize + fillers - 1
	if end > len(data) {
		return u, start, false, true
	}
	for i := at; i < end; i++ {
		if bar := (i-at)%(FillerSize+1) == FillerSize; bar != (data[i] == '|') {
			return u, start + 1, false, false
		}
	}
	return u, end, true, true
}
