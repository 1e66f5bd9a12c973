package main

import (
	"strconv"

	"github.com/halley-stream/halley/engine"
	"github.com/halley-stream/halley/engine/transport"
	"github.com/halley-stream/halley/internal/metrics"
)

const second = 1e9 // in the engine's nanoseconds

// collectEngine says what the engine counts. Labels come from the configuration,
// never from clients or items.
func collectEngine(w *metrics.Writer, s engine.Stats) {
	bound := int64(0)
	sessions := w.Gauge("halley_sessions", "Sessions by how they are connected; unbound ones wait for their client to come back.")
	for t, n := range s.Transports {
		sessions.AddInt(n, "transport", t.String())
		bound += n
	}
	sessions.AddInt(s.Sessions-bound, "transport", "unbound")
	w.Gauge("halley_slow_sessions", "Sessions whose client does not read at the moment.").AddInt(s.Slow)
	w.Counter("halley_refusals_total", "Requests answered with an error.").AddInt(int64(s.Refusals))
	ends := w.Counter("halley_session_ends_total", "Sessions ended with a reason told to the client.")
	for reason, n := range s.Ends {
		ends.AddInt(int64(n), "reason", reason)
	}
	for i, l := range s.Loops {
		collectLoop(w, l, strconv.Itoa(i))
	}
	for i, sh := range s.Shards {
		collectShard(w, sh, strconv.Itoa(i))
	}
	for _, src := range s.Sources {
		collectSource(w, src)
	}
	collectRequests(w, s.Requests, "request")
	collectRequests(w, s.Messages, "message")
	w.Gauge("halley_notices_waiting", "Changes of sessions and subscriptions that wait to be told to a Metadata Adapter.").AddInt(int64(s.Notices.Waiting))
	w.Counter("halley_notices_told_total", "Changes of sessions and subscriptions told to Metadata Adapters.").AddInt(int64(s.Notices.Told))
	w.Counter("halley_notices_lost_total", "Changes left out because a Metadata Adapter was too slow for them.").AddInt(int64(s.Notices.Lost))
}

func collectLoop(w *metrics.Writer, l engine.LoopStats, loop string) {
	w.Counter("halley_updates_out_total", "Updates appended to the clients' output.").AddInt(int64(l.Updates), "loop", loop)
	w.Counter("halley_writes_total", "Writes to connections.").AddInt(int64(l.Writes), "loop", loop)
	w.Counter("halley_bytes_out_total", "Bytes written, before framing.").AddInt(int64(l.Bytes), "loop", loop)
	w.Counter("halley_lagged_total", "Times that a subscriber fell behind and synced.").AddInt(int64(l.Lagged), "loop", loop)
	w.Counter("halley_rationed_total", "Times that an update had to wait for its session's bandwidth.").AddInt(int64(l.Rationed), "loop", loop)
	w.Counter("halley_updates_lost_total", "Events that clients were told they lost.").AddInt(int64(l.Lost), "loop", loop)
	w.Counter("halley_slow_disconnects_total", "Clients disconnected because they read nothing for too long.").AddInt(int64(l.TooSlow), "loop", loop)
	recoveries := w.Counter("halley_recoveries_total", "Clients that went on where they had lost their connection, and those that could not.")
	recoveries.AddInt(int64(l.Recovered), "loop", loop, "result", "recovered")
	recoveries.AddInt(int64(l.Forgotten), "loop", loop, "result", "refused")
	w.Gauge("halley_loop_recent_bytes", "Memory for the updates that came last, until all sessions have been written to.").AddInt(l.Recent, "loop", loop)
	w.Gauge("halley_loop_window_seconds", "Time between two writes of a session.").Add(float64(l.Window)/second, "loop", loop)
	w.Gauge("halley_loop_busy_ratio", "Share of the last interval that the loop was busy.").Add(l.BusyShare, "loop", loop)
	w.Counter("halley_loop_busy_seconds_total", "Time spent in steps.").Add(float64(l.Busy)/second, "loop", loop)
	w.Counter("halley_loop_steps_total", "Steps made.").AddInt(int64(l.Steps), "loop", loop)
	w.Gauge("halley_loop_queue", "Entries from the shards that wait for the loop.").AddInt(int64(l.Inbox), "loop", loop)
	w.Gauge("halley_loop_mail", "Messages from other loops and the request stage that wait for the loop.").AddInt(int64(l.Mail), "loop", loop)
}

