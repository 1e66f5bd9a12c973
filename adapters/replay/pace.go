package replay

import (
	"context"
	"math"
	"time"
)

// Pace holds ticks back until their time has come. The first tick is due at once,
// and later ones after it by the recorded difference divided by the speed. Who is
// late catches up: no tick is skipped. A Pace belongs to one goroutine; a recording
// that starts over needs a new one.
type Pace struct {
	speed float64
	from  time.Duration // ticks before this time of day are due at once

	began   bool
	origin  time.Time     // when the recorded time zero was due
	zero    time.Duration // time of day
	reached time.Duration // the recorded time that the clock was known to have reached
	timer   *time.Timer
}

// NewPace returns a Pace: at speed 1 ticks come as they were recorded, at 2 twice
// as fast, and at 0 (or what is no speed) as fast as possible.
func NewPace(speed float64) *Pace {
	if !(speed > 0) || math.IsInf(speed, 1) {
		speed = 0
	}
	return &Pace{speed: speed, reached: -1}
}

// From makes the clock begin at the first tick at or after the time of day given;
// ticks before it are due at once.
func (p *Pace) From(at time.Duration) *Pace {
	p.from = at
	return p
}

// Ahead returns how long t is to be held back from now on: 0 when it is due. The
// ticks must be asked about in the order of their times.
func (p *Pace) Ahead(t *Tick) time.Duration {
	if p.speed == 0 || t.Time <= p.reached {
		return 0 // without a look at the clock: most ticks of a burst end here
	}
	if !p.began {
		if t.Time < p.from {
			return 0
		}
		p.began, p.origin, p.zero = true, time.Now(), t.Time
	}
	elapsed := time.Since(p.origin)
	p.reached = p.zero + time.Duration(float64(elapsed)*p.speed)
	if t.Time <= p.reached {
		return 0
	}
	due := min(float64(t.Time-p.zero)/p.speed, 1<<62) // far beyond any day
	return max(time.Duration(due)-elapsed, 0)
}

// Wait waits until t is due, or until ctx is done, whose error it then returns.
func (p *Pace) Wait(ctx context.Context, t *Tick) error {
	d := p.Ahead(t)
	if d == 0 {
		return ctx.Err()
	}
	if p.timer == nil {
		p.timer = time.NewTimer(d)
	} else {
		p.timer.Reset(d)
	}
	defer p.timer.Stop()
	select {
	case <-p.timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
