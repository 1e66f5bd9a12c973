package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/cmd/halley/web"
	"github.com/halley-stream/halley/engine"
	"github.com/halley-stream/halley/engine/transport"
	"github.com/halley-stream/halley/engine/transport/http1"
	"github.com/halley-stream/halley/internal/metrics"
	"github.com/halley-stream/halley/internal/ratelog"
)

// startServer starts the engine and its transport. It returns once clients can
// connect; when it returns an error, nothing is left running.
func startServer(conf *config, sets []adapterSet, logs *logs) (*server, error) {
	e, err := engine.New(engineConfigOf(conf, logs), engineSets(sets))
	if err != nil {
		return nil, err
	}
	t, err := transport.New(transportConfigOf(conf, logs), e)
	if err != nil {
		return nil, err
	}
	var running sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	failed := make(chan error, 1)
	running.Go(func() { e.Run(ctx) })
	running.Go(func() {
		if err := t.Run(ctx); err != nil {
			failed <- err
		}
	})
	select {
	case <-t.Booted():
	case err := <-failed:
		stop()
		running.Wait()
		return nil, cannotListen(conf.Listen, err)
	}
	return &server{
		address: t.Address().String(),
		checks:  sourceChecks(e),
		collect: func(w *metrics.Writer) { collectEngine(w, e.Stats()); collectTransport(w, t.Stats()) },
		failed:  failed,
		stop: func() {
			drain(e, t, conf.Engine.Drain, logs.main)
			stop()
			running.Wait()
		},
	}, nil
}

// drain lets all clients go, within the time configured and a little more.
func drain(e *engine.Engine, t *transport.Server, d time.Duration, log *slog.Logger) {
	t.Refuse()
	ctx, cancel := context.WithTimeout(context.Background(), d+time.Second)
	defer cancel()
	if err := e.Drain(ctx); err != nil {
		log.Warn("stopping without waiting longer", "error", err)
	}
}

// sourceChecks says of each Data Adapter whether its source is there.
func sourceChecks(e *engine.Engine) []check {
	var checks []check
	for i, s := range e.Stats().Sources {
		checks = append(checks, check{name: s.Name, ask: func() error {
			if s := e.Stats().Sources[i]; !s.Up {
				return fmt.Errorf("its source is away; the last values are kept: %s", s.Reason)
			}
			return nil
		}})
	}
	return checks
}

// transportConfigOf returns the transport's part of the configuration.
func transportConfigOf(conf *config, logs *logs) transport.Config {
	l := &conf.Limits
	return transport.Config{
		Listen:         conf.Listen,
		Limits:         http1.Limits{Head: l.Head, Body: l.Body},
		RequestTimeout: l.RequestTimeout,
		IdleTimeout:    l.IdleTimeout,
		Connections:    l.Connections,
		Origins:        conf.CORS.Origins,
		Cookie:         conf.Protocol.StickyCookie,
		Pages:          web.Files(),
		Logger:         ratelog.NewPrinter(logs.noisy.With("source", "gnet")),
	}
}

// engineConfigOf returns the engine's part of the configuration.
func engineConfigOf(conf *config, logs *logs) engine.Config {
	e, l, p := &conf.Engine, &conf.Limits, &conf.Protocol
	perAddress := l.SessionsPerAddress
	if perAddress == 0 {
		perAddress = -1 // to the engine, 0 is its default
	}
	return engine.Config{
		Name:             conf.Name,
		ControlLink:      p.ControlLink,
		Loops:            e.Loops,
		Shards:           e.Shards,
		Inbox:            e.Inbox,
		Arenas:           e.Arenas,
		Recent:           e.Recent,
		Past:             e.Past,
		RequestWorkers:   e.RequestWorkers,
		RequestQueue:     e.RequestQueue,
		MetadataTimeout:  e.MetadataTimeout,
		ResidentItems:    e.ResidentItems,
		WindowMin:        e.WindowMin,
		WindowMax:        e.WindowMax,
		Output:           e.SessionOutput,
		SlowTimeout:      e.SlowTimeout,
		SessionTimeout:   e.SessionTimeout,
		Drain:            e.Drain,
		KeepaliveDefault: p.KeepaliveDefault,
		KeepaliveMin:     p.KeepaliveMin,
		KeepaliveMax:     p.KeepaliveMax,
		IdleMax:          p.IdleMax,
		ContentLength:    int64(p.ContentLengthDefault),
		ContentLengthMin: int64(p.ContentLengthMin),
		MessageWait:      p.MessageWait,
		LogEntries:       e.LogEntries,
		LogBytes:         e.LogBytes,
		History:          e.History,
		Limits: engine.Limits{
			Sessions:           l.Sessions,
			SessionsPerAddress: perAddress,
			Subscriptions:      l.SubscriptionsPerSession,
			Requests:           l.RequestsPerSession,
			Messages:           l.MessagesPerSession,
			Selectors:          l.SelectorsPerItem,
			Items:              l.ItemsPerSubscription,
			Fields:             l.FieldsPerSubscription,
			FieldsPerItem:      l.FieldsPerItem,
			Value:              l.Value,
		},
		Log: logs.noisy,
	}
}

// engineSets returns the adapter sets as the engine knows them.
func engineSets(sets []adapterSet) map[string]engine.AdapterSet {
	out := make(map[string]engine.AdapterSet, len(sets))
	for _, set := range sets {
		data := make(map[string]adapters.DataAdapter, len(set.data))
		for _, d := range set.data {
			data[d.name] = d.adapter
		}
		out[set.name] = engine.AdapterSet{Metadata: set.metadata, Data: data, Diffs: set.diffs}
	}
	return out
}
