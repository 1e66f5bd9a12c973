package websocket

import (
	"bytes"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// FuzzDecoder feeds whatever comes at once, byte by byte and in pieces, which must
// make no difference, and compares the messages with those of wsutil.
func FuzzDecoder(f *testing.F) {
	for _, c := range conformanceCases() {
		if len(c.send) < 1000 {
			f.Add(c.send, uint64(1), 0)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, seed uint64, most int) {
		if len(in) > 4<<10 {
			return // looking at each byte takes quadratic time
		}
		if most <= 0 {
			most = 1000
		}
		run := func(size func() int) []string {
			e := &echo{t: t, most: most, fresh: true}
			e.feed(slices.Clone(in), size)
			return e.sent()
		}
		whole := run(func() int { return 1 << 30 })
		rng := rand.New(rand.NewPCG(seed, 0))
		for name, size := range map[string]func() int{
			"byte by byte": func() int { return 1 },
			"in pieces":    func() int { return 1 + rng.IntN(20) },
		} {
			if got := run(size); !slices.Equal(got, whole) {
				t.Fatalf("%s: got %q, at once: %q\ninput: %x", name, got, whole, in)
			}
		}
		if got, want := messages(whole), readMessages(in, len(messages(whole))); !slices.Equal(got, want) {
			t.Fatalf("got %q, wsutil reads %q\ninput: %x", got, want, in)
		}
	})
}

// messages are the text messages among what was sent.
func messages(sent []string) []string {
	return slices.DeleteFunc(slices.Clone(sent), func(s string) bool { return s[0] != 't' })
}

// readMessages reads up to n text messages the way of gobwas/ws.
func readMessages(in []byte, n int) []string {
	var got []string
	r := &wsutil.Reader{Source: bytes.NewReader(in), State: ws.StateServerSide, CheckUTF8: true}
	r.OnIntermediate = func(_ ws.Header, r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }
	for len(got) < n {
		h, err := r.NextFrame()
		if err != nil {
			break
		}
		p, err := io.ReadAll(r)
		if err != nil {
			break
		}
		if h.OpCode == ws.OpText {
			got = append(got, text(string(p)))
		}
	}
	return got
}

// FuzzTextCheck compares the checking of text in pieces with that of the whole.
func FuzzTextCheck(f *testing.F) {
	f.Add("κόσμε", uint64(1))
	f.Add("\xf4\x90\x80\x80", uint64(2))
	f.Add("a\xed\xa0\x80", uint64(3))
	f.Fuzz(func(t *testing.T, p string, seed uint64) {
		if len(p) > 100 {
			return // trying all continuations takes quadratic time
		}
		rng := rand.New(rand.NewPCG(seed, 0))
		var check textCheck
		for at := 0; at < len(p); {
			n := min(1+rng.IntN(5), len(p)-at)
			valid := check.write([]byte(p[at : at+n]))
			at += n
			if want := canBecomeText(p[:at]); valid != want {
				t.Fatalf("%q: got %v, want %v", p[:at], valid, want)
			}
			if !valid {
				return
			}
		}
		if want := canBecomeText(p) && canBecomeText(p+"a"); check.whole() != want {
			t.Fatalf("%q: whole is %v", p, check.whole())
		}
	})
}
