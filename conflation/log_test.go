package conflation

import (
	"fmt"
	"strings"
	"testing"
)

// contents draws a log: its floor, and its events.
func contents(l *Log) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d|", l.Floor())
	for i := range l.Len() {
		e := l.At(i)
		fmt.Fprintf(&b, " %d:%s", e.Seq, e.Body)
	}
	return b.String()
}

func TestLogIsBounded(t *testing.T) {
	for _, c := range []struct {
		name           string
		entries, bytes int
		bodies         []string
		want           string
	}{
		{"empty", 3, 100, nil, "10|"},
		{"room for all", 3, 100, []string{"a", "b"}, "10| 11:a 12:b"},
		{"too many", 3, 100, []string{"a", "b", "c", "d", "e"}, "12| 13:c 14:d 15:e"},
		{"too many bytes", 9, 6, []string{"aaa", "bb", "cc", "d"}, "11| 12:bb 13:cc 14:d"},
		{"one larger than all", 9, 6, []string{"aaa", "bb", "cccccccc"}, "12| 13:cccccccc"},
		{"and after it", 9, 6, []string{"cccccccc", "d"}, "11| 12:d"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := NewLog(c.entries, c.bytes, 10)
			for i, body := range c.bodies {
				l.Append(uint64(11+i), 0, []byte(body))
			}
			if got := contents(l); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestLogAfter(t *testing.T) {
	l := NewLog(4, 1000, 0)
	for seq := uint64(2); seq <= 12; seq += 2 {
		l.Append(seq, 0, []byte("x"))
	}
	// it holds 6, 8, 10, 12
	for seq, want := range map[uint64]int{0: 0, 5: 0, 6: 1, 7: 1, 10: 3, 11: 3, 12: 4, 99: 4} {
		if got := l.After(seq); got != want {
			t.Errorf("After(%d) = %d, want %d", seq, got, want)
		}
	}
	l.Shift()
	if got, want := contents(l), "6| 8:x 10:x 12:x"; got != want {
		t.Errorf("after Shift %s, want %s", got, want)
	}
}

func TestLogDoesNotAllocate(t *testing.T) {
	l := NewLog(64, 4096, 0)
	seq := uint64(0)
	add := func() { seq++; l.Append(seq, 0, []byte("180.36|180.35|180.37\r\n")) }
	for range 200 {
		add()
	}
	if n := testing.AllocsPerRun(100, add); n != 0 {
		t.Errorf("Append allocates %v times", n)
	}
}

func TestHistory(t *testing.T) {
	h := NewHistory(3)
	for seq := uint64(1); seq <= 5; seq++ {
		h.Add(seq).Set(0, fmt.Append(nil, seq), seq)
	}
	got := ""
	for i := range h.Len() {
		token, _ := h.At(i).Row.At(0)
		got += fmt.Sprintf(" %d:%s", h.At(i).Seq, token)
	}
	if want := " 3:3 4:4 5:5"; got != want {
		t.Errorf("history%s, want%s", got, want)
	}
	h.Clear()
	if h.Add(6).Newer([]int32{0}, 0) || h.Len() != 1 {
		t.Error("a cleared history remembers")
	}
}
