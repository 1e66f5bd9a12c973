package conflation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// order returns the keys after an ordinal.
func order(t *Table, after uint64) []string {
	var keys []string
	t.After(after, func(k *Keyed) bool {
		keys = append(keys, k.Key)
		return true
	})
	return keys
}

func TestTableKeepsTheOrderOfItsKeys(t *testing.T) {
	var table Table
	for _, key := range []string{"a", "b", "c", "d"} {
		table.Add([]byte(key))
	}
	table.Remove(table.Get([]byte("b")))
	again := table.Add([]byte("b"))
	if got, want := order(&table, 0), []string{"a", "c", "d", "b"}; !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
	if again.Ordinal != 5 || table.Last() != 5 || table.Len() != 4 {
		t.Errorf("ordinal %d, last %d, len %d", again.Ordinal, table.Last(), table.Len())
	}
	if got, want := order(&table, 3), []string{"d", "b"}; !slices.Equal(got, want) {
		t.Errorf("after 3: %v, want %v", got, want)
	}
	table.Clear()
	if table.Len() != 0 || order(&table, 0) != nil || table.Add([]byte("a")).Ordinal != 6 {
		t.Error("a cleared table has rows, or gives ordinals twice")
	}
}

// TestTableAgainstAModel removes and adds at random, so that slots of removed rows
// stand everywhere and are compacted away.
func TestTableAgainstAModel(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var table Table
	var model []string
	for range 20_000 {
		key := fmt.Sprint(r.IntN(60))
		if k := table.Get([]byte(key)); k != nil {
			table.Remove(k)
			model = slices.DeleteFunc(model, func(s string) bool { return s == key })
		} else if r.IntN(2) == 0 {
			table.Add([]byte(key))
			model = append(model, key)
		}
		if r.IntN(50) == 0 {
			if got := order(&table, 0); !slices.Equal(got, model) {
				t.Fatalf("order %v, want %v", got, model)
			}
			if n := r.IntN(len(model) + 1); n > 0 {
				at := table.Get([]byte(model[n-1])).Ordinal
				if got := order(&table, at); !slices.Equal(got, model[n:]) {
					t.Fatalf("after the %d. key: %v, want %v", n, got, model[n:])
				}
			}
		}
	}
	if len(table.order) > 3*60 {
		t.Errorf("%d slots for %d rows", len(table.order), table.Len())
	}
}
