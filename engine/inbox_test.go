package engine

import (
	"fmt"
	"testing"
)

func TestInboxWakesTheShardOnce(t *testing.T) {
	b := newInbox(8)
	for i := range 8 {
		if !b.room() {
			t.Fatalf("no room for entry %d of 8", i)
		}
		b.put(&entry{seq: uint64(i)})
	}
	if b.fed() {
		t.Error("fed, though nobody asked for room")
	}
	if b.room() {
		t.Fatal("room for a ninth entry")
	}
	for i := range 8 {
		if woken, want := b.fed(), i == 4; woken != want {
			t.Errorf("with %d left: wakes the shard %v, want %v", 8-i, woken, want)
		}
		if e := b.peek(); e == nil || e.seq != uint64(i) {
			t.Fatalf("entry %d is %v", i, e)
		}
		b.drop()
	}
	if b.peek() != nil || b.depth() != 0 {
		t.Error("an empty inbox has entries")
	}
}

func TestArenasAreUsedAgainWhenAllLoopsHaveRead(t *testing.T) {
	outs := []*inbox{newInbox(64), newInbox(64)}
	a := newArenas(outs, 2)
	body := make([]byte, arenaSize/4)
	post := func(loops ...int) bool {
		dst := a.open(len(body))
		if dst == nil {
			return false
		}
		dst = append(dst, body...)
		a.close(dst)
		for _, l := range loops {
			outs[l].put(&entry{text: dst})
			a.posted(l, a.cur)
		}
		return true
	}
	n := 0
	for post(0, 1) {
		n++
	}
	if n != 8 {
		t.Fatalf("%d bodies of a quarter block fit into 2 blocks", n)
	}
	for range 8 {
		outs[0].drop()
	}
	if !outs[0].fed() {
		t.Error("loop 0 has read all and does not wake the shard")
	}
	if post(0) {
		t.Fatal("a block was used again that loop 1 has not read")
	}
	if !outs[1].starved.Load() || outs[0].starved.Load() {
		t.Error("not exactly the loop that is behind is asked to wake the shard")
	}
	for range 4 {
		outs[1].drop()
	}
	if !post(0) || a.total != 2 {
		t.Errorf("no body fits after a block was read; %d blocks", a.total)
	}
}

func TestArenaLetsALargeBodyHaveMemoryOfItsOwn(t *testing.T) {
	a := newArenas([]*inbox{newInbox(8)}, 2)
	large := append(a.open(100), make([]byte, 2*arenaSize)...)
	a.close(large)
	if used := len(a.cur.buf); used != 0 {
		t.Errorf("a body that did not fit took %d bytes of the block", used)
	}
	small := append(a.open(100), "abc"...)
	a.close(small)
	if got := string(a.cur.buf); got != "abc" {
		t.Errorf("block %q", got)
	}
}

func TestBuffers(t *testing.T) {
	var b buffers
	for _, n := range []int{1, 512, 513, 2048, 40_000, 131_072, 131_073} {
		buf := b.take(n)
		if len(buf) != 0 || cap(buf) < n {
			t.Errorf("take(%d) has len %d, cap %d", n, len(buf), cap(buf))
		}
		b.give(buf)
		again := b.take(n)
		if same := &buf[:1][0] == &again[:1][0]; same != (n <= 131_072) {
			t.Errorf("a buffer for %d is used again: %v", n, same)
		}
	}
}

func TestDirectoryLimits(t *testing.T) {
	d := newDirectory(Limits{Sessions: 3, SessionsPerAddress: 2})
	for i, want := range []admission{admitted, admitted, tooManyOfAddress} {
		if got := d.add(fmt.Sprint(i), "a", 0); got != want {
			t.Errorf("session %d of an address: %v, want %v", i, got, want)
		}
	}
	if got := d.add("x", "b", 1); got != admitted {
		t.Errorf("another address: %v", got)
	}
	if got := d.add("y", "c", 1); got != tooManySessions {
		t.Errorf("a fourth session: %v", got)
	}
	d.remove("0", "a")
	if got := d.add("z", "a", 2); got != admitted || d.len() != 3 {
		t.Errorf("after one is gone: %v, %d sessions", got, d.len())
	}
	d.move("z", 1)
	if home, ok := d.home("z"); !ok || home != 1 {
		t.Errorf("home %d, %v", home, ok)
	}
}
