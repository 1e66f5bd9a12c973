package engine

import "sync"

// command is what a loop asks of a shard about one subscriber. It lies in the
// subscriber's own record, at most one at a time, the newest wins: so the list of
// commands needs no capacity and cannot be full.
type command struct {
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
	// snapshot is where a snapshot in pieces has come to, or nil.
	snapshot *snapshotPlace
}

// snapshotPlace is a place in a COMMAND snapshot that is sent in pieces. It is not
// changed after it was made.
type snapshotPlace struct {
	// from is the view's number when the snapshot began: it ends with a catch-up
	// from there.
	from uint64
	// cursor is the ordinal of the last key sent, until that of the last to send.
	cursor, until uint64
}

// commands is what the loops ask of a shard, one list per loop, linked through the
// subscribers. Any loop may post; the shard takes.
type commands struct {
	mu    sync.Mutex
	lists []commandList
}

type commandList struct {
	first, last *subscriber
	length      int
}

// post leaves a command in a subscriber's record and returns whether the shard
// should be woken.
func (c *commands) post(sub *subscriber, cmd command) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sub.cmd = cmd
	c.queue(sub)
}

// queue puts a subscriber at the end of its loop's list, unless it is on one. The
// caller holds mu.
func (c *commands) queue(sub *subscriber) {
	if sub.queued {
		return
	}
	sub.queued, sub.nextCmd = true, nil
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
		sub.queued, sub.nextCmd = false, nil
		if int(sub.cmd.loop) == loop {
			return sub, sub.cmd, moved
		}
		moved = true
		c.queue(sub)
	}
	return nil, command{}, moved
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
