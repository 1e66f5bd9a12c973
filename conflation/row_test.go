package conflation

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestRowVersions(t *testing.T) {
	var r Row
	steps := []struct {
		slot    int
		token   string
		seq     uint64
		changed bool
	}{
		{0, "a", 1, true},
		{0, "a", 2, false}, // an equal value leaves the version
		{2, "", 3, true},   // an empty token is a value
		{2, "", 4, false},
		{0, "b", 5, true},
		{0, "a", 6, true}, // back to an earlier value is a change
	}
	for _, s := range steps {
		if got := r.Set(s.slot, []byte(s.token), s.seq); got != s.changed {
			t.Errorf("Set(%d, %q, %d) = %v, want %v", s.slot, s.token, s.seq, got, s.changed)
		}
	}
	for slot, want := range map[int]struct {
		token   string
		version uint64
	}{0: {"a", 6}, 1: {"", 0}, 2: {"", 3}, 7: {"", 0}, -1: {"", 0}} {
		if token, version := r.At(slot); string(token) != want.token || version != want.version {
			t.Errorf("At(%d) = %q, %d, want %q, %d", slot, token, version, want.token, want.version)
		}
	}
	for have, want := range map[uint64]bool{0: true, 2: true, 3: false, 6: false} {
		if got := r.Newer([]int32{-1, 1, 2, 9}, have); got != want {
			t.Errorf("Newer(%d) = %v, want %v", have, got, want)
		}
	}
	r.Reset()
	if r.Newer([]int32{0, 1, 2}, 0) {
		t.Error("a row that was reset has values")
	}
	if !r.Set(0, []byte("a"), 7) {
		t.Error("after a reset the old value counts as known")
	}
}

func TestRowKeepsItsOwnMemory(t *testing.T) {
	var r Row
	buf := []byte("abc")
	r.Set(0, buf, 1)
	copy(buf, "xyz")
	if token, _ := r.At(0); string(token) != "abc" {
		t.Errorf("the row shows the caller's memory: %q", token)
	}
	if n := testing.AllocsPerRun(100, func() { r.Set(0, buf, 2); r.Set(0, []byte("abc"), 3) }); n != 0 {
		t.Errorf("Set allocates %v times", n)
	}
}

// TestRowKeepsItsValuesApart sets values of all lengths and holds the row against a map.
func TestRowKeepsItsValuesApart(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var row, copied Row
	want := make(map[int]string)
	for seq := uint64(1); seq < 5000; seq++ {
		slot := r.IntN(12)
		value := strings.Repeat(string(rune('a'+r.IntN(26))), r.IntN(1+r.IntN(200)))
		row.Set(slot, []byte(value), seq)
		want[slot] = value
		if seq%500 == 0 {
			copied.Copy(&row)
		}
		for slot, value := range want {
			if got, _ := row.At(slot); string(got) != value {
				t.Fatalf("after %d: slot %d is %q, not %q", seq, slot, got, value)
			}
			if got, _ := copied.At(slot); seq%500 == 0 && string(got) != value {
				t.Fatalf("after %d: slot %d of the copy is %q, not %q", seq, slot, got, value)
			}
		}
		if total := 12 * 200; cap(row.text) > 2*total {
			t.Fatalf("after %d: %d bytes for at most %d", seq, cap(row.text), total)
		}
	}
}

func BenchmarkRowSet(b *testing.B) {
	var r Row
	values := [2][]byte{[]byte("180.36"), []byte("180.37")}
	b.ReportAllocs()
	seq := uint64(0)
	for b.Loop() {
		seq++
		r.Set(3, values[seq&1], seq)
	}
}
