package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"slices"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/demo"
	"github.com/halley-stream/halley/adapters/jwt"
	"github.com/halley-stream/halley/adapters/kafka"
	"github.com/halley-stream/halley/adapters/literal"
	"github.com/halley-stream/halley/adapters/load"
	"github.com/halley-stream/halley/adapters/plugin/host"
	"github.com/halley-stream/halley/adapters/replay"
	"github.com/halley-stream/halley/adapters/static"
	"github.com/halley-stream/halley/internal/settings"
	"github.com/halley-stream/halley/protocol"
)

// adapterKind is a type of adapters that the configuration can name. A is the
// contract that they fulfil.
type adapterKind[A any] struct {
	name, doc string
	// config returns a pointer to the configuration of the type, with its defaults.
	config func() any
	// build makes an adapter from what config returned, filled in and checked.
	build func(config any, w *wiring) (A, error)
}

// kindOf returns the adapterKind for adapters configured by a C.
func kindOf[C, A any](name, doc string, defaults C, build func(C, *wiring) (A, error)) adapterKind[A] {
	return adapterKind[A]{
		name: name,
		doc:  doc,
		config: func() any {
			c := defaults
			return &c
		},
		build: func(config any, w *wiring) (A, error) { return build(*config.(*C), w) },
	}
}

// metadataKinds returns the types of metadata adapters.
func metadataKinds() []adapterKind[adapters.MetadataAdapter] {
	return []adapterKind[adapters.MetadataAdapter]{
		kindOf("literal", "Groups and schemas are names with blanks between them. Everybody may have what the patterns allow.",
			literal.Config{},
			func(c literal.Config, _ *wiring) (adapters.MetadataAdapter, error) { return literal.New(c) }),
		kindOf("load", "Chat rooms of a load for benchmarks: what a client says to an item is told to all who have it. Its settings are those of the Data Adapter.",
			load.Defaults(), func(c load.Config, w *wiring) (adapters.MetadataAdapter, error) {
				a, err := buildLoad(c, w)
				return load.NewRooms(a), err
			}),
		kindOf("static", "Users with passwords and roles, which stand here or in a file. Groups and schemas are names with blanks between them.",
			static.Config{}, buildStatic),
		kindOf("jwt", "Users with tokens (JSON Web Tokens) from somewhere else, which name their roles. Groups and schemas are names with blanks between them.",
			jwt.Defaults(), buildJWT),
		kindOf("plugin", "A program of its own, which the server starts and watches over. With the very settings of a Data Adapter of the set, both are one process.",
			host.DefaultConfig(), buildPluginMetadata),
	}
}

// dataKinds returns the types of Data Adapters.
func dataKinds() []adapterKind[adapters.DataAdapter] {
	return []adapterKind[adapters.DataAdapter]{
		kindOf("demo", "A part of a simulated market.", demoConfig{Part: "quotes", Config: demo.Config{Rate: 1}}, buildDemo),
		kindOf("kafka", "Topics of a Kafka cluster. The records' values become the fields of items.", kafka.DefaultConfig(), buildKafka),
		kindOf("load", "A load for benchmarks: items that tick at a fixed rate and carry the time.", load.Defaults(),
			func(c load.Config, w *wiring) (adapters.DataAdapter, error) { return buildLoad(c, w) }),
		kindOf("plugin", "A program of its own, which the server starts and watches over. SIGHUP starts it anew without a gap, and so does POST /plugins/SET.NAME/replace at the admin listener; SET.metadata is the name of one that is the set's metadata adapter too.",
			pluginDataConfig{host.DefaultConfig()}, buildPluginData),
		kindOf("replay", "Recorded ticks, see 'halley replay'.",
			replay.Config{Speed: 1},
			func(c replay.Config, _ *wiring) (adapters.DataAdapter, error) { return replay.New(c) }),
	}
}

// demoConfig is a part of a simulated market.
type demoConfig struct {
	Part        string `yaml:"part" oneof:"quotes|depth|news" doc:"What the items are: quotes are rows (MERGE), depth are order books (COMMAND), news are headlines (DISTINCT)."`
	demo.Config `yaml:",inline"`
}

// buildDemo makes an adapter of the market that the set has for its configuration,
// so that its quotes, depth and news fit together.
func buildDemo(c demoConfig, w *wiring) (adapters.DataAdapter, error) {
	market := w.markets[c.Config]
	if market == nil {
		var err error
		if market, err = demo.NewMarket(c.Config); err != nil {
			return nil, err
		}
		w.markets[c.Config] = market
	}
	switch c.Part {
	case "depth":
		return market.Depth(), nil
	case "news":
		return market.News(), nil
	}
	return market.Quotes(), nil
}

// buildLoad makes the load that the set has for its configuration, so that its rooms
// and its items fit together.
func buildLoad(c load.Config, w *wiring) (*load.Adapter, error) {
	if a := w.loads[c]; a != nil {
		return a, nil
	}
	a, err := load.New(c)
	w.loads[c] = a
	return a, err
}

