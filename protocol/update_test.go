package protocol

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"testing"
)

func TestAppendUnchanged(t *testing.T) {
	for n, want := range map[int]string{0: "", 1: "", 2: "|", 3: "^3", 4: "^4", 9: "^9", 10: "^10", 250: "^250"} {
		if got := string(AppendUnchanged([]byte("x"), n)); got != "x"+want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

func TestAppendUpdateHead(t *testing.T) {
	if got := string(AppendUpdateHead([]byte("x"), 12, 345)); got != "xU,12,345," {
		t.Errorf("got %q", got)
	}
}

func TestBodyWithoutFields(t *testing.T) {
	b := BeginBody([]byte("U,1,1,"))
	if got := string(b.End()); got != "U,1,1,\r\n" {
		t.Errorf("got %q", got)
	}
}

// Whatever the server leaves out, the client has the server's values.
func TestBodyAgainstItemState(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	values := [][]byte{nil, {}, []byte("1.10"), []byte("a|b"), []byte("^2"), []byte("日本"), []byte("\r\n%")}
	for range 500 {
		fields := 1 + rng.IntN(24)
		server, client := make([][]byte, fields), NewItemState(fields)
		density := rng.Float64()
		for update := range 20 {
			b := BeginBody(AppendUpdateHead(nil, 1, 1))
			for i := range server {
				if update > 0 && rng.Float64() > density {
					b.Unchanged()
					continue
				}
				server[i] = values[rng.IntN(len(values))]
				tok, _ := AppendToken(nil, server[i])
				b.Token(tok)
			}
			line := b.End()
			n, err := ParseLine(line)
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if err := client.Apply(n.Text); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			for i, want := range server {
				if got, ok := client.Value(i); ok != (want != nil) || !bytes.Equal(got, want) {
					t.Fatalf("%q: field %d: got %q, want %q", line, i+1, got, want)
				}
			}
		}
	}
}

// A body is the shortest that says the same: no run is longer than its count.
func TestBodyIsShort(t *testing.T) {
	for n := 1; n < 200; n++ {
		b := BeginBody(nil)
		b.Token([]byte("x"))
		for range n {
			b.Unchanged()
		}
		empty, count := n-1, 1+len(strconv.Itoa(n))
		if got, want := len(b.End()), len("x|\r\n")+min(empty, count); got != want {
			t.Errorf("%d unchanged: got %d bytes, want %d", n, got, want)
		}
	}
}
