package replay

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

func TestPaceWaitsAsRecorded(t *testing.T) {
	const open = 9*time.Hour + 30*time.Minute
	for _, c := range []struct {
		name  string
		speed float64
		from  time.Duration
		ticks []time.Duration // times of the day
		want  []time.Duration // when they come, from the start
	}{
		{"real time", 1, 0,
			[]time.Duration{open, open, open + time.Second, open + 90*time.Minute},
			[]time.Duration{0, 0, time.Second, 90 * time.Minute}},
		{"ten times as fast", 10, 0,
			[]time.Duration{open, open + time.Second, open + time.Hour},
			[]time.Duration{0, 100 * time.Millisecond, 6 * time.Minute}},
		{"half as fast", 0.5, 0,
			[]time.Duration{open, open + time.Second},
			[]time.Duration{0, 2 * time.Second}},
		{"as fast as possible", 0, 0,
			[]time.Duration{open, open + time.Hour}, []time.Duration{0, 0}},
		{"no speed at all", math.NaN(), 0,
			[]time.Duration{open, open + time.Hour}, []time.Duration{0, 0}},
		{"from the opening on", 1, open,
			[]time.Duration{open - time.Hour, open - 1, open + time.Second, open + 2*time.Second},
			[]time.Duration{0, 0, 0, time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, pace := time.Now(), NewPace(c.speed).From(c.from)
				for i, at := range c.ticks {
					if err := pace.Wait(t.Context(), &Tick{Time: at}); err != nil {
						t.Fatal(err)
					}
					if got := time.Since(began); got != c.want[i] {
						t.Errorf("tick %d of %v came after %v, want %v", i, at, got, c.want[i])
					}
				}
			})
		})
	}
}

func TestPaceCatchesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := NewPace(1)
		pace.Ahead(&Tick{Time: time.Hour})
		<-time.After(10 * time.Second) // the receiver was slow
		for s := range 20 {
			want := max(0, time.Duration(s-10)*time.Second)
			if got := pace.Ahead(&Tick{Time: time.Hour + time.Duration(s)*time.Second}); got != want {
				t.Errorf("the tick of second %d is held back for %v, want %v", s, got, want)
			}
		}
	})
}

func TestPaceEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := NewPace(1e-300) // slower than any day
		pace.Ahead(&Tick{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := pace.Wait(ctx, &Tick{Time: time.Second}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait = %v, want the context's error", err)
		}
		if err := NewPace(0).Wait(ctx, &Tick{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait for a tick that is due = %v, want the context's error", err)
		}
	})
}
