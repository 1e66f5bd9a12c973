package heap

import "testing"

func TestPercentFor(t *testing.T) {
	const mb = 1 << 20
	for live, want := range map[uint64]int{
		0: gcPercentMost, 1 * mb: gcPercentMost, 3 * mb: 400, 12 * mb: 100, 24 * mb: 50, 48 * mb: 25, 1000 * mb: 25,
	} {
		if got := percentFor(live); got != want {
			t.Errorf("with %d MB in use: %d %%, want %d", live/mb, got, want)
		}
	}
}
