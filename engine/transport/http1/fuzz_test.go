package http1

import "testing"

// FuzzParse feeds whatever comes at once, byte by byte and in pieces, which must
// make no difference, and compares what is accepted with net/http.
func FuzzParse(f *testing.F) {
	for _, c := range accepted {
		f.Add(c.in)
	}
	for _, c := range refused {
		if len(c.in) <= 4<<10 {
			f.Add(c.in)
		}
	}
	f.Fuzz(func(t *testing.T, in string) {
		if len(in) > 4<<10 {
			return // looking at each byte takes quadratic time
		}
		for _, lim := range []Limits{{}, {Head: 100, Body: 10}} {
			if v := checkSplits(t, in, lim); v.req != nil {
				checkReadRequest(t, in, v)
			}
		}
	})
}
