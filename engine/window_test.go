package engine

import (
	"testing"
	"time"
)

// TestWindowFollowsTheLoad doubles the load of a loop and halves it again, in
// virtual time: a write costs 10 µs, as on a real socket, and an update nothing.
func TestWindowFollowsTheLoad(t *testing.T) {
	const sessions = 1000
	b := newBench(t, 1, sessions, func(int) []int { return []int{0} })
	for _, s := range b.sinks {
		s.cost = 10_000
	}
	loop := b.engine.loops[0]
	// run ticks the item every so often for a while and returns the window and the
	// writes a second at the end.
	run := func(every time.Duration) (window time.Duration, writes float64) {
		const length = 10 * time.Second
		before := uint64(0)
		began := b.now
		for half := int64(0); half < 2; half++ {
			before, began = loop.stats.writes.Load(), b.now
			for next := b.now; b.now < began+int64(length); {
				if b.now >= next {
					next += int64(every)
					b.tick(0)
				} else {
					b.now += 1e6
					b.step()
				}
			}
		}
		seconds := float64(b.now-began) / 1e9
		return time.Duration(loop.window.now), float64(loop.stats.writes.Load()-before) / seconds
	}
	// 1,000 sessions at 20 updates/s would be 20,000 writes: 20 % of the time.
	if window, writes := run(50 * time.Millisecond); window != 0 || writes < 19_000 {
		t.Errorf("at 20 ticks/s the window is %v and %.0f writes/s are made; want none, and one for each update", window, writes)
	}
	// At 200/s it would be twice the time there is.
	wide, writes := run(5 * time.Millisecond)
	if wide < 10*time.Millisecond || wide > 100*time.Millisecond || writes > 75_000 {
		t.Errorf("at 200 ticks/s the window is %v and %.0f writes/s are made; want fewer than the loop can", wide, writes)
	}
	wider, writes := run(2500 * time.Microsecond)
	if wider < wide/2 || writes > 75_000 {
		t.Errorf("at 400 ticks/s the window is %v (before %v) and %.0f writes/s are made", wider, wide, writes)
	}
	if window, _ := run(50 * time.Millisecond); window != 0 {
		t.Errorf("back at 20 ticks/s the window is %v, want none", window)
	}
}

// Steps are never so close that they alone would keep the server busy.
func TestRestBetweenSteps(t *testing.T) {
	for window, want := range map[time.Duration]time.Duration{
		0:                      0,
		time.Millisecond:       time.Millisecond,
		10 * time.Millisecond:  time.Millisecond,
		32 * time.Millisecond:  2 * time.Millisecond,
		500 * time.Millisecond: 4 * time.Millisecond,
	} {
		w := newWindow(int64(window), int64(time.Second))
		if got := time.Duration(w.rest()); got != want {
			t.Errorf("with a window of %v the rest is %v, want %v", window, got, want)
		}
	}
}
