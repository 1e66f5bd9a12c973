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
	"github.com/halley-stream/halley/conflation/selector"
	"github.com/halley-stream/halley/protocol"
)

// requestStage asks the Metadata Adapters, which may block, from a fixed pool of
// goroutines: whether a client may connect, and what a subscription stands for.
// There is another one for messages, so that neither waits for the other. The queue
// is bounded; who finds it full waits at its loop, or is refused.
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

	link     *Link // login
	create   protocol.Create
	login    adapters.Login
	permit   adapters.Permit
	ends     int64   // when that is over; 0: never
	wishes   []*wish // that came with it
	messages []*protocol.MessageRequest
	expires  int64 // when the client gives it up; 0: not known

	request *request // subscription
	wish    *wish

	note    *note // message
	message adapters.Message
	answer  string

	refused bool
	code    int // why
	text    string
}

// refuse makes the decision that it is not granted.
func (d *decision) refuse(code int, text string) { d.refused, d.code, d.text = true, code, text }

// wish is a subscription that a client asks for, and what the Metadata Adapter
// makes of it.
type wish struct {
	subscription *subscription
	interest     adapters.Interest
	resolution   adapters.Resolution
	selector     *selector.Selector // or nil
}

func newWish(sub *subscription, asked protocol.Add) *wish {
	return &wish{subscription: sub, interest: adapters.Interest{
		User: sub.session.user, Grant: sub.session.grant, DataAdapter: asked.DataAdapter, Group: asked.Group, Schema: asked.Schema,
		Mode: sub.mode, Selector: asked.Selector,
	}}
}

type decisionKind uint8

const (
	decideLogin decisionKind = iota + 1
	decideSubscription
	decideMessage
)

func newRequestStage(cfg *Config) *requestStage {
	return &requestStage{queue: make(chan *decision, cfg.RequestQueue), timeout: cfg.MetadataTimeout}
}

// stage returns the stage that decides on what is of a kind.
func (e *Engine) stage(kind decisionKind) *requestStage {
	if kind == decideMessage {
		return e.messages
	}
	return e.requests
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
			late.overdue()
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
		if answer.refused {
			r.stats.refused.Add(1)
		}
		d.loop.post(&answer)
	})
}

// overdue makes the decision that no answer in time is.
func (d *decision) overdue() {
	code := protocol.ReqMetadata
	switch d.kind {
	case decideLogin:
		code = protocol.ConnAuthUnavailable
	case decideMessage:
		code = protocol.ReqMessageFailed
	}
	d.refuse(code, "The metadata adapter did not answer in time")
}

// arrive takes the answer to the session.
func (d *decision) arrive(l *Loop) {
	switch d.kind {
	case decideLogin:
		l.loggedIn(d)
	case decideSubscription:
		l.subscribed(d)
	case decideMessage:
		l.heard(d)
	}
}

// ask asks the Metadata Adapter.
func (d *decision) ask(ctx context.Context) {
	switch d.kind {
	case decideLogin:
		d.askLogin(ctx)
	case decideSubscription:
		if err := d.wish.resolve(ctx, d.set); err != nil {
			d.refuse(d.set.refuseSubscription(err))
		}
	case decideMessage:
		d.askMessage(ctx)
	}
}

func (d *decision) askLogin(ctx context.Context) {
	var err error
	if d.expires > 0 && d.set.engine.clock() > d.expires {
		d.refuse(protocol.ConnOverloaded, "Server overloaded")
		return
	}
	if d.permit, err = d.set.authenticate(ctx, d.login); err != nil {
		d.refuse(d.set.refuseLogin(err))
		return
	}
	if !d.permit.Expires.IsZero() {
		left := time.Until(d.permit.Expires)
		if left <= 0 { // else the client would come back again and again
			d.refuse(protocol.ConnCredentials, "The permit is over")
			return
		}
		d.ends = after(d.set.engine.clock(), left)
	}
	if most := d.permit.MaxSubscriptions; most > 0 && len(d.wishes) > most {
		d.refuse(protocol.ConnCombo, tooManyOfUser(most))
		return
	}
	for _, w := range d.wishes {
		w.interest.User, w.interest.Grant = d.permit.User, d.permit.Grant
		if err = w.resolve(ctx, d.set); err != nil {
			_, text := d.set.refuseSubscription(err)
			d.refuse(protocol.ConnCombo, text)
			return
		}
	}
}

// answerMax is how many bytes the answer to a message may have.
const answerMax = 16 << 10

func (d *decision) askMessage(ctx context.Context) {
	var err error
	if d.answer, err = d.set.messages.Message(ctx, d.message); err == nil && len(d.answer) > answerMax {
		err = fmt.Errorf("the answer has %d bytes, more than %d", len(d.answer), answerMax)
	}
	if err != nil {
		d.refuse(d.set.refuseMessage(err))
	}
}

// resolve asks what a subscription stands for.
func (w *wish) resolve(ctx context.Context, set *adapterSet) (err error) {
	if w.resolution, err = set.resolve(ctx, w.interest); err != nil {
		return err
	}
	if err = w.check(&set.engine.cfg.Limits); err != nil || w.interest.Selector == "" {
		return err
	}
	return w.selects(set.engine)
}

// check holds a resolution against the limits and against what the Data Adapter
// knows of its items.
func (w *wish) check(limits *Limits) error {
	items, fields := w.resolution.Items, w.resolution.Fields
	switch {
	case len(items) > limits.Items:
		return &protocol.Error{Code: protocol.ReqGroup, Text: tooMany("items", "items_per_subscription", limits.Items)}
	case len(fields) > limits.Fields:
		return &protocol.Error{Code: protocol.ReqSchema, Text: tooMany("fields", "fields_per_subscription", limits.Fields)}
	case w.interest.Mode == adapters.Command && !slices.Contains(fields, adapters.KeyField):
		return &protocol.Error{Code: protocol.ReqNoKeyField, Text: "A COMMAND subscription needs the field key"}
	case w.interest.Mode == adapters.Command && !slices.Contains(fields, adapters.CommandField):
		return &protocol.Error{Code: protocol.ReqNoCommandField, Text: "A COMMAND subscription needs the field command"}
	case w.resolution.MaxFrequency > 0 && w.interest.Mode != adapters.Raw && w.subscription.unfiltered:
		return &protocol.Error{Code: protocol.ReqUnfilteredLimited, Text: "Unfiltered is not allowed: the frequency is limited"}
	}
	for _, item := range items {
		traits, err := w.subscription.source.describe(item)
		switch {
		case errors.Is(err, adapters.ErrUnknownItem):
			return &protocol.Error{Code: protocol.ReqGroup, Text: fmt.Sprintf("Item %q not found", item)}
		case err != nil:
			return err
		case traits.Modes != 0 && w.interest.Mode != adapters.Raw && !traits.Modes.Has(w.interest.Mode):
			return &protocol.Error{Code: protocol.ReqMode, Text: fmt.Sprintf("Mode %v not allowed for item %q", w.interest.Mode, item)}
		}
	}
	return nil
}
