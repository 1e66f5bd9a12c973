package engine

import "sync"

// directory says on which loop a session lives, and counts sessions. Any
// goroutine.
//
// When a session moves, the old loop puts it into the new loop's mail before it
// changes the entry here: who finds the new loop finds the session there.
type directory struct {
	mu        sync.RWMutex
	homes     map[string]home
	addresses map[string]int // sessions of a client address
	users     map[account]*user
	max       int // sessions
	maxEach   int // sessions of one address; 0: no limit
}

// home is what the directory knows of a session.
type home struct {
	loop int32
	user *user // whose it is; nil until it counts among the user's sessions
}

// account names a user of an adapter set.
type account struct{ set, user string }

// user is one who has sessions.
type user struct {
	account  account
	sessions int
}

func newDirectory(l Limits) *directory {
	return &directory{
		homes: make(map[string]home), addresses: make(map[string]int), users: make(map[account]*user),
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
	d.homes[id] = home{loop: int32(loop)}
	d.addresses[address]++
	return admitted
}

// move changes where a session lives. It may have come to its end there already.
func (d *directory) move(id string, loop int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if h, ok := d.homes[id]; ok {
		h.loop = int32(loop)
		d.homes[id] = h
	}
}

// remove takes a session out.
func (d *directory) remove(id, address string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if u := d.homes[id].user; u != nil {
		if u.sessions--; u.sessions == 0 {
			delete(d.users, u.account)
		}
	}
	delete(d.homes, id)
	if d.addresses[address]--; d.addresses[address] <= 0 {
		delete(d.addresses, address)
	}
}

// enter counts a session among those of its account, which may have most of them, 0
// being any number. One too many is let in only in the place of an old one of the same
// account, which then has to end; there is one such at a time.
func (d *directory) enter(id string, a account, most int, old string) (ok, replaces bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	u := d.users[a]
	if u != nil && most > 0 && u.sessions >= most {
		if u.sessions > most || d.homes[old].user != u {
			return false, false
		}
		replaces = true
	}
	if u == nil {
		u = &user{account: a}
		d.users[a] = u
	}
	h := d.homes[id]
	h.user = u
	d.homes[id] = h
	u.sessions++
	return true, replaces
}

// home returns the loop of a session.
func (d *directory) home(id string) (loop int, ok bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	h, ok := d.homes[id]
	return int(h.loop), ok
}

// len is the number of sessions.
func (d *directory) len() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return len(d.homes)
}
