package engine

import "testing"

// A client that could not take anything for a while gets the newest values, not all
// that has come since; one that paused for less than a second gets all.
func TestSlowClientGetsTheNewestValues(t *testing.T) {
	for _, c := range []struct {
		name    string
		ticks   int
		updates uint64
	}{
		{"half a second", 10, 10},
		{"five seconds", 100, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, 1, 1, func(int) []int { return []int{0} })
			b.tick(0)
			b.sinks[0].waiting = 1
			b.tick(0) // goes out, and is found not to have been taken
			before := b.delivered()
			for range c.ticks {
				b.now += 49e6
				b.tick(0)
			}
			if n := b.delivered() - before; n != 0 {
				t.Fatalf("%d updates were written to a client that does not read", n)
			}
			b.sinks[0].waiting = 0
			for range 30 {
				b.now += 10e6
				b.step()
			}
			if n := b.delivered() - before; n != c.updates {
				t.Errorf("it got %d updates when it read again, want %d", n, c.updates)
			}
		})
	}
}
