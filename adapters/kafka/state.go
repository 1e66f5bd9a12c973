package kafka

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// fault notes that something is wrong with what key names. Any goroutine.
func (r *run) fault(key string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faultLocked(key, err)
}

func (r *run) faultLocked(key string, err error) {
	before := r.faults[key]
	r.faults[key] = err
	if !sameText(before, err) {
		r.log.Warn("kafka: " + err.Error())
		r.poke()
	}
}

// mend notes that nothing is wrong with what key names any more. Any goroutine.
func (r *run) mend(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mendLocked(key)
}

func (r *run) mendLocked(key string) {
	if r.faults[key] != nil {
		delete(r.faults, key)
		r.log.Info("kafka: " + key + " is back")
		r.poke()
	}
}

// settle looks whether the last values are rebuilt, and tells the feed how things
// stand.
func (r *run) settle(ctx context.Context) error {
	now := time.Now()
	rebuilt := r.isRebuilt()
	w := &r.watch
	switch {
	case rebuilt:
		w.rebuildBy, w.gaveUp = time.Time{}, false
	case w.gaveUp:
	case w.rebuildBy.IsZero(): // again, for a topic that was made again
		w.rebuildBy = now.Add(r.cfg.SnapshotTimeout)
	case !now.Before(w.rebuildBy):
		w.rebuildBy, w.gaveUp = time.Time{}, true
		r.log.Warn("the last values are not complete yet; they are shown as they are", "after", r.cfg.SnapshotTimeout.String(), "lag", r.lag())
	}
	if err := r.finish(ctx, rebuilt, w.gaveUp); err != nil {
		return err
	}
	reason := r.worst()
	if reason == nil && !rebuilt && !w.gaveUp {
		reason = errRebuilding
	}
	r.tell(reason, now)
	return nil
}

// isRebuilt reports whether all partitions have come to where they ended when
// reading them began.
func (r *run) isRebuilt() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.topics {
		if !t.known {
			return false
		}
		for _, p := range t.partitions {
			if !p.rebuilt.Load() {
				return false
			}
		}
	}
	return true
}

// lag returns how many offsets are still to be read.
func (r *run) lag() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	var lag int64
	for _, t := range r.topics {
		for _, p := range t.partitions {
			lag += p.lag.Load()
		}
	}
	return lag
}

// finish ends the snapshots when the last values are rebuilt for the first time, or
// nobody wants to wait for them any more.
func (r *run) finish(ctx context.Context, rebuilt, gaveUp bool) error {
	r.mu.Lock()
	was, ended := r.rebuilt, r.rebuilt || r.partial
	r.rebuilt, r.partial = rebuilt, gaveUp
	r.mu.Unlock()
	if rebuilt && !was {
		r.log.Info("the last values are rebuilt", "records", r.stats.records.Load(), "took", time.Since(r.began).Round(time.Millisecond).String())
	}
	if ended || !rebuilt && !gaveUp {
		return nil
	}
	return r.say(ctx, r.items.finish(), adapters.Batch.EndOfSnapshot)
}

// worst returns what is wrong, or nil: the first fault, by name.
func (r *run) worst() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	keys := slices.Sorted(maps.Keys(r.faults))
	switch len(keys) {
	case 0:
		return nil
	case 1:
		return r.faults[keys[0]]
	}
	return fmt.Errorf("%w (and %d more)", r.faults[keys[0]], len(keys)-1)
}

// tell tells the feed how things stand: reason is nil when all is well. That
// something is wrong it tells only when it has been so for a while, except at the
// beginning.
func (r *run) tell(reason error, now time.Time) {
	w := &r.watch
	if reason == nil {
		w.since = time.Time{}
		if !w.said || w.told != nil {
			w.said, w.told = true, nil
			r.feed.Up()
		}
		return
	}
	up := w.said && w.told == nil
	if up && w.since.IsZero() {
		w.since = now
	}
	if up && now.Sub(w.since) < grace || w.said && sameText(w.told, reason) {
		return
	}
	w.said, w.told, w.since = true, reason, time.Time{}
	r.feed.Down(reason)
}

// tellAt returns when the feed has to be told that something is wrong, or zero.
func (w *watch) tellAt() time.Time {
	if w.since.IsZero() {
		return time.Time{}
	}
	return w.since.Add(grace)
}

// sameText reports whether two errors say the same to a person. Numbers do not
// count: they are ports, which differ each time.
func sameText(a, b error) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	digits := func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}
	return strings.Map(digits, a.Error()) == strings.Map(digits, b.Error())
}
