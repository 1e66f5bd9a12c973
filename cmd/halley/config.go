package main

import (
	"time"

	"github.com/halley-stream/halley/internal/settings"
)

// config is everything that can be set. Its tags are the documentation that
// 'halley config sample' prints, see package settings.
type config struct {
	Listen string `yaml:"listen" doc:"Where clients connect, as host:port. An empty host means all addresses."`
	Name   string `yaml:"name" doc:"The name that the server tells its clients."`

	Admin       adminConfig               `yaml:"admin" doc:"The listener for monitoring. It has no passwords, so it should not be reachable from outside."`
	Log         logConfig                 `yaml:"log" doc:"The log, which goes to standard error."`
	Engine      engineConfig              `yaml:"engine" doc:"The engine: its threads, queues and times. The defaults suit machines of all sizes."`
	Limits      limitsConfig              `yaml:"limits" doc:"What a client may do at most. A request beyond a limit is refused with a text that names the limit."`
	Protocol    protocolConfig            `yaml:"protocol" doc:"What is agreed with clients about their connections."`
	CORS        corsConfig                `yaml:"cors" doc:"Which web pages may connect, cross-origin resource sharing."`
	AdapterSets map[string]*adapterSetCfg `yaml:"adapter_sets" doc:"The adapter sets, by the name that clients ask for. A set is one metadata adapter, which says who may see what, and Data Adapters, which bring feeds in. The sets given here replace the default one, DEMO."`
}

type adminConfig struct {
	Listen string `yaml:"listen" doc:"Where /metrics, /livez, /readyz and profiles (/debug/pprof/) are served, and plugins can be replaced, as host:port. Empty turns it off."`
}

type logConfig struct {
	Level  string `yaml:"level" oneof:"debug|info|warn|error" doc:"What is logged at least."`
	Format string `yaml:"format" oneof:"auto|json|text" doc:"auto is text on a terminal, else JSON."`
}

type engineConfig struct {
	Loops           int           `yaml:"loops" min:"0" max:"1024" doc:"Event loops, each a thread for its share of the connections. 0 is one per CPU that no shard has, at least one."`
	Shards          int           `yaml:"shards" min:"0" max:"127" doc:"Item shards, each a thread for its share of the items. 0 chooses by the number of CPUs."`
	RequestWorkers  int           `yaml:"request_workers" min:"1" max:"1024" doc:"How many calls to metadata adapters run at the same time; as many again for messages."`
	RequestQueue    int           `yaml:"request_queue" min:"1" max:"1048576" doc:"How many requests wait for a worker. When they are more, new sessions are refused and other requests are not read."`
	MetadataTimeout time.Duration `yaml:"metadata_timeout" min:"10ms" doc:"How long a metadata adapter may take for an answer."`
	HugePages       bool          `yaml:"huge_pages" doc:"Whether the kernel is asked to back the heap with pages of 2 MiB (Linux). With thousands of sessions it halves the server's own CPU time."`
	WindowMin       time.Duration `yaml:"window_min" min:"0s" doc:"The shortest time for which updates are collected into one write. 0s writes at once while there is little to do."`
	WindowMax       time.Duration `yaml:"window_max" min:"0s" max:"1s" doc:"The longest such time, reached under full load."`
	Inbox           int           `yaml:"inbox" min:"16" max:"1048576" doc:"Updates on their way from a shard to a loop. When they are more, updates are conflated."`
	SessionTimeout  time.Duration `yaml:"session_timeout" min:"1s" doc:"How long a session is kept after its connection has gone, so that the client can come back to it."`
	SessionOutput   int           `yaml:"session_output" unit:"bytes" min:"4KiB" max:"64MiB" doc:"What may wait for a slow client, beyond what the system buffers. When it is more, its updates are conflated."`
	SlowTimeout     time.Duration `yaml:"slow_timeout" min:"1s" doc:"A client that takes nothing for this long is disconnected."`
	Drain           time.Duration `yaml:"drain" min:"10ms" doc:"The time over which clients are asked to leave when the server stops."`
	Arenas          int           `yaml:"arenas" min:"2" max:"65536" doc:"Blocks of 64 KiB for updates on their way from a shard. When they are in use, updates are conflated."`
	Recent          int           `yaml:"recent" unit:"bytes" min:"64KiB" max:"1GiB" doc:"What an event loop keeps at most of the updates that came last, for the sessions that have not been written to since. What does not fit is conflated."`
	LogEntries      int           `yaml:"log_entries" min:"1" max:"1048576" doc:"Events that are kept for slow clients of an item that must not lose any: RAW, DISTINCT, COMMAND and unfiltered subscriptions."`
	LogBytes        int           `yaml:"log_bytes" unit:"bytes" min:"4KiB" max:"1GiB" doc:"The same in bytes."`
	Past            int           `yaml:"past" min:"16" max:"65536" doc:"Lines that a session remembers for a client that lost its connection: such as must not be lost. Each takes 24 bytes. A client that lost more opens a new session."`
	History         int           `yaml:"history" min:"1" max:"1048576" doc:"Events of a DISTINCT item that are kept as its snapshot."`
	ResidentItems   int           `yaml:"resident_items" min:"1" doc:"How many items a Data Adapter may publish unasked, as Kafka and replay do."`
}

