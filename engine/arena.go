package engine

// arenaSize is the size of one arena; a larger body gets memory of its own.
const arenaSize = 64 << 10

// arenas is the memory of a shard's bodies: blocks that are carved from the front
// and used again when all loops have read past the last entry that refers to
// them. There is no reference count on the way of an update and nothing for the
// garbage collector to do. Shard only.
type arenas struct {
	outs  []*inbox
	cur   *arena
	used  []*arena // oldest first, waiting for the loops
	free  []*arena
	total int
	max   int
}

type arena struct {
	buf []byte
	// until[l] is how far loop l must have read before the block is free.
	until []uint64
}

func newArenas(outs []*inbox, maxArenas int) *arenas {
	return &arenas{outs: outs, max: max(maxArenas, 2)}
}

// open returns a slice of length 0 to append a body to, with room for at least
// size bytes, or nil when no block is free: then it is as if the loops that are
// behind had a full inbox.
func (a *arenas) open(size int) []byte {
	if !a.ready(size) {
		return nil
	}
	return a.cur.buf[len(a.cur.buf):]
}

// ready reports whether open would succeed.
func (a *arenas) ready(size int) bool {
	return a.cur != nil && cap(a.cur.buf)-len(a.cur.buf) >= size || a.turn()
}

// close ends a body that was appended to what open returned. A body that did not
// fit has moved to memory of its own and costs the block nothing.
func (a *arenas) close(body []byte) {
	n := len(a.cur.buf)
	if n+len(body) <= cap(a.cur.buf) && len(body) > 0 && &body[0] == &a.cur.buf[:n+1][n] {
		a.cur.buf = a.cur.buf[:n+len(body)]
	}
}

// posted notes that the entry just put into the inbox of a loop refers to block.
// A block that has been filled is safe until the next turn, so a body must be
// posted before two more are begun, and is shared only while its block is cur.
func (a *arenas) posted(loop int, block *arena) {
	if block != nil {
		block.until[loop] = a.outs[loop].written.Load()
	}
}

// turn begins a new block.
func (a *arenas) turn() bool {
	a.reclaim()
	next := a.take()
	if next == nil {
		for l, out := range a.outs {
			if a.used[0].until[l] > out.read.Load() {
				out.starve()
			}
		}
		a.reclaim() // a loop may have read on before it saw the wish
		if next = a.take(); next == nil {
			return false
		}
	}
	if a.cur != nil {
		a.used = append(a.used, a.cur)
	}
	a.cur = next
	return true
}

func (a *arenas) take() *arena {
	if n := len(a.free); n > 0 {
		b := a.free[n-1]
		a.free = a.free[:n-1]
		return b
	}
	if a.total == a.max {
		return nil
	}
	a.total++
	return &arena{buf: make([]byte, 0, arenaSize), until: make([]uint64, len(a.outs))}
}

// reclaim frees the oldest blocks that all loops have read past.
func (a *arenas) reclaim() {
	n := 0
	for n < len(a.used) && a.drained(a.used[n]) {
		a.used[n].buf = a.used[n].buf[:0]
		clear(a.used[n].until)
		a.free = append(a.free, a.used[n])
		n++
	}
	if n > 0 {
		a.used = append(a.used[:0], a.used[n:]...)
	}
}

func (a *arenas) drained(b *arena) bool {
	for l, out := range a.outs {
		if out.read.Load() < b.until[l] {
			return false
		}
	}
	return true
}
