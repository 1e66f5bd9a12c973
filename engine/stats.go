package engine

import "github.com/halley-stream/halley/adapters"

// Stats are an engine's figures at one moment. Counts go up from the start.
type Stats struct {
	Sessions   int64
	Transports map[Transport]int64 // bound sessions
	Slow       int64               // sessions whose client does not read
	Loops      []LoopStats
	Shards     []ShardStats
	Sources    []SourceStats
	Requests   RequestStats // logins and subscriptions
	Messages   RequestStats
	Notices    NoticeStats
	Refusals   uint64 // requests answered with an error
	Ends       map[string]uint64
}

// LoopStats are the figures of one event loop. Times are in nanoseconds.
type LoopStats struct {
	Updates   uint64 // update lines appended
	Writes    uint64
	Bytes     uint64
	Lagged    uint64 // times that a subscriber fell behind
	Rationed  uint64 // times that one had to wait for its session's bandwidth
	Recovered uint64 // times that a client went on where it had lost its connection
	Forgotten uint64 // times that it could not, because that was too far back
	Recent    int64  // bytes kept for what was said last
	Lost      uint64 // events told lost
	TooSlow   uint64 // sessions whose client read nothing for too long
	Steps     uint64
	Busy      int64
	Window    int64   // between two writes of a session
	BusyShare float64 // of the last interval
	Inbox     int     // entries that wait
	Mail      int     // messages from other loops and the request stage that wait
}

// ShardStats are the figures of one shard.
type ShardStats struct {
	Items     int64
	Views     uint64
	Conflated map[adapters.Mode]uint64 // ticks that were not emitted on their own
	Held      uint64                   // emissions that found no room
	// Selections are evaluations of selectors, Unselectable those without a result,
	// Selecting the time that they took in nanoseconds.
	Selections, Unselectable uint64
	Selecting                int64
	Commands                 int // that wait
	Parts                    int // of batches, that wait
	Steps                    uint64
	Busy                     int64 // nanoseconds
}

// SourceStats are the figures of one Data Adapter.
type SourceStats struct {
	Name       string // adapter set and data adapter
	Up         bool
	Reason     string // why it is not up, if it is not
	Restarts   uint64
	Updates    uint64
	BadUTF8    uint64 // bytes replaced
	TooLong    uint64 // values cut off
	Late       uint64 // records of a life that was over
	Unknown    uint64 // records of COMMAND items without key or command
	OpenFailed uint64
	Residents  int // published items
	Opening    int // items that wait for a Subscribe or Unsubscribe
}

// RequestStats are the figures of the request stage.
type RequestStats struct {
	Waiting  int
	Decided  uint64
	Refused  uint64
	Timeouts uint64
	Full     uint64 // times that the queue was full
	Busy     int64  // nanoseconds in adapters
}

// Stats returns the engine's figures. Any goroutine.
func (e *Engine) Stats() Stats {
	s := Stats{Transports: make(map[Transport]int64), Ends: make(map[string]uint64), Requests: e.requests.figures(), Messages: e.messages.figures(), Notices: e.witnesses.figures()}
	for _, l := range e.loops {
		st := &l.stats
		s.Sessions += st.sessions.Load()
		s.Slow += st.slow.Load()
		s.Refusals += st.refusals.Load()
		for t := range st.bound {
			s.Transports[Transport(t)] += st.bound[t].Load()
		}
		for i, reason := range [...]string{"client", "life_limit", "other"} {
			s.Ends[reason] += st.ends[i].Load()
		}
		s.Loops = append(s.Loops, l.figures())
	}
	for _, sh := range e.shards {
		s.Shards = append(s.Shards, sh.figures())
	}
	for _, src := range e.sources {
		s.Sources = append(s.Sources, src.figures())
	}
	return s
}

func (l *Loop) figures() LoopStats {
	st := &l.stats
	f := LoopStats{
		Updates: st.updates.Load(), Writes: st.writes.Load(), Bytes: st.bytes.Load(), Lagged: st.lagged.Load(), Rationed: st.rationed.Load(),
		Recovered: st.recovered.Load(), Forgotten: st.forgotten.Load(), Recent: st.recent.Load(),
		Lost: st.lost.Load(), TooSlow: st.tooSlow.Load(), Steps: st.steps.Load(), Busy: st.busy.Load(),
		Window: st.window.Load(), BusyShare: float64(st.share.Load()) / 1000,
	}
	for _, in := range l.ins {
		f.Inbox += in.depth()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f.Mail = len(l.mail)
	return f
}

func (s *shard) figures() ShardStats {
	st := &s.stats
	f := ShardStats{
		Items: st.items.Load(), Views: st.views.Load(), Conflated: make(map[adapters.Mode]uint64),
		Held: st.held.Load(), Commands: s.commands.depth(), Steps: st.steps.Load(), Busy: st.busy.Load(),
		Selections: st.selections.Load(), Unselectable: st.unselectable.Load(), Selecting: st.selecting.Load(),
	}
	for _, m := range []adapters.Mode{adapters.Merge, adapters.Distinct, adapters.Command, adapters.Raw} {
		f.Conflated[m] = st.conflated[m].Load()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Parts = len(s.parts)
	return f
}

func (s *source) figures() SourceStats {
	st := &s.stats
	f := SourceStats{
		Name: s.name, Up: st.up.Load(), Restarts: st.restarts.Load(), Updates: st.updates.Load(), BadUTF8: st.badUTF8.Load(),
		TooLong: st.tooLong.Load(), Late: st.late.Load(), Unknown: st.unknown.Load(), OpenFailed: st.openFailed.Load(),
	}
	if reason := st.reason.Load(); reason != nil && !f.Up {
		f.Reason = *reason
	}
	s.mu.Lock()
	f.Residents = len(s.residents)
	s.mu.Unlock()
	s.open.mu.Lock()
	defer s.open.mu.Unlock()
	f.Opening = s.open.length
	return f
}

func (r *requestStage) figures() RequestStats {
	st := &r.stats
	return RequestStats{
		Waiting: len(r.queue), Decided: st.decided.Load(), Refused: st.refused.Load(), Timeouts: st.timeouts.Load(),
		Full: st.full.Load(), Busy: st.busy.Load(),
	}
}
