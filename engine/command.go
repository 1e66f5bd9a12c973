package engine

import "sync"

// command is what a loop asks of a shard about one subscriber. It hangs on the
// subscriber, at most one at a time, the newest wins: so the list of commands needs
// no capacity and cannot be full.
type command struct {
	next  *command // in the list of those that are free
	leave bool
	loop  int32
	token uint32
	// have is the number of the last line that the subscriber got, from view.
	have uint64
	view *view
	// join says that it has not been answered yet.
	join bool
	// owed says that it wants the newest values now, not only what comes.
	owed bool
	// end says that it waits for the end of the snapshot.
	end bool
	// interval is the pace wanted, in nanoseconds.
	interval int64
	// size is how many bytes the answer may have before it is cut.
	size int32
	// snapshot is where a snapshot in pieces has come to, or nil.
	snapshot *snapshotPlace
}

// snapshotPlace is a place in a COMMAND snapshot that is sent in pieces. It is not
// changed after it was made.
type snapshotPlace struct {
	// cursor is the ordinal of the last key sent, until that of the last to send.
	cursor, until uint64
}

// ahead reports whether a key is still to be sent: what becomes of it until then is
// not told.
func (p *snapshotPlace) ahead(ordinal uint64) bool {
	return p != nil && ordinal > p.cursor && ordinal <= p.until
}

// commands is what the loops ask of a shard, one list per loop, linked through the
// subscribers. Any loop may post; the shard takes.
type commands struct {
	mu    sync.Mutex
	lists []commandList
	free  *command // to be used again
	kept  int      // of them
}

// commandsKept is how many commands that are done with keep their memory.
const commandsKept = 1024

type commandList struct {
	first, last *subscriber
	length      int
}

// post leaves a command for a subscriber, in the place of one that it has.
func (c *commands) post(sub *subscriber, cmd command) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if sub.cmd != nil { // it is on a list
		*sub.cmd = cmd
		return
	}
	if sub.cmd = c.free; sub.cmd != nil {
		c.free = sub.cmd.next
		c.kept--
	} else {
		sub.cmd = new(command)
	}
	*sub.cmd = cmd
	c.queue(sub)
}

// queue puts a subscriber at the end of its loop's list. The caller holds mu.
func (c *commands) queue(sub *subscriber) {
	sub.nextCmd = nil
	list := &c.lists[sub.cmd.loop]
	if list.last != nil {
		list.last.nextCmd = sub
	} else {
		list.first = sub
	}
	list.last = sub
	list.length++
}

// take removes the oldest command of a loop, or returns nil. The subscriber of one
// for another loop has moved since it was put on the list: it goes to the end of
// that loop's, and moved says that there is something there.
func (c *commands) take(loop int) (sub *subscriber, cmd command, moved bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := &c.lists[loop]
	for sub = list.first; sub != nil; sub = list.first {
		if list.first = sub.nextCmd; list.first == nil {
			list.last = nil
		}
		list.length--
		if int(sub.cmd.loop) == loop {
			cmd = *sub.cmd
			c.forget(sub)
			return sub, cmd, moved
		}
		moved = true
		c.queue(sub)
	}
	return nil, command{}, moved
}

// forget takes a subscriber's command from it. The caller holds mu.
func (c *commands) forget(sub *subscriber) {
	if c.kept < commandsKept {
		*sub.cmd = command{next: c.free}
		c.free = sub.cmd
		c.kept++
	}
	sub.cmd, sub.nextCmd = nil, nil
}

// depth is the number of commands that wait. Any goroutine.
func (c *commands) depth() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for i := range c.lists {
		n += c.lists[i].length
	}
	return n
}
