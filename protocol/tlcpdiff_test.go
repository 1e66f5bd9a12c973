package protocol

import (
	"errors"
	"testing"
)

type diffCase struct {
	Base, Diff, Value string
	Error             bool
}

func TestApplyDiff(t *testing.T) {
	for _, c := range load[diffCase](t, "diffs.json") {
		got, err := ApplyDiff([]byte(">"), []byte(c.Base), []byte(c.Diff))
		switch {
		case c.Error:
			if !errors.Is(err, ErrDiff) {
				t.Errorf("%q on %q: got %q, %v, want %v", c.Diff, c.Base, got, err, ErrDiff)
			}
		case err != nil || string(got) != ">"+c.Value:
			t.Errorf("%q on %q: got %q, %v, want %q", c.Diff, c.Base, got, err, c.Value)
		}
	}
}

func TestDiffWriter(t *testing.T) {
	for want, write := range map[string]func(w *DiffWriter){
		"":         func(*DiffWriter) {},
		"d":        func(w *DiffWriter) { w.Copy(3) },
		"bdzap":    func(w *DiffWriter) { w.Copy(1); w.Add([]byte("zap"), 3) },
		"bdzapcd":  func(w *DiffWriter) { w.Copy(1); w.Add([]byte("zap"), 3); w.Delete(2); w.Copy(3) },
		"adzapad":  func(w *DiffWriter) { w.Add([]byte("zap"), 3); w.Copy(3) },
		"BdacBa":   func(w *DiffWriter) { w.Copy(29); w.Delete(2); w.Copy(26) },
		"BAa":      func(w *DiffWriter) { w.Copy(676) },
		"aabaabaa": func(w *DiffWriter) { w.Delete(1); w.Delete(1); w.Copy(0); w.Add(nil, 0) },
		"zaaBa":    func(w *DiffWriter) { w.Copy(25); w.Copy(26) },
	} {
		w := BeginDiff([]byte("x"))
		write(&w)
		if got := string(w.End()); got != "x"+want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestDiffNumbers(t *testing.T) {
	for _, n := range []int{0, 1, 25, 26, 27, 29, 51, 52, 675, 676, 677, 17575, 17576, 1 << 20, diffNumberMax - 26} {
		text := appendDiffNumber(nil, n)
		if got, rest, ok := cutDiffNumber(append(text, '!')); got != n || string(rest) != "!" || !ok {
			t.Errorf("%d, as %q: got %d, %q, %v", n, text, got, rest, ok)
		}
	}
}

func TestAppendDiff(t *testing.T) {
	for want, got := range map[string][]byte{
		"^Tbc%7C%25z^#$":    AppendDiff(nil, TLCPDiff, []byte("bc|%z^#$")),
		`x^P[{"op":"a,b"}]`: AppendDiff([]byte("x"), JSONPatch, []byte(`[{"op":"a,b"}]`)),
	} {
		if string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A client that asked for no diffs has none in its updates.
func TestDiffsHaveToBeTaken(t *testing.T) {
	for _, body := range []string{"^Tb", "^P[]"} {
		state := NewItemState(1)
		if err := state.Apply([]byte("{}")); err != nil {
			t.Fatal(err)
		}
		if err := state.Apply([]byte(body)); !errors.Is(err, ErrUpdate) {
			t.Errorf("%s: got %v, want %v", body, err, ErrUpdate)
		}
	}
	state := NewItemState(1)
	state.TakeDiffs(nil)
	if err := state.Apply([]byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := state.Apply([]byte("^P[]")); !errors.Is(err, ErrUpdate) {
		t.Errorf("a JSON Patch without a patcher: got %v, want %v", err, ErrUpdate)
	}
}

// FuzzApplyDiff: whatever stands where a diff should, the outcome is a value or a
// refusal, and the value is made of the two texts.
func FuzzApplyDiff(f *testing.F) {
	for _, c := range load[diffCase](f, "diffs.json") {
		f.Add([]byte(c.Base), []byte(c.Diff))
	}
	f.Fuzz(func(t *testing.T, base, diff []byte) {
		value, err := ApplyDiff(nil, base, diff)
		if err != nil && !errors.Is(err, ErrDiff) {
			t.Fatalf("%q on %q: %v", diff, base, err)
		}
		if len(value) > len(base)+len(diff) {
			t.Fatalf("%q on %q: got %q", diff, base, value)
		}
		// In an update, the value is what the diff makes.
		state := NewItemState(1)
		state.TakeDiffs(nil)
		if len(base) == 0 || state.Apply(appendTestToken(base)) != nil {
			return
		}
		base = append([]byte(nil), state.cells[0].value...) // with U+FFFD
		valid := []byte(string([]rune(string(diff))))
		value, err = ApplyDiff(nil, base, valid)
		applyErr := state.Apply(AppendDiff(nil, TLCPDiff, valid))
		if got, ok := state.Value(0); (err == nil) != (applyErr == nil) || err == nil && (!ok || string(got) != string(value)) {
			t.Fatalf("%q on %q: got %q, %v, want %q, %v", diff, base, got, applyErr, value, err)
		}
	})
}

func appendTestToken(value []byte) []byte {
	tok, _ := AppendToken(nil, value)
	return tok
}
