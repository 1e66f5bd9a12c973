// Package load is a feed for benchmarks: items that tick at a fixed rate and say in
// their fields when, so that a client at the other end can tell how long an update
// took, and whether one is missing.
//
// Its items are item0, item1, … (MERGE). Fields:
//
//   - seq: the number of the tick of this item, from 1 up, with no gaps. The
//     snapshot of an item just wanted has that of the last tick.
//   - sent: when the adapter called, in nanoseconds since 1970. It is taken before
//     the call that may wait, so that waiting counts.
//   - f2, f3, …: filler of a fixed length, all of it different at each tick.
//
// Two more items serve whoever runs the benchmark over the wire:
//
//   - $lag: how late the adapter called, measured against its schedule, since the
//     item was wanted: count, p50, p99, p999 and max, in nanoseconds, every second
//   - $rest: while somebody wants it, nothing ticks, and no tick is made up for
//     later. It has one field, ticks: how many there were
//
// With Rooms as the Metadata Adapter, clients make items tick by what they say to
// them.
//
// A feed that is late catches up: it never leaves a tick out.
package load
