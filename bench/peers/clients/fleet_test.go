//go:build linux

package clients

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// text is an update of an item.
func text(item, seq int) string {
	return fmt.Sprintf("~%d|%d|1986000000000000000|abcd|abce|abcf", item, seq)
}

// wrapped returns updates 1 to n of item 7 as a server may send them.
func wrapped(n int, before, after string) string {
	var b strings.Builder
	for seq := range n {
		b.WriteString(before + text(7, seq+1) + after)
	}
	return b.String()
}

// frameOf is a server's frame.
func frameOf(op byte, payload string) string {
	f := appendFrame(nil, op, []byte(payload))
	head := len(f) - len(payload) - 4
	f[1] &= 0x7f // a server does not mask
	return string(f[:head]) + payload
}

func chunkOf(payload string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(payload), payload) }

// cut returns a text in pieces of a size, with a piece of another size first.
func cut(s string, first, size int) (pieces []string) {
	for len(s) > 0 {
		n := min(first, len(s))
		pieces, s, first = append(pieces, s[:n]), s[n:], size
	}
	return pieces
}

// receiver is a fleet with one client that has subscribed to items and needs no
// connection.
func receiver(framing framing, items ...int) (*Fleet, *client) {
	c := &client{state: subscribed, fd: -1, items: items, seqs: make([]uint64, len(items)), frame: unframer{framing: framing}}
	return &Fleet{clients: []*client{c}, in: make([]byte, 64<<10)}, c
}

// feed gives a client a piece.
func (f *Fleet) feed(c *client, piece string) error {
	kept := copy(f.in, c.rest)
	return f.received(c, kept, copy(f.in[kept:], piece))
}

func TestUpdatesAreFoundWhereverTheStreamIsCut(t *testing.T) {
	const n = 5
	lines := wrapped(n, "data: ", "\n\n")
	cases := map[string]struct {
		framing framing
		stream  string
	}{
		"plain":                            {plain, lines},
		"behind ids":                       {plain, wrapped(n, "id: 1700000000:0\ndata: ", "\n\n")},
		"an update in a chunk":             {chunked, chunkOf(text(7, 1)) + chunkOf(text(7, 2)) + chunkOf(text(7, 3)+text(7, 4)) + chunkOf(text(7, 5))},
		"chunks that end inside updates":   {chunked, chunkOf(lines[:20]) + chunkOf(lines[20:21]) + chunkOf(lines[21:200]) + chunkOf(lines[200:])},
		"a chunk with an extension":        {chunked, strings.Replace(chunkOf(lines), "\r\n", ";x=y\r\n", 1)},
		"a short frame":                    {webSocket, frameOf(opText, wrapped(2, "", "")) + frameOf(opText, text(7, 3)) + frameOf(opText, text(7, 4)+text(7, 5))},
		"a longer frame":                   {webSocket, frameOf(opText, wrapped(n, `{"push":{"channel":"7","pub":{"data":"`, `"}}}`))},
		"frames that end inside an update": {webSocket, frameOf(2, lines[:20]) + frameOf(2, lines[20:])},
		"a message in two frames":          {webSocket, frameOf(opText, lines[:20]) + frameOf(0, lines[20:])},
		"an empty frame":                   {webSocket, frameOf(opText, "") + frameOf(opText, lines)},
		"a pong in between":                {webSocket, frameOf(opText, lines[:20]) + frameOf(opPong, "~7|1|") + frameOf(opText, lines[20:])},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for at := range c.stream {
				size := len(c.stream)
				if at == 0 { // every byte alone
					at, size = 1, 1
				}
				f, client := receiver(c.framing, 3, 7)
				for _, piece := range cut(c.stream, at, size) {
					if err := f.feed(client, piece); err != nil {
						t.Fatalf("cut at %d: %v", at, err)
					}
				}
				if got := f.Tally(); got.Delivered != n || !got.Clean() || len(client.rest) > 2 {
					t.Fatalf("cut at %d, then each %d bytes: %d delivered, faults %v, left %q; want %d, none",
						at, size, got.Delivered, got.Faults(), client.rest, n)
				}
			}
		})
	}
}

