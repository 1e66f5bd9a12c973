package engine

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	simSeeds = flag.Int("sim.seeds", 300, "seeds that the simulation runs")
	simFirst = flag.Uint64("sim.first", 1, "the first of them")
	simTrace = flag.Bool("sim.trace", false, "print what the clients see of the first seed")
)

// The laws that the simulation holds, as its report names them.
var simLaws = []string{
	"at rest every client's picture equals the last-value cache (MERGE, DISTINCT, COMMAND)",
	"RAW and unfiltered DISTINCT have no gap that an OV does not tell",
	"an item never goes backwards for a client",
	"client and server count the same data lines",
	"a line never breaks the protocol: SUBOK first, first update explicit, EOS once, nothing after UNSUB or LOOP",
	"what a feed says through a handle whose life is over is never seen",
	"memory stays inside its bounds",
	"a selector lets through what it selects, and a client ends with what was selected last",
	"messages of a sequence are handled in order, and each has one outcome",
	"the notices to the Metadata Adapter fit to each other, and tell what there is",
}

// simulate runs one seed to its end and returns the law that it broke, or "".
func simulate(seed uint64, trace bool) (broke string, w *world) {
	w = newWorld(seed)
	if trace {
		w.trace = []string{}
	}
	defer func() {
		if r := recover(); r != nil {
			v, ok := r.(violation)
			if !ok {
				panic(r)
			}
			broke = v.text
		}
	}()
	for range 1500 + w.IntN(2500) {
		w.act()
		w.checkBounds()
	}
	w.rest()
	w.checkBounds()
	for _, c := range w.clients {
		c.checkRest()
	}
	w.checkNotices()
	return "", w
}

// checkBounds holds that memory stays inside its bounds.
func (w *world) checkBounds() {
	for _, s := range w.engine.shards {
		if s.mem.total > w.engine.cfg.Arenas {
			violate("a shard has %d arenas", s.mem.total)
		}
		for _, it := range s.dynamic {
			if it == nil {
				continue
			}
			for _, v := range it.views {
				if v.log != nil && v.log.Len() > w.engine.cfg.LogEntries {
					violate("a log has %d entries", v.log.Len())
				}
			}
		}
	}
	for _, l := range w.engine.loops {
		for _, s := range l.sessions {
			// one write may be left in the connection, one line may be larger than the limit
			if n := len(s.buf); n > w.engine.cfg.Output+4096 {
				violate("a session's output has %d bytes", n)
			}
			if k := s.link; k != nil && k.conn.Buffered()+len(s.buf) > w.engine.cfg.Output+4096 {
				violate("a connection has %d bytes waiting", k.conn.Buffered()+len(s.buf))
			}
		}
	}
}

func TestSimulation(t *testing.T) {
	if broken != brokenNothing {
		t.Skip("a rule is broken on purpose")
	}
	began := time.Now()
	events, recovered, lived := 0, 0, int64(0)
	for i := range *simSeeds {
		seed := *simFirst + uint64(i)
		broke, w := simulate(seed, *simTrace && i == 0)
		events += w.events
		recovered += w.recovered
		lived += w.lived
		if w.trace != nil {
			w.trace = append(w.trace, w.dump())
			fmt.Fprintln(os.Stderr, strings.Join(w.trace, "\n"))
		}
		if broke != "" {
			t.Fatalf("seed %d: %s\nreplay: go test ./engine -run TestSimulation -sim.seeds 1 -sim.first %d -sim.trace", seed, broke, seed)
		}
	}
	t.Logf("%d seeds, %d actions, %d recoveries, %.1f session-hours in %.1f s; laws held:\n  %s", *simSeeds, events, recovered,
		time.Duration(lived).Hours(), time.Since(began).Seconds(), strings.Join(simLaws, "\n  "))
}

func TestSimulationReplaysExactly(t *testing.T) {
	_, a := simulate(7, true)
	_, b := simulate(7, true)
	if !slices.Equal(a.trace, b.trace) {
		t.Fatal("two runs of one seed differ")
	}
	if len(a.trace) < 100 {
		t.Fatalf("a run of only %d lines", len(a.trace))
	}
}

// dump describes where every subscriber stands, for a seed that failed.
func (w *world) dump() string {
	var b strings.Builder
	for _, c := range w.clients {
		fmt.Fprintf(&b, "client %d: session %s connected %v looped %v count %d\n", c.number, c.session, c.conn != nil, c.looped, c.count)
	}
	for _, l := range w.engine.loops {
		for _, id := range slices.Sorted(maps.Keys(l.sessions)) {
			s := l.sessions[id]
			fmt.Fprintf(&b, "loop %d session %s bound %v room %d out %d asked %d scheduled %v queue %d count %d\n", l.index, id, s.link != nil, s.room, len(s.buf), s.asked, l.scheduled[s.slot], len(s.queue.lines), s.count)
			for _, sub := range s.subscriptions {
				for i := range sub.members {
					m := &sub.members[i]
					fmt.Fprintf(&b, "  sub %d %s state %d token %d joined %v seated %v home %d", sub.id, m.name, m.state, m.token, m.joined, m.fan() != nil, m.home.Load())
					if m.fan() != nil {
						fmt.Fprintf(&b, " have %d ready %v", m.seat().have, m.seat().ready())
					}
					if v := m.sharded.view; v != nil {
						fmt.Fprintf(&b, " | view newest %d seq %d ends %v interval %d pending %v seats %d", v.newest(), v.item.seq, v.ends, v.spec.interval, v.timer.armed, len(v.fans[m.home.Load()].subs))
					}
					fmt.Fprintln(&b)
				}
			}
		}
	}
	for _, s := range w.engine.shards {
		for i, out := range s.outs {
			fmt.Fprintf(&b, "shard %d to loop %d: depth %d held %d starved %v\n", s.index, i, out.depth(), len(s.held[i].views)-s.held[i].first, out.starved.Load())
		}
		fmt.Fprintf(&b, "shard %d: commands %d parts %d\n", s.index, s.commands.depth(), len(s.parts))
	}
	return b.String()
}
