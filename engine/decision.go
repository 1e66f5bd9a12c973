package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/protocol"
)

// requestStage asks the Metadata Adapters, which may block, from a fixed pool of
// goroutines: whether a client may connect, and what a subscription stands for.
// Its queue is bounded; who finds it full waits at its loop, or is refused.
type requestStage struct {
	queue   chan *decision
	timeout time.Duration
	loops   []*Loop
	starved atomic.Bool // somebody found the queue full
	stats   requestStats
}

type requestStats struct {
	decided  atomic.Uint64
	refused  atomic.Uint64
	timeouts atomic.Uint64
	full     atomic.Uint64
	busy     atomic.Int64 // nanoseconds in adapters
}

// decision is a question to the Metadata Adapter, and then the answer, by session
// id to the session's home.
type decision struct {
	kind    decisionKind
	loop    *Loop
	session string
	set     *adapterSet

	link   *Link // login
	create protocol.Create
	login  adapters.Login
	permit adapters.Permit

	request      *request // subscription
	subscription *subscription
	source       *source
	interest     adapters.Interest
	resolution   adapters.Resolution

	// code and text say why it is refused; 0 if it is not.
	code int
	text string
}

type decisionKind uint8

const (
	decideLogin decisionKind = iota + 1
	decideSubscription
)

func newRequestStage(cfg *Config) *requestStage {
	return &requestStage{queue: make(chan *decision, cfg.RequestQueue), timeout: cfg.MetadataTimeout}
}

// submit asks a question, and reports whether there was room. Any loop.
func (r *requestStage) submit(d *decision) bool {
	for range 2 { // the second time to see whether somebody made room before he saw the wish
		select {
		case r.queue <- d:
			return true
		default:
			r.starved.Store(true)
		}
	}
	r.stats.full.Add(1)
	return false
}

// work answers questions until ctx is done.
func (r *requestStage) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case d := <-r.queue:
			r.step(ctx, d)
		}
	}
}

// step answers one question. When the adapter takes too long, the client gets its
// answer on time and what the adapter says later is dropped.
func (r *requestStage) step(ctx context.Context, d *decision) {
	if r.starved.CompareAndSwap(true, false) {
		for _, l := range r.loops {
			l.wake()
		}
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	var once sync.Once
	overdue := context.AfterFunc(ctx, func() {
		once.Do(func() {
			late := *d
			late.code, late.text = protocol.ReqMetadata, "The metadata adapter did not answer in time"
			if d.kind == decideLogin {
				late.code = protocol.ConnAuthUnavailable
			}
			r.stats.timeouts.Add(1)
			d.loop.post(&late)
		})
	})
	began := time.Now()
	answer := *d
	answer.ask(ctx)
	r.stats.busy.Add(int64(time.Since(began)))
	overdue()
	once.Do(func() {
		r.stats.decided.Add(1)
		if answer.code != 0 {
			r.stats.refused.Add(1)
		}
		d.loop.post(&answer)
	})
}

// arrive takes the answer to the session.
func (d *decision) arrive(l *Loop) {
	if d.kind == decideLogin {
		l.loggedIn(d)
	} else {
		l.subscribed(d)
	}
}

func (d *decision) ask(ctx context.Context) {
	var err error
	if d.kind == decideLogin {
		d.permit, err = d.set.metadata.Authenticate(ctx, d.login)
		if err != nil {
			d.code, d.text = d.set.refuseLogin(err)
		}
		return
	}
	d.resolution, err = d.set.metadata.Resolve(ctx, d.interest)
	if err == nil {
		err = d.check()
	}
	if err != nil {
		d.code, d.text = d.set.refuseSubscription(err)
	}
}

// check holds a resolution against the limits and against what the Data Adapter
// knows of its items.
func (d *decision) check() error {
	limits := &d.set.engine.cfg.Limits
	items, fields := d.resolution.Items, d.resolution.Fields
	switch {
	case len(items) > limits.Items:
		return &protocol.Error{Code: protocol.ReqGroup, Text: tooMany("items", "items_per_subscription", limits.Items)}
	case len(fields) > limits.Fields:
		return &protocol.Error{Code: protocol.ReqSchema, Text: tooMany("fields", "fields_per_subscription", limits.Fields)}
	case d.interest.Mode == adapters.Command && !slices.Contains(fields, adapters.KeyField):
		return &protocol.Error{Code: protocol.ReqNoKeyField, Text: "A COMMAND subscription needs the field key"}
	case d.interest.Mode == adapters.Command && !slices.Contains(fields, adapters.CommandField):
		return &protocol.Error{Code: protocol.ReqNoCommandField, Text: "A COMMAND subscription needs the field command"}
	case d.resolution.MaxFrequency > 0 && d.interest.Mode != adapters.Raw && d.subscription.unfiltered:
		return &protocol.Error{Code: protocol.ReqUnfilteredLimited, Text: "Unfiltered is not allowed: the frequency is limited"}
	}
	for _, item := range items {
		traits, err := d.source.describe(item)
		switch {
		case errors.Is(err, adapters.ErrUnknownItem):
			return &protocol.Error{Code: protocol.ReqGroup, Text: fmt.Sprintf("Item %q not found", item)}
		case err != nil:
			return err
		case traits.Modes != 0 && d.interest.Mode != adapters.Raw && !traits.Modes.Has(d.interest.Mode):
			return &protocol.Error{Code: protocol.ReqMode, Text: fmt.Sprintf("Mode %v not allowed for item %q", d.interest.Mode, item)}
		}
	}
	return nil
}