func buildKafka(c kafka.Config, w *wiring) (adapters.DataAdapter, error) {
	c.Log = w.log
	return kafka.New(c)
}

func buildStatic(c static.Config, w *wiring) (adapters.MetadataAdapter, error) {
	c.Log = w.log
	return static.New(c)
}

func buildJWT(c jwt.Config, w *wiring) (adapters.MetadataAdapter, error) {
	c.Log = w.log
	return jwt.New(c)
}

// settingsKinds returns kinds as the settings know them.
func settingsKinds[A any](kinds []adapterKind[A]) []settings.Kind {
	out := make([]settings.Kind, len(kinds))
	for i, k := range kinds {
		out[i] = settings.Kind{Name: k.name, Doc: k.doc, New: k.config}
	}
	return out
}

// variantOf returns the settings of a type with its defaults.
func variantOf[A any](kinds []adapterKind[A], name string) settings.Variant {
	return settings.Variant{Type: name, Config: named(kinds, name).config()}
}

func named[A any](kinds []adapterKind[A], name string) adapterKind[A] {
	for _, k := range kinds {
		if k.name == name {
			return k
		}
	}
	panic("halley: no adapter of type " + name)
}

// adapterSet is an adapter set with its adapters built.
type adapterSet struct {
	name     string
	metadata adapters.MetadataAdapter
	data     []namedAdapter // in the order of their names
	diffs    map[string]protocol.DiffFormat
	plugins  []*setPlugin // that are among the adapters
}

// namedAdapter is a Data Adapter of a set.
type namedAdapter struct {
	name    string
	adapter adapters.DataAdapter
}

// wiring is what the adapters of a set are built with.
type wiring struct {
	settings *settings.Settings
	plain    *slog.Logger
	log      *slog.Logger // with the set and the adapter
	name     string       // of the adapter being built, with its set
	markets  map[demo.Config]*demo.Market
	loads    map[load.Config]*load.Adapter
	plugins  []*setPlugin
}

// buildAdapters makes the adapters of all sets. What cannot be built is reported
// to s, with its place; the sets are of use only if s has no faults then.
func buildAdapters(conf *config, s *settings.Settings, log *slog.Logger) []adapterSet {
	var sets []adapterSet
	for _, name := range slices.Sorted(maps.Keys(conf.AdapterSets)) {
		c := conf.AdapterSets[name]
		set, path := adapterSet{name: name}, "adapter_sets."+name
		w := &wiring{
			settings: s, plain: log, log: log.With("set", name), name: name + ".metadata",
			markets: make(map[demo.Config]*demo.Market), loads: make(map[load.Config]*load.Adapter),
		}
		set.diffs = diffFormats(s, c.Diffs, path+".diffs")
		set.metadata = build(w, metadataKinds(), c.Metadata.Variant, path+".metadata")
		for _, dataName := range slices.Sorted(maps.Keys(c.Data)) {
			w.log, w.name = log.With("set", name, "adapter", dataName), name+"."+dataName
			set.data = append(set.data, namedAdapter{dataName, build(w, dataKinds(), c.Data[dataName].Variant, path+".data."+dataName)})
		}
		set.plugins = w.plugins
		sets = append(sets, set)
	}
	return sets
}

// diffFormats returns the formats of differences by field.
func diffFormats(s *settings.Settings, names map[string]string, path string) map[string]protocol.DiffFormat {
	known := map[string]protocol.DiffFormat{"json": protocol.JSONPatch, "text": protocol.TLCPDiff}
	formats := make(map[string]protocol.DiffFormat, len(names))
	for _, field := range slices.Sorted(maps.Keys(names)) {
		format, ok := known[names[field]]
		if !ok {
			s.Fault(path+"."+field, "%q is neither json nor text", names[field])
		}
		formats[field] = format
	}
	return formats
}

func build[A any](w *wiring, kinds []adapterKind[A], v settings.Variant, path string) A {
	adapter, err := named(kinds, v.Type).build(v.Config, w)
	w.settings.Reject(path, v.Config, withAdvice(err))
	return adapter
}

const pathsStart = "paths start from the folder in which halley was started"

// withAdvice adds to each error about a file that is missing where paths start.
func withAdvice(err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, one := range joined.Unwrap() {
			all = append(all, withAdvice(one))
		}
		return errors.Join(all...)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w; %s", err, pathsStart)
	}
	return err
}

// defaultAdapterSets returns the simulated market.
func defaultAdapterSets() map[string]*adapterSetCfg {
	data := make(map[string]*dataAdapterCfg)
	for name, part := range map[string]string{"QUOTES": "quotes", "DEPTH": "depth", "NEWS": "news"} {
		v := variantOf(dataKinds(), "demo")
		v.Config.(*demoConfig).Part = part
		data[name] = &dataAdapterCfg{v}
	}
	set := &adapterSetCfg{Data: data}
	set.SetDefaults()
	return map[string]*adapterSetCfg{"DEMO": set}
}