func collectShard(w *metrics.Writer, s engine.ShardStats, shard string) {
	w.Gauge("halley_items", "Items in the last-value cache.").AddInt(s.Items, "shard", shard)
	w.Gauge("halley_views", "Views: what subscribers of an item share.").AddInt(int64(s.Views), "shard", shard)
	conflated := w.Counter("halley_updates_conflated_total", "Changes that were not sent on their own, but merged into a later one.")
	for mode, n := range s.Conflated {
		conflated.AddInt(int64(n), "shard", shard, "mode", mode.String())
	}
	w.Counter("halley_shard_held_total", "Emissions that found a loop's inbox full and were made later.").AddInt(int64(s.Held), "shard", shard)
	w.Counter("halley_selections_total", "Evaluations of selectors.").AddInt(int64(s.Selections), "shard", shard)
	w.Counter("halley_selection_errors_total", "Of them, those without a result, such as a comparison of a text with a number: not selected.").AddInt(int64(s.Unselectable), "shard", shard)
	w.Counter("halley_selection_seconds_total", "Time spent in them.").Add(float64(s.Selecting)/second, "shard", shard)
	w.Gauge("halley_shard_commands", "Syncs that wait for the shard.").AddInt(int64(s.Commands), "shard", shard)
	w.Gauge("halley_shard_batches", "Batches of updates that wait for the shard.").AddInt(int64(s.Parts), "shard", shard)
	w.Counter("halley_shard_busy_seconds_total", "Time spent in steps.").Add(float64(s.Busy)/second, "shard", shard)
	w.Counter("halley_shard_steps_total", "Steps made.").AddInt(int64(s.Steps), "shard", shard)
}

func collectSource(w *metrics.Writer, s engine.SourceStats) {
	name := s.Name
	w.Gauge("halley_adapter_up", "Whether the source of a Data Adapter is there.").AddBool(s.Up, "adapter", name)
	w.Counter("halley_adapter_restarts_total", "Times that a Data Adapter ended and was started again.").AddInt(int64(s.Restarts), "adapter", name)
	w.Counter("halley_updates_in_total", "Updates taken from a Data Adapter.").AddInt(int64(s.Updates), "adapter", name)
	w.Counter("halley_updates_late_total", "Updates for a subscription of an item that is over; dropped.").AddInt(int64(s.Late), "adapter", name)
	w.Counter("halley_updates_keyless_total", "Updates of COMMAND items without key or command; dropped.").AddInt(int64(s.Unknown), "adapter", name)
	w.Counter("halley_invalid_utf8_total", "Bytes replaced because they were not UTF-8.").AddInt(int64(s.BadUTF8), "adapter", name)
	w.Counter("halley_values_cut_total", "Values cut off at limits.value.").AddInt(int64(s.TooLong), "adapter", name)
	w.Counter("halley_subscribe_errors_total", "Subscribe calls that a Data Adapter refused.").AddInt(int64(s.OpenFailed), "adapter", name)
	w.Gauge("halley_items_published", "Items that a Data Adapter keeps without subscribers.").AddInt(int64(s.Residents), "adapter", name)
	w.Gauge("halley_items_opening", "Items that wait for a Subscribe or Unsubscribe call.").AddInt(int64(s.Opening), "adapter", name)
}

// collectRequests says what becomes of requests to the Metadata Adapters: logins and
// subscriptions ("request"), or messages.
func collectRequests(w *metrics.Writer, r engine.RequestStats, kind string) {
	w.Gauge("halley_requests_waiting", "Requests that wait for a Metadata Adapter.").AddInt(int64(r.Waiting), "kind", kind)
	w.Counter("halley_requests_decided_total", "Requests that a Metadata Adapter decided.").AddInt(int64(r.Decided), "kind", kind)
	w.Counter("halley_requests_refused_total", "Of them, those that it refused.").AddInt(int64(r.Refused), "kind", kind)
	w.Counter("halley_requests_overdue_total", "Requests that no Metadata Adapter answered in time.").AddInt(int64(r.Timeouts), "kind", kind)
	w.Counter("halley_requests_full_total", "Times that the queue of requests was full.").AddInt(int64(r.Full), "kind", kind)
	w.Counter("halley_requests_busy_seconds_total", "Time spent in Metadata Adapters.").Add(float64(r.Busy)/second, "kind", kind)
}

func collectTransport(w *metrics.Writer, s *transport.Stats) {
	w.Gauge("halley_connections", "Open connections.").AddInt(s.Connections.Load())
	w.Gauge("halley_websockets", "Open connections that are WebSockets.").AddInt(s.WebSockets.Load())
	w.Counter("halley_connections_accepted_total", "Connections accepted.").AddInt(int64(s.Accepted.Load()))
	w.Counter("halley_connections_refused_total", "Connections closed at once: too many, or the server was stopping.").AddInt(int64(s.Refused.Load()))
	w.Counter("halley_requests_total", "HTTP requests and WebSocket messages.").AddInt(int64(s.Requests.Load()))
	w.Counter("halley_bytes_in_total", "Bytes received.").AddInt(int64(s.BytesIn.Load()))
	faults := w.Counter("halley_bad_requests_total", "Requests refused for their form, by HTTP status or WebSocket close code; 0 is any other.")
	for code, n := range s.Faults.All() {
		faults.AddInt(int64(n), "code", strconv.Itoa(code))
	}
}
