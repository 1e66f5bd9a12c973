package conflation

// Recency holds the keys of a COMMAND view by the number of their last release,
// the newest last, so that what a receiver lacks is found from the end without
// looking at the rest. The zero Recency is empty.
type Recency struct {
	head, tail *KeyState
}

// KeyState is what a view knows of one key.
type KeyState struct {
	Row *Keyed
	// Version is the number under which the key's row was last released.
	Version uint64
	// Due is when the key may be released again, in nanoseconds; only with a pace.
	Due int64
	// Pending says that the row has changed and waits for Due.
	Pending bool

	prev, next *KeyState
	heap       int // index in Pending, while pending
}

// Touch gives a key the newest number and moves it to the end.
func (r *Recency) Touch(k *KeyState, version uint64) {
	r.Remove(k)
	k.Version = version
	k.prev = r.tail
	if r.tail != nil {
		r.tail.next = k
	} else {
		r.head = k
	}
	r.tail = k
}

// Remove takes a key out; one that is not in stays out.
func (r *Recency) Remove(k *KeyState) {
	if k.prev == nil && k.next == nil && r.head != k {
		return
	}
	if k.prev != nil {
		k.prev.next = k.next
	} else {
		r.head = k.next
	}
	if k.next != nil {
		k.next.prev = k.prev
	} else {
		r.tail = k.prev
	}
	k.prev, k.next = nil, nil
}

// After returns the first key released after version, or nil. It costs as many
// steps as there are such keys.
func (r *Recency) After(version uint64) *KeyState {
	var found *KeyState
	for k := r.tail; k != nil && k.Version > version; k = k.prev {
		found = k
	}
	return found
}

// Next returns the key released next after k, or nil.
func (k *KeyState) Next() *KeyState { return k.next }
