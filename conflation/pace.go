package conflation

import "container/heap"

// Pace lets something happen at most once in an interval. The zero Pace does not
// limit.
type Pace struct {
	// Interval in nanoseconds; 0 is no limit.
	Interval int64
	due      int64
}

// Allow reports whether it may happen now, and if so takes the turn.
func (p *Pace) Allow(now int64) bool {
	if p.Interval == 0 {
		return true
	}
	if now < p.due {
		return false
	}
	p.due = now + p.Interval
	return true
}

// Due is when Allow will say yes again, in nanoseconds.
func (p *Pace) Due() int64 { return p.due }

// Pending holds the keys of a paced COMMAND view that have changed and wait for
// their turn, the one that is due first at the top. The zero Pending is empty.
type Pending struct{ keys keyHeap }

// Add lets a key wait until its Due.
func (p *Pending) Add(k *KeyState) {
	if !k.Pending {
		k.Pending = true
		heap.Push(&p.keys, k)
	}
}

// Remove ends the waiting of a key.
func (p *Pending) Remove(k *KeyState) {
	if k.Pending {
		k.Pending = false
		heap.Remove(&p.keys, k.heap)
	}
}

// First returns the key that is due first, or nil.
func (p *Pending) First() *KeyState {
	if len(p.keys) == 0 {
		return nil
	}
	return p.keys[0]
}

type keyHeap []*KeyState

func (h keyHeap) Len() int           { return len(h) }
func (h keyHeap) Less(i, j int) bool { return h[i].Due < h[j].Due }
func (h keyHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i]; h[i].heap, h[j].heap = i, j }

func (h *keyHeap) Push(x any) {
	k := x.(*KeyState)
	k.heap = len(*h)
	*h = append(*h, k)
}

func (h *keyHeap) Pop() any {
	old := *h
	k := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return k
}
