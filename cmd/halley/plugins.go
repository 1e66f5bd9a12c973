package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"os/signal"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/plugin/host"
)

// setPlugin is a plugin of an adapter set, and which of its adapters are in use.
type setPlugin struct {
	config         host.Config
	plugin         *host.Plugin
	data, metadata bool
}

// plugin returns a plugin for a configuration: one of the set that has the same and
// whose adapter of the wanted side is not in use, so that a Metadata Adapter and a
// Data Adapter can be one process, or else a new one.
func (w *wiring) plugin(c host.Config, side func(*setPlugin) *bool) (*host.Plugin, error) {
	for _, p := range w.plugins {
		if used := side(p); !*used && reflect.DeepEqual(p.config, c) {
			*used = true
			return p.plugin, nil
		}
	}
	p := &setPlugin{config: c}
	c.Name, c.Log, c.Version = w.name, w.plain, readBuild().Version
	var err error
	if p.plugin, err = host.New(c); err != nil {
		return nil, err
	}
	*side(p) = true
	w.plugins = append(w.plugins, p)
	return p.plugin, nil
}

// pluginDataConfig has a type of its own, because the sample shows each type once.
type pluginDataConfig struct {
	host.Config `yaml:",inline"`
}

func buildPluginData(c pluginDataConfig, w *wiring) (adapters.DataAdapter, error) {
	p, err := w.plugin(c.Config, func(p *setPlugin) *bool { return &p.data })
	if err != nil {
		return nil, err
	}
	return p.Data(), nil
}

func buildPluginMetadata(c host.Config, w *wiring) (adapters.MetadataAdapter, error) {
	p, err := w.plugin(c, func(p *setPlugin) *bool { return &p.metadata })
	if err != nil {
		return nil, err
	}
	return p.Metadata(), nil
}

// attach makes the server attach to a plugin, named as in the log, that somebody else
// has started. Where it is both adapters of the set, it is attached to as both, but for
// one that has been given an address of its own.
func (c *config) attach(name, address string) error {
	setName, adapter, _ := strings.Cut(name, ".")
	set := c.AdapterSets[setName]
	if set == nil {
		return fmt.Errorf("there is no adapter set %q", setName)
	}
	p := set.plugin(adapter)
	if p == nil {
		return fmt.Errorf("set %s has no plugin %q", setName, adapter)
	}
	other := set.otherSide(p)
	attachTo(p, address)
	if other != nil && other.Attach == "" {
		attachTo(other, address)
	}
	return nil
}

func attachTo(p *host.Config, address string) {
	p.Attach, p.Command, p.Args, p.SHA256, p.TLS, p.MemoryLimit = address, "", nil, "", false, 0
}

// plugin returns the settings of the adapter with a name, or those of the Metadata
// Adapter for "metadata"; nil if it is no plugin.
func (c *adapterSetCfg) plugin(adapter string) *host.Config {
	if data := c.Data[adapter]; data != nil {
		if d, ok := data.Config.(*pluginDataConfig); ok {
			return &d.Config
		}
		return nil
	}
	if m, ok := c.Metadata.Config.(*host.Config); ok && adapter == "metadata" {
		return m
	}
	return nil
}

// otherSide returns the settings of the other adapter that is one process with the
// plugin p of the set, or nil: as wiring.plugin has it, the Metadata Adapter and the
// first Data Adapter with the same settings.
func (c *adapterSetCfg) otherSide(p *host.Config) *host.Config {
	m, ok := c.Metadata.Config.(*host.Config)
	if !ok {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(c.Data)) {
		d := c.plugin(name)
		switch {
		case d == nil || !reflect.DeepEqual(d, m):
			continue
		case p == m:
			return d
		case p == d:
			return m
		}
		return nil
	}
	return nil
}

// plugins are the plugins of all adapter sets, running.
type plugins struct {
	all     []*host.Plugin
	log     *slog.Logger
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// startPlugins starts the plugins of all sets. A hangup replaces them. Without plugins it
// is taken all the same: who means to have the configuration read again must not end the
// server.
func startPlugins(sets []adapterSet, log *slog.Logger) *plugins {
	p := &plugins{log: log}
	var ctx context.Context
	ctx, p.cancel = context.WithCancel(context.Background())
	for _, set := range sets {
		for _, one := range set.plugins {
			p.all = append(p.all, one.plugin)
			p.running.Go(func() { one.plugin.Run(ctx) })
		}
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	p.running.Go(func() {
		defer signal.Stop(hangups)
		p.replaceOn(ctx, hangups)
	})
	return p
}

// stop stops the plugins, and waits for them.
func (p *plugins) stop() {
	p.cancel()
	p.running.Wait()
}

// replaceOn replaces all plugins at each hangup, all at the same time.
func (p *plugins) replaceOn(ctx context.Context, hangups <-chan os.Signal) {
	for {
		select {
		case <-hangups:
		case <-ctx.Done():
			return
		}
		if len(p.all) == 0 {
			p.log.Warn("SIGHUP: there are no plugins to replace; the configuration is not read again")
		}
		var replacing sync.WaitGroup
		for _, one := range p.all {
			replacing.Go(func() {
				if err := p.replace(ctx, one); err != nil && ctx.Err() == nil {
					p.log.Error("plugin was not replaced", "plugin", one.Name(), "error", err)
				}
			})
		}
		replacing.Wait()
	}
}

func (p *plugins) replace(ctx context.Context, one *host.Plugin) error {
	p.log.Info("replacing a plugin", "plugin", one.Name())
	return one.Replace(ctx)
}

// ServeHTTP replaces the plugin that the path names, and answers when that is done.
func (p *plugins) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, one := range p.all {
		if one.Name() != r.PathValue("name") {
			continue
		}
		if err := p.replace(r.Context(), one); err != nil {
			writeText(w, http.StatusInternalServerError, err.Error()+"\n")
			return
		}
		writeText(w, http.StatusOK, "replaced\n")
		return
	}
	names := "no plugin has this name; there are:\n"
	for _, one := range p.all {
		names += one.Name() + "\n"
	}
	writeText(w, http.StatusNotFound, names)
}
