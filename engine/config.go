package engine

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"
)

// Config is how an engine is set up. The zero value of a field stands for its
// default, unless it says otherwise.
type Config struct {
	Name string // told to clients as SERVNAME; default "Halley"
	// ControlLink is told to clients as the address for all further connections of
	// a session; empty is none.
	ControlLink string

	Loops           int           // event loops; default: one per CPU that no shard has, at least one
	Shards          int           // item shards; default: one per four CPUs
	Inbox           int           // entries from a shard to a loop; default 8192
	Arenas          int           // blocks of 64 KiB for bodies of a shard; default 128
	Recent          int           // bytes of what shards said last that a loop keeps for its next writes; default 16 MiB
	RequestWorkers  int           // calls to Metadata Adapters at a time, and as many about messages; default 4
	RequestQueue    int           // requests that may wait for that, and messages; default 1024
	MetadataTimeout time.Duration // of one call; default 5 s
	ResidentItems   int           // items that a feed may publish; default 1,000,000

	WindowMin      time.Duration // least time between two writes of a session; default 0
	WindowMax      time.Duration // the same under load; default 500 ms
	Output         int           // bytes that may wait for a client; default 64 KiB
	SlowTimeout    time.Duration // a client that reads nothing for so long is let go; default 30 s
	SessionTimeout time.Duration // a session without a connection is kept so long; default 20 s
	Drain          time.Duration // over which sessions are asked to leave; default 5 s

	KeepaliveDefault time.Duration // silence before a PROBE; default 5 s
	KeepaliveMin     time.Duration // least that a client may ask for; default 1 s
	KeepaliveMax     time.Duration // most that a client may ask for; default 60 s
	IdleMax          time.Duration // a poll is held so long at most; default 30 s
	ContentLength    int64         // budget of an HTTP stream without one; default 50 MB
	ContentLengthMin int64         // least that a client may ask for; default 10 kB
	MessageWait      time.Duration // a message waits so long for those before it; default 30 s

	LogEntries int // events kept for slow clients by a view that must not lose; default 1024
	LogBytes   int // bytes of them; default 256 KiB
	Past       int // lines that a session remembers for a client that lost the connection; default 1024
	History    int // events of a DISTINCT item kept as its snapshot; default 30

	Limits Limits
	Log    *slog.Logger // default: discard
}

// Limits are the bounds on what a client may ask for.
type Limits struct {
	Sessions           int // default 20,000
	SessionsPerAddress int // default 100; negative: no limit
	Subscriptions      int // of a session; default 1000
	Requests           int // undecided, of a session; default 1000
	Messages           int // without an outcome, of a session; default 1000
	Selectors          int // different ones of an item; default 16
	Items              int // of a subscription; default 1000
	Fields             int // of a subscription; default 200
	FieldsPerItem      int // names that a feed may use; default 500
	Value              int // bytes; default 256 KiB
}

// complete puts the defaults in.
func (c *Config) complete() {
	orString(&c.Name, "Halley")
	cpus := runtime.GOMAXPROCS(0)
	orInt(&c.Shards, (cpus+3)/4)
	orInt(&c.Loops, max(1, cpus-c.Shards))
	orInt(&c.Inbox, 8192)
	orInt(&c.Arenas, 128)
	orInt(&c.Recent, 16<<20)
	orInt(&c.RequestWorkers, 4)
	orInt(&c.RequestQueue, 1024)
	orInt(&c.MetadataTimeout, 5*time.Second)
	orInt(&c.ResidentItems, 1_000_000)
	orInt(&c.WindowMax, 500*time.Millisecond)
	orInt(&c.Output, 64<<10)
	orInt(&c.SlowTimeout, 30*time.Second)
	orInt(&c.SessionTimeout, 20*time.Second)
	orInt(&c.Drain, 5*time.Second)
	orInt(&c.KeepaliveDefault, 5*time.Second)
	orInt(&c.KeepaliveMin, time.Second)
	orInt(&c.KeepaliveMax, time.Minute)
	orInt(&c.IdleMax, 30*time.Second)
	orInt(&c.ContentLength, 50_000_000)
	orInt(&c.ContentLengthMin, 10_000)
	orInt(&c.MessageWait, 30*time.Second)
	orInt(&c.LogEntries, 1024)
	orInt(&c.LogBytes, 256<<10)
	orInt(&c.Past, 1024)
	orInt(&c.History, 30)
	l := &c.Limits
	orInt(&l.Sessions, 20_000)
	orInt(&l.SessionsPerAddress, 100)
	orInt(&l.Subscriptions, 1000)
	orInt(&l.Requests, 1000)
	orInt(&l.Messages, 1000)
	orInt(&l.Selectors, 16)
	orInt(&l.Items, 1000)
	orInt(&l.Fields, 200)
	orInt(&l.FieldsPerItem, 500)
	orInt(&l.Value, 256<<10)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

func orInt[T int | int64 | time.Duration](p *T, otherwise T) {
	if *p == 0 {
		*p = otherwise
	}
}

func orString(p *string, otherwise string) {
	if *p == "" {
		*p = otherwise
	}
}

// Validate reports all faults of a configuration at once, by the field's name.
func (c *Config) Validate() error {
	var faults []error
	within := func(name string, v, least, most int64) {
		if v < least || v > most {
			faults = append(faults, fmt.Errorf("%s is %d: it must be from %d to %d", name, v, least, most))
		}
	}
	within("Loops", int64(c.Loops), 1, 1024)
	within("Shards", int64(c.Shards), 1, 127)
	within("Inbox", int64(c.Inbox), 4, 1<<20)
	within("Arenas", int64(c.Arenas), 2, 1<<16)
	within("Recent", int64(c.Recent), 1<<10, 1<<30)
	within("Past", int64(c.Past), 1, 1<<20)
	within("RequestWorkers", int64(c.RequestWorkers), 1, 1024)
	within("RequestQueue", int64(c.RequestQueue), 1, 1<<20)
	within("Output", int64(c.Output), 4<<10, 64<<20)
	within("WindowMin", int64(c.WindowMin), 0, int64(c.WindowMax))
	within("KeepaliveMin", int64(c.KeepaliveMin), int64(time.Millisecond), int64(c.KeepaliveMax))
	within("Limits.FieldsPerItem", int64(c.Limits.FieldsPerItem), 1, 1<<15)
	within("Limits.Value", int64(c.Limits.Value), 16, 16<<20)
	return errors.Join(faults...)
}

func (c *Config) sessionTimeout() int64 { return int64(c.SessionTimeout) }

// keepalive returns the milliseconds of silence that a client gets that asked for
// ms, 0 for none.
func (c *Config) keepalive(ms int64) int64 {
	if ms <= 0 {
		return c.KeepaliveDefault.Milliseconds()
	}
	return min(max(ms, c.KeepaliveMin.Milliseconds()), c.KeepaliveMax.Milliseconds())
}

// contentLength returns the budget of an HTTP stream whose client asked for n
// bytes, 0 for none.
func (c *Config) contentLength(n int64) int64 {
	if n < c.ContentLengthMin {
		return c.ContentLength
	}
	return n
}