type limitsConfig struct {
	Connections             int           `yaml:"connections" min:"1" doc:"Open connections. Each takes a file descriptor: see ulimit -n."`
	Sessions                int           `yaml:"sessions" min:"1" doc:"Sessions."`
	SessionsPerAddress      int           `yaml:"sessions_per_address" min:"0" doc:"Sessions of one IP address; loopback counts as well. 0 is no limit, as is right behind a proxy. The default is never more than sessions."`
	SubscriptionsPerSession int           `yaml:"subscriptions_per_session" min:"1" doc:"Subscriptions of one session."`
	ItemsPerSubscription    int           `yaml:"items_per_subscription" min:"1" doc:"Items of one subscription."`
	FieldsPerSubscription   int           `yaml:"fields_per_subscription" min:"1" doc:"Fields of one subscription."`
	RequestsPerSession      int           `yaml:"requests_per_session" min:"1" doc:"Requests of one session that wait for an answer."`
	MessagesPerSession      int           `yaml:"messages_per_session" min:"2" doc:"Messages of one client that wait to be handled."`
	SelectorsPerItem        int           `yaml:"selectors_per_item" min:"1" max:"1024" doc:"Different selectors of one item."`
	FieldsPerItem           int           `yaml:"fields_per_item" min:"1" max:"32768" doc:"Field names of one item."`
	Value                   int           `yaml:"value" unit:"bytes" min:"16" max:"16MiB" doc:"The length of a field's value. A longer one is cut off, and counted."`
	Head                    int           `yaml:"head" unit:"bytes" min:"1KiB" max:"1MiB" doc:"The head of an HTTP request."`
	Body                    int           `yaml:"body" unit:"bytes" min:"1KiB" max:"64MiB" doc:"The body of an HTTP request, or a WebSocket message."`
	RequestTimeout          time.Duration `yaml:"request_timeout" min:"100ms" doc:"How long the bytes of one request may take to arrive."`
	IdleTimeout             time.Duration `yaml:"idle_timeout" min:"1s" doc:"How long a connection without a session may be silent."`
}

type protocolConfig struct {
	KeepaliveDefault     time.Duration `yaml:"keepalive_default" min:"100ms" doc:"After this silence the server tells a streaming client that it is still there."`
	KeepaliveMin         time.Duration `yaml:"keepalive_min" min:"100ms" doc:"The shortest such time that a client can ask for."`
	KeepaliveMax         time.Duration `yaml:"keepalive_max" min:"100ms" doc:"The longest such time that a client can ask for."`
	IdleMax              time.Duration `yaml:"idle_max" min:"1s" doc:"How long a poll may wait for an update at most."`
	ContentLengthDefault int           `yaml:"content_length_default" unit:"bytes" min:"1000" doc:"The length of an HTTP streaming response, after which the client asks for the next one."`
	ContentLengthMin     int           `yaml:"content_length_min" unit:"bytes" min:"1000" doc:"The shortest length that a client can ask for."`
	MessageWait          time.Duration `yaml:"message_wait" min:"1ms" doc:"How long a message of a sequence waits for those before it, if its client does not say."`
	ControlLink          string        `yaml:"control_link" doc:"The address that a client uses for all further connections of its session, as host or host:port: this server's own, where a load balancer would bring them to another. Empty is none."`
	StickyCookie         string        `yaml:"sticky_cookie" doc:"A cookie, as name=value, that clients get from this server and return, so that a load balancer can bring them back to it. Attributes may follow, else they are Path=/ and HttpOnly. Empty is none."`
}

