package websocket

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The cases of section 9 of the public test suite: large messages, and many. Those
// with binary messages are refused like 1.2 and are not repeated here.
func TestConformanceLarge(t *testing.T) {
	const kib, mib = 1 << 10, 1 << 20
	whole := func() int { return 1 << 30 }
	run := func(number string, size func() int, send []byte, want ...string) {
		t.Run(number, func(t *testing.T) {
			e := &echo{t: t, most: 16 * mib}
			e.feed(send, size)
			if got := e.sent(); !slices.Equal(got, want) {
				t.Errorf("got %.100q\nwant %.100q", got, want)
			}
		})
	}
	x := func(n int) string { return strings.Repeat("*", n) }
	for i, n := range []int{64 * kib, 256 * kib, mib, 4 * mib, 8 * mib, 16 * mib} {
		run(fmt.Sprint("9.1.", i+1), whole, message(x(n)), text(x(n)))
		run(fmt.Sprint("9.1.", i+1, " in pieces"), chops(uint64(i))["in any pieces"], message(x(n)), text(x(n)))
	}
	for i, n := range []int{64, 256, kib, 4 * kib, 16 * kib, 64 * kib, 256 * kib, mib, 4 * mib} {
		p := x(4 * mib)
		send := begin(p[:n])
		for rest := p[n:]; rest != ""; rest = rest[n:] {
			send = append(send, more(rest[:n])...)
		}
		send = append(send, last("")...)
		run(fmt.Sprint("9.3.", i+1), whole, send, text(p))
		run(fmt.Sprint("9.3.", i+1, " in pieces"), func() int { return 997 }, send, text(p))
	}
	for i, n := range []int{64, 128, 256, 512, kib, 2 * kib} {
		run(fmt.Sprint("9.5.", i+1), func() int { return n }, message(x(mib)), text(x(mib)))
	}
	for i, n := range []int{0, 16, 64, 256, kib, 4 * kib} {
		send, want := []byte(nil), []string(nil)
		for range 1000 {
			send = append(send, message(x(n))...)
			want = append(want, text(x(n)))
		}
		run(fmt.Sprint("9.7.", i+1), whole, send, want...)
		run(fmt.Sprint("9.7.", i+1, " in pieces"), func() int { return 1021 }, send, want...)
	}
}
