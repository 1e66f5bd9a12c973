package engine

import (
	"math/rand/v2"
	"slices"
	"testing"
)

type fired struct{ at []int64 }

func (f *fired) Expire(_ *Timer, now int64) { f.at = append(f.at, now) }

func TestWheelFiresOnceAndNeverEarly(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var w wheel
	type want struct {
		due int64
		got fired
	}
	var all []*want
	var timers []*Timer
	add := func(now int64) {
		x := &want{due: now + r.Int64N([]int64{1e6, 1e9, 1e11, 3e13}[r.IntN(4)])}
		timer := &Timer{Owner: &x.got}
		all, timers = append(all, x), append(timers, timer)
		w.arm(timer, x.due)
	}
	now := int64(0)
	for range 3000 {
		add(now)
		next := w.next()
		if next <= now {
			t.Fatalf("next %d is not after now %d", next, now)
		}
		if r.IntN(3) > 0 {
			now = next
		} else {
			now += r.Int64N(1e8)
		}
		for w.advance(now, 1+r.IntN(3)) {
		}
	}
	for next := w.next(); next != never; next = w.next() {
		now = max(now, next)
		w.advance(now, 1<<30)
	}
	for i, x := range all {
		if len(x.got.at) != 1 || x.got.at[0] < x.due {
			t.Fatalf("timer %d due %d fired at %v", i, x.due, x.got.at)
		}
	}
	if w.count != 0 {
		t.Fatalf("%d timers left", w.count)
	}
}

func TestWheelFiresWithinTwoTicks(t *testing.T) {
	for _, due := range []int64{0, 1, 1 << 20, 255 << 20, 256 << 20, 257 << 20, 65535 << 20, 65536 << 20, 1e12} {
		var w wheel
		var f fired
		w.arm(&Timer{Owner: &f}, due)
		for len(f.at) == 0 {
			w.advance(w.next(), 1)
		}
		if late := f.at[0] - due; late < 0 || late > 2<<wheelShift {
			t.Errorf("due %d fired at %d", due, f.at[0])
		}
	}
}

func TestWheelDisarm(t *testing.T) {
	var w wheel
	var f fired
	timers := make([]Timer, 10)
	for i := range timers {
		timers[i].Owner = &f
		w.arm(&timers[i], 5<<wheelShift)
	}
	for _, i := range []int{0, 9, 5} {
		w.disarm(&timers[i])
		w.disarm(&timers[i])
	}
	w.arm(&timers[1], 9<<wheelShift)
	w.advance(6<<wheelShift, 100)
	if got := len(f.at); got != 6 {
		t.Errorf("%d fired, want 6", got)
	}
	w.advance(10<<wheelShift, 100)
	if want := []int64{10 << wheelShift}; !slices.Equal(f.at[6:], want) {
		t.Errorf("then fired at %v, want %v", f.at[6:], want)
	}
}
