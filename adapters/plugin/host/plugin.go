package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// Plugin is a program that is kept running, and the adapters in it. Its methods may be
// called from any goroutine, Run once.
type Plugin struct {
	cfg      Config
	log      *slog.Logger
	data     data
	metadata metadata
	requests chan chan error
	state    place[state]

	wantsData, wantsMetadata atomic.Bool // somebody has asked for that adapter
}

// state is what the adapters see of a plugin.
type state struct {
	life   *life // nil while there is none
	reason error // why there is none
	gaveUp bool  // and there will be none for now
}

var (
	errNotStarted = errors.New("the plugin is being started")
	errStopped    = errors.New("the plugin is being stopped")
)

// New returns the plugin for c, or the faults that c.Validate finds. Nothing is
// started yet.
func New(c Config) (*Plugin, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	p := &Plugin{cfg: c, log: c.Log.With("plugin", c.name()), requests: make(chan chan error)}
	p.data.plugin, p.metadata.plugin = p, p
	p.state.set(state{reason: errNotStarted})
	return p, nil
}

// Name returns what the plugin is called.
func (p *Plugin) Name() string { return p.cfg.name() }

// Data returns the Data Adapter of the plugin, always the same. It belongs to one
// engine, and one name in it. A program without one does not start from then on.
func (p *Plugin) Data() adapters.DataAdapter {
	p.wantsData.Store(true)
	return &p.data
}

// Metadata returns the Metadata Adapter of the plugin, always the same. A program
// without one does not start from then on.
func (p *Plugin) Metadata() adapters.MetadataAdapter {
	p.wantsMetadata.Store(true)
	return &p.metadata
}

// healthyAfter is how long a process must have lived for its failure not to count as
// one in a row.
const healthyAfter = time.Minute

// Run keeps the plugin running until ctx is done, and then stops it.
func (p *Plugin) Run(ctx context.Context) {
	// On Linux, a process ends with the thread that has started it, see ownGroup: it
	// must be one that stays.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var asked chan error // by Replace, while there was no process
	for failures := 1; ; failures++ {
		l, err := p.start(ctx)
		if asked != nil {
			asked <- err
		}
		if err == nil {
			l, err = p.keep(ctx, l)
			if l.lasted() >= healthyAfter {
				failures = 1
			}
		}
		if ctx.Err() != nil {
			return
		}
		if asked = p.pause(ctx, failures, err); asked != nil {
			failures = 0
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// keep lets the adapters use l, and its successors, until one fails or ctx is done.
// It returns the last one, which has been stopped, and why.
func (p *Plugin) keep(ctx context.Context, l *life) (*life, error) {
	p.ready(l)
	for {
		select {
		case <-l.done:
			p.state.set(state{reason: l.reason})
			l.stop()
			return l, l.whyEnded()
		case <-ctx.Done():
			p.state.set(state{reason: errStopped})
			l.stop()
			return l, ctx.Err()
		case asked := <-p.requests:
			var err error
			l, err = p.replace(ctx, l)
			asked <- err
		}
	}
}

// replace starts a successor of l, and stops l when it is ready. It returns the one
// that is there then. Where l has failed meanwhile, the successor is its restart.
func (p *Plugin) replace(ctx context.Context, l *life) (*life, error) {
	var next *life
	var err error
	p.watched(l, func() { next, err = p.start(ctx) })
	if err != nil {
		return l, err
	}
	failed := l.failed()
	p.ready(next)
	p.watched(next, l.stop)
	if failed {
		p.log.Error("plugin failed while its successor was started", "error", l.whyEnded())
	}
	return next, nil
}

// watched does work that takes long, while the adapters use l. When l fails meanwhile
// they are told at once, so that they wait for another life and do not call one that is
// over.
func (p *Plugin) watched(l *life, work func()) {
	over := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-l.done:
			p.state.set(state{reason: l.reason})
		case <-over:
		}
	})
	work()
	close(over)
	watching.Wait()
}

func (p *Plugin) ready(l *life) {
	attrs := []any{"name", l.can.Name, "version", l.can.Version, "took", time.Since(l.began).Round(time.Millisecond).String()}
	if l.process != nil {
		attrs = append(attrs, "pid", l.process.ID())
	}
	p.log.Info("plugin is ready", attrs...)
	p.state.set(state{life: l})
}

// pause waits until the next try, or until somebody asks for one.
func (p *Plugin) pause(ctx context.Context, failures int, err error) (asked chan error) {
	var due <-chan time.Time
	if p.cfg.GiveUp > 0 && failures >= p.cfg.GiveUp {
		p.log.Error("plugin failed too often; it is not started again until somebody asks for it", "failures", failures, "error", err)
		p.state.set(state{reason: err, gaveUp: true})
	} else {
		wait := p.backoff(failures)
		p.log.Error("plugin failed; it is started again", "error", err, "in", wait.Round(time.Millisecond).String())
		p.state.set(state{reason: err})
		timer := time.NewTimer(wait)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-due:
	case <-ctx.Done():
	case asked = <-p.requests:
		p.state.set(state{reason: err})
	}
	return asked
}

// backoff returns the time until the next try. Half of it is random, so that what
// failed together does not start together.
func (p *Plugin) backoff(failures int) time.Duration {
	wait := p.cfg.BackoffMax
	if doubled := p.cfg.BackoffMin << (failures - 1); failures < 32 && doubled > 0 {
		wait = min(wait, doubled)
	}
	return wait/2 + rand.N(wait/2+1)
}

// Replace starts the program anew beside the process that runs, moves the adapters
// over when it is ready, and then stops the old process. An error says why it did not
// get ready; then the old process goes on, if it can. When there is no process, because
// the plugin failed or was given up, it is a try at once. It waits for the outcome until
// ctx is done.
func (p *Plugin) Replace(ctx context.Context) error {
	outcome := make(chan error, 1)
	select {
	case p.requests <- outcome:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-outcome:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// use returns the life that there is, acquired. While there is none it waits, unless
// the plugin was given up.
func (p *Plugin) use(ctx context.Context) (*life, error) {
	for {
		s, changed := p.state.get()
		switch {
		case s.life != nil && s.life.acquire():
			return s.life, nil
		case s.gaveUp:
			return nil, fmt.Errorf("plugin %s failed too often: %w", p.Name(), s.reason)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("plugin %s is away: %w", p.Name(), errors.Join(ctx.Err(), s.reason))
		}
	}
}
