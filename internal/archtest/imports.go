package archtest

// rule says what the packages of a pattern may import. Patterns are paths below
// the module; "x/..." stands for x and everything below it. The first rule that
// fits a package counts.
type rule struct {
	pattern string
	// ours are patterns of the packages of this module that may be imported.
	ours []string
	// others are prefixes of the third-party modules that may be imported.
	others []string
	// light says that others holds for what is imported indirectly as well, but for
	// the modules of indirect.
	light    bool
	indirect []string
	// never are patterns of packages of the standard library that may not be
	// imported.
	never  []string
	reason string
}

// rules is the import table. Arrows go from upper levels to lower ones, so there
// is no circle.
var rules = []rule{
	{
		pattern: "protocol",
		light:   true,
		never:   []string{"net/...", "time", "sync/...", "log/...", "os/...", "context", "flag"},
		reason:  "it turns bytes into values and back, so that it can be fuzzed and shared: no clock, no lock, no socket",
	},
	{
		pattern: "protocol/diff",
		ours:    []string{"protocol"},
		others:  diffModules,
		light:   true,
		never:   []string{"net/...", "time", "sync/...", "log/...", "os/...", "context", "flag"},
		reason:  "it compares values, as purely as protocol writes them, and only here are the libraries for JSON Patch",
	},
	{
		pattern: "adapters",
		light:   true,
		never:   []string{"net/...", "os/...", "flag", "log/..."},
		reason:  "it is the contract, and the authors of adapters inherit its dependencies",
	},
	{
		pattern: "conflation/selector",
		others:  selectorModules,
		light:   true,
		never:   []string{"net/...", "log/...", "flag"},
		reason:  "it decides on one row, and only here is the library for expressions",
	},
	{
		pattern: "conflation",
		light:   true,
		never:   []string{"sync/...", "context", "net/...", "os/...", "log/...", "flag"},
		reason:  "it decides what to send, not how it looks and not when: the caller owns it and passes the time",
	},
	{
		pattern:  "engine",
		ours:     []string{"adapters", "conflation/...", "protocol", "protocol/diff"},
		light:    true,
		indirect: append(selectorModules, diffModules...),
		never:    []string{"net", "net/http/...", "os/...", "flag"},
		reason:   "the core runs in a test without a socket, a file or a flag",
	},
	{
		pattern: "engine/transport/...",
		ours:    []string{"engine", "protocol", "engine/transport/..."},
		others:  []string{"github.com/panjf2000/gnet/v2", "github.com/gobwas/ws", "golang.org/x/sys/unix"},
		never:   []string{"flag"},
		reason:  "it moves the bytes of sessions and knows no items: no adapters, no conflation",
	},
	{
		pattern: "adapters/kafka/...",
		ours:    []string{"adapters", "adapters/kafka/..."},
		others:  []string{"github.com/segmentio/kafka-go"},
		never:   []string{"flag"},
		reason:  "an adapter knows the contract and its source, never the engine or another adapter",
	},
	{
		pattern: "adapters/plugin/example/replay",
		ours:    []string{"adapters/plugin", "adapters/replay"},
		never:   []string{"flag"},
		reason:  "it shows that an adapter in process becomes a plugin as it is, so it needs one",
	},
	{
		pattern: "adapters/plugin/...",
		ours:    []string{"adapters", "adapters/plugin/..."},
		others:  []string{"github.com/hashicorp/go-plugin", "github.com/hashicorp/go-hclog", "google.golang.org/grpc", "google.golang.org/protobuf"},
		never:   []string{"flag"},
		reason:  "the authors of plugins inherit its dependencies, so there are no others",
	},
	{
		pattern: "adapters/static",
		ours:    []string{"adapters", "adapters/roles", "internal/settings"},
		others:  []string{"golang.org/x/crypto"},
		never:   []string{"flag", "net/..."},
		reason:  "it knows users and hashes of passwords; its file of users is read as the configuration is",
	},
	{
		pattern: "adapters/jwt",
		ours:    []string{"adapters", "adapters/roles"},
		others:  []string{"github.com/golang-jwt/jwt/v5", "github.com/lestrrat-go/jwx/v3"},
		never:   []string{"flag"},
		reason:  "it knows tokens and keys, and only here are the libraries for them",
	},
	{
		pattern: "adapters/...",
		ours:    []string{"adapters", "adapters/roles"},
		light:   true,
		never:   []string{"flag"},
		reason:  "an adapter knows the contract, never the engine or another adapter; those in process need no library",
	},
	{
		pattern: "cmd/...",
		ours:    []string{"..."},
		others:  []string{"github.com/lmittmann/tint", "golang.org/x/term"},
		reason:  "it joins everything, and it is the only place with arguments, signals, files and exit codes",
	},
	{
		pattern: "bench/...",
		ours:    []string{"bench/...", "protocol", "adapters", "adapters/load", "adapters/plugin", "internal/..."},
		others:  []string{"github.com/gobwas/ws", "golang.org/x/sys"},
		reason:  "it measures the program as a client does, across a socket, so it may not know the engine",
	},
	{
		pattern: "sdk/...",
		ours:    []string{"sdk/...", "adapters"},
		reason:  "client code shares the protocol's transcripts with the server, but no code",
	},
	{
		pattern: "internal/client/...",
		ours:    []string{"protocol", "internal/..."},
		others:  []string{"github.com/gobwas/ws", "github.com/gobwas/httphead"},
		light:   true,
		never:   []string{"flag", "os/..."},
		reason:  "it is a client: it knows the wire and nothing of the server",
	},
	{
		pattern: "internal/settings",
		others:  []string{"github.com/goccy/go-yaml"},
		never:   []string{"flag", "net/...", "log/..."},
		reason:  "it reads configurations of any shape and knows nothing of this program's",
	},
	{
		pattern: "internal/heap",
		others:  []string{"golang.org/x/sys/unix"},
		never:   []string{"flag", "net/..."},
		reason:  "it speaks to the kernel and the runtime, and to nobody else",
	},
	{
		pattern: "internal/...",
		ours:    []string{"internal/..."},
		light:   true,
		never:   []string{"flag"},
		reason:  "helpers are leaves: one idea each, standard library only",
	},
}

// diffModules are the libraries for JSON Patch, and those that they import.
var diffModules = []string{
	"github.com/wI2L/jsondiff", "github.com/evanphx/json-patch/v5",
	"github.com/tidwall/gjson", "github.com/tidwall/sjson", "github.com/tidwall/match", "github.com/tidwall/pretty",
}

// longFiles are the files that may have more than maxLines lines, with the reason.
var longFiles = map[string]string{}

// maxLines is the length past which a file usually holds two ideas.
const maxLines = 600

// selectorModules are the library for expressions.
var selectorModules = []string{"github.com/expr-lang/expr"}
