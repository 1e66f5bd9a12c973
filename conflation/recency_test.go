package conflation

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestRecencyAndPendingAgainstAModel(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var recent Recency
	var pending Pending
	keys := make([]KeyState, 20)
	var model []*KeyState // touched, oldest first
	version := uint64(0)
	for range 20_000 {
		k := &keys[r.IntN(len(keys))]
		switch r.IntN(5) {
		case 0:
			recent.Remove(k)
			model = slices.DeleteFunc(model, func(m *KeyState) bool { return m == k })
		case 1:
			if !k.Pending {
				k.Due = r.Int64N(1000)
			}
			pending.Add(k)
		case 2:
			pending.Remove(k)
		default:
			version++
			recent.Touch(k, version)
			model = slices.DeleteFunc(model, func(m *KeyState) bool { return m == k })
			model = append(model, k)
		}
		after := uint64(0)
		if len(model) > 0 {
			after = model[r.IntN(len(model))].Version
		}
		want := slices.IndexFunc(model, func(m *KeyState) bool { return m.Version > after })
		got := recent.After(after)
		for ; want >= 0 && want < len(model); want++ {
			if got != model[want] {
				t.Fatalf("after %d: a wrong key", after)
			}
			got = got.Next()
		}
		if got != nil {
			t.Fatalf("after %d: a key too many", after)
		}
		checkFirst(t, &pending, keys)
	}
}

func checkFirst(t *testing.T, p *Pending, keys []KeyState) {
	t.Helper()
	first := p.First()
	for i := range keys {
		if k := &keys[i]; k.Pending && (first == nil || k.Due < first.Due) {
			t.Fatalf("a key due %d is not first", k.Due)
		}
	}
	if first != nil && !first.Pending {
		t.Fatal("the first key does not wait")
	}
}

func TestPace(t *testing.T) {
	p := Pace{Interval: 100}
	for _, c := range []struct {
		now     int64
		allowed bool
	}{{5, true}, {50, false}, {104, false}, {105, true}, {205, true}, {304, false}, {1000, true}, {1099, false}} {
		if got := p.Allow(c.now); got != c.allowed {
			t.Errorf("Allow(%d) = %v, want %v", c.now, got, c.allowed)
		}
	}
	if p.Due() != 1100 {
		t.Errorf("due %d, want 1100", p.Due())
	}
	var unlimited Pace
	for range 2 {
		if !unlimited.Allow(0) {
			t.Error("the zero pace limits")
		}
	}
}