type corsConfig struct {
	Origins []string `yaml:"origins" doc:"The origins of pages that may connect, such as https://app.example.com. * allows all."`
}

// adapterSetCfg is one adapter set.
type adapterSetCfg struct {
	Metadata metadataAdapterCfg         `yaml:"metadata" doc:"Who may see what."`
	Data     map[string]*dataAdapterCfg `yaml:"data" doc:"The Data Adapters, by the name that clients ask for."`
	Diffs    map[string]string          `yaml:"diffs" doc:"Fields whose values may be sent as the difference to the one before, where that is shorter, to clients that understand it: json for JSON documents (JSON Patch), text for other long texts (TLCP-diff). Not all clients do that do not say otherwise: those for C++ do not."`
}

// SetDefaults is called for a set before it is read.
func (c *adapterSetCfg) SetDefaults() {
	c.Metadata = metadataAdapterCfg{variantOf(metadataKinds(), "literal")}
}

// metadataAdapterCfg is a metadata adapter of any type.
type metadataAdapterCfg struct{ settings.Variant }

// Kinds returns the types there are.
func (metadataAdapterCfg) Kinds() []settings.Kind { return settingsKinds(metadataKinds()) }

// dataAdapterCfg is a Data Adapter of any type.
type dataAdapterCfg struct{ settings.Variant }

// Kinds returns the types there are.
func (dataAdapterCfg) Kinds() []settings.Kind { return settingsKinds(dataKinds()) }

// defaultConfig returns the configuration in force when nothing is set: it
// listens on port 8080 and serves the simulated market.
func defaultConfig() *config {
	return &config{
		Listen: ":8080",
		Name:   "Halley",
		Admin:  adminConfig{Listen: "127.0.0.1:8081"},
		Log:    logConfig{Level: "info", Format: "auto"},
		Engine: engineConfig{
			RequestWorkers:  4,
			RequestQueue:    1024,
			MetadataTimeout: 5 * time.Second,
			HugePages:       true,
			WindowMax:       500 * time.Millisecond,
			Inbox:           8192,
			SessionTimeout:  20 * time.Second,
			SessionOutput:   64 << 10,
			SlowTimeout:     30 * time.Second,
			Drain:           5 * time.Second,
			Arenas:          128,
			Recent:          16 << 20,
			Past:            1024,
			LogEntries:      1024,
			LogBytes:        256 << 10,
			History:         30,
			ResidentItems:   1_000_000,
		},
		Limits: limitsConfig{
			Connections:             19_000,
			Sessions:                20_000,
			SessionsPerAddress:      100,
			SubscriptionsPerSession: 1000,
			ItemsPerSubscription:    1000,
			FieldsPerSubscription:   200,
			RequestsPerSession:      1000,
			MessagesPerSession:      1000,
			SelectorsPerItem:        16,
			FieldsPerItem:           500,
			Value:                   256 << 10,
			Head:                    16 << 10,
			Body:                    64 << 10,
			RequestTimeout:          10 * time.Second,
			IdleTimeout:             60 * time.Second,
		},
		Protocol: protocolConfig{
			KeepaliveDefault:     5 * time.Second,
			KeepaliveMin:         time.Second,
			KeepaliveMax:         60 * time.Second,
			IdleMax:              30 * time.Second,
			ContentLengthDefault: 50_000_000,
			ContentLengthMin:     10_000,
			MessageWait:          30 * time.Second,
		},
		CORS:        corsConfig{Origins: []string{"*"}},
		AdapterSets: defaultAdapterSets(),
	}
}