func TestLargeFrame(t *testing.T) {
	const n = 3000
	f, c := receiver(webSocket, 7)
	for _, piece := range cut(frameOf(opText, wrapped(n, "", "\n")), 4000, 4000) {
		if err := f.feed(c, piece); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.Tally(); got.Delivered != n || !got.Clean() {
		t.Fatalf("%d delivered, faults %v", got.Delivered, got.Faults())
	}
}

// counts are those of a Tally.
type counts struct{ Delivered, Lost, Twice, Reordered, Strange uint64 }

func TestWhatIsWrongIsCounted(t *testing.T) {
	cases := map[string]struct {
		stream string
		want   counts
	}{
		"all well":                      {text(7, 1) + text(3, 9) + text(7, 2) + text(3, 10), counts{Delivered: 4}},
		"two lost":                      {text(7, 1) + text(7, 4), counts{Delivered: 2, Lost: 2}},
		"one twice":                     {text(7, 1) + text(7, 1) + text(7, 2), counts{Delivered: 3, Twice: 1}},
		"one too late":                  {text(7, 1) + text(7, 3) + text(7, 2), counts{Delivered: 3, Lost: 1, Reordered: 1}},
		"an item not subscribed":        {text(8, 1), counts{Strange: 1}},
		"two markers and nothing":       {"~~" + text(7, 1), counts{Delivered: 1, Strange: 2}},
		"a marker without an update":    {"~abc" + text(7, 1), counts{Delivered: 1, Strange: 1}},
		"a value that is too long":      {strings.Replace(text(7, 1), "abcd", "abcdx", 1), counts{Strange: 1}},
		"an update with a field less":   {"~7|1|5|abcd|abce" + text(7, 2), counts{Delivered: 1, Strange: 1}},
		"an item that is no number":     {"~x|1|5|abcd|abce|abcf", counts{Strange: 1}},
		"a number that is not complete": {"~7|12", counts{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f, client := receiver(plain, 3, 7)
			if err := f.feed(client, c.stream); err != nil {
				t.Fatal(err)
			}
			tally := f.Tally()
			got := counts{tally.Delivered, tally.Lost, tally.Twice, tally.Reordered, tally.Strange}
			if got != c.want {
				t.Errorf("%q gives %+v, want %+v", c.stream, got, c.want)
			}
			if tally.Clean() != (len(tally.Faults()) == 0) {
				t.Errorf("clean is %v, and there are faults %v", tally.Clean(), tally.Faults())
			}
		})
	}
}

func TestBehind(t *testing.T) {
	f, c := receiver(plain, 1, 2)
	if err := f.feed(c, text(1, 1)+text(1, 2)+text(2, 1)); err != nil {
		t.Fatal(err)
	}
	for want, last := range map[int][]uint64{0: {9, 2, 1}, 1: {9, 3, 1}, 2: {0, 3, 2}} {
		if got := f.Behind(last); got != want {
			t.Errorf("with %v, %d items are behind, want %d", last, got, want)
		}
	}
}

func TestEndsOfStreams(t *testing.T) {
	cases := map[string]struct {
		framing framing
		stream  string
		want    error
	}{
		"the last chunk":      {chunked, chunkOf("x") + "0\r\n\r\n", errEnd},
		"no chunk":            {chunked, "x\r\n", errFrame},
		"a chunk too long":    {chunked, "1\r\nxy\r\n", errFrame},
		"a close":             {webSocket, frameOf(opClose, "\x03\xe8bye"), errEnd},
		"an empty close":      {webSocket, frameOf(opClose, ""), errEnd},
		"a frame with a mask": {webSocket, "\x81\x81\x00\x00\x00\x00x", errFrame},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f, client := receiver(c.framing, 1)
			var err error
			for _, piece := range cut(c.stream, 1, 1) {
				if err = f.feed(client, piece); err != nil {
					break
				}
			}
			if !errors.Is(err, c.want) {
				t.Errorf("%q gives %v, want %v", c.stream, err, c.want)
			}
		})
	}
}

func TestPing(t *testing.T) {
	u := unframer{framing: webSocket}
	got, err := u.strip([]byte(frameOf(opPing, "you?") + frameOf(opText, "x")))
	if err != nil || string(got) != "x" || !bytes.Equal(u.ping, []byte("you?")) {
		t.Errorf("got %q, %v, ping %q", got, err, u.ping)
	}
}
