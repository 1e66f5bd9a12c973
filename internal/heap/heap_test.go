package heap

import "testing"

func TestPercentFor(t *testing.T) {
	const mb = 1 << 20
	for live, want := range map[uint64]int{
		0: gcPercentMost, 1 * mb: gcPercentMost, 8 * mb: 300, 16 * mb: 100, 25 * mb: 28, 30 * mb: 20, 1000 * mb: 20,
	} {
		if got := percentFor(live); got != want {
			t.Errorf("with %d MB in use: %d %%, want %d", live/mb, got, want)
		}
	}
}
