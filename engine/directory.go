package engine

import "sync"

// directory says on which loop a session lives, and counts sessions. Any
// goroutine.
//
// When a session moves, the old loop puts it into the new loop's mail before it
// changes the entry here: who finds the new loop finds the session there.
type directory struct {
	mu        sync.RWMutex
	homes     map[string]int32
	addresses map[string]int // sessions of a client address
	users     map[account]int
	max       int // sessions
	maxEach   int // sessions of one address; 0: no limit
}

func newDirectory(l Limits) *directory {
	return &directory{
		homes: make(map[string]int32), addresses: make(map[string]int), users: make(map[account]int),
		max: l.Sessions, maxEach: l.SessionsPerAddress,
	}
}

// admission is how add answers.
type admission uint8

const (
	admitted admission = iota
	tooManySessions
	tooManyOfAddress
)

// add enters a new session, within the limits.
func (d *directory) add(id, address string, loop int) admission {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.homes) >= d.max {
		return tooManySessions
	}
	if d.maxEach > 0 && d.addresses[address] >= d.maxEach {
		return tooManyOfAddress
	}
	d.homes[id] = int32(loop)
	d.addresses[address]++
	return admitted
}

// move changes where a session lives. It may have come to its end there already.
func (d *directory) move(id string, loop int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.homes[id]; ok {
		d.homes[id] = int32(loop)
	}
}

// remove takes a session out.
func (d *directory) remove(id, address string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.homes, id)
	if d.addresses[address]--; d.addresses[address] <= 0 {
		delete(d.addresses, address)
	}
}

// account is a user of an adapter set.
type account struct{ set, user string }

// enter counts a session of a user that may have most of them, 0 being any number, and
// reports whether it may have this one.
func (d *directory) enter(a account, most int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if most > 0 && d.users[a] >= most {
		return false
	}
	d.users[a]++
	return true
}

// exit ends what enter began.
func (d *directory) exit(a account) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.users[a]--; d.users[a] <= 0 {
		delete(d.users, a)
	}
}

// home returns the loop of a session.
func (d *directory) home(id string) (loop int, ok bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	l, ok := d.homes[id]
	return int(l), ok
}

// len is the number of sessions.
func (d *directory) len() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return len(d.homes)
}
