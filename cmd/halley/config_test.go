package main

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/internal/settings"
)

// sampleFile is what 'halley config sample' prints.
const sampleFile = "halley.sample.yaml"

func TestSampleFileIsUpToDate(t *testing.T) {
	var want bytes.Buffer
	if err := writeSample(&want); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(sampleFile, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(sampleFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s is not what 'halley config sample' prints; run 'go test ./cmd/halley -update'", sampleFile)
	}
	if printed := run(t, "config", "sample"); printed.code != exitOK || printed.stdout != want.String() {
		t.Errorf("halley config sample gives %d and something else", printed.code)
	}
}

func TestSampleFileIsTheDefaults(t *testing.T) {
	conf, _, err := (&configFlags{file: sampleFile}).load(&environment{})
	if err != nil {
		t.Fatalf("the sample has faults:\n%v", err)
	}
	if got, want := withoutEmptyLists(conf), withoutEmptyLists(defaultConfig()); got != want {
		t.Errorf("the sample means\n%s\nthe defaults are\n%s", got, want)
	}
}

// withoutEmptyLists returns the values of c as text. There, no list and an empty
// one are the same.
func withoutEmptyLists(c *config) string {
	var b strings.Builder
	if err := settings.New(c, nil).Print(&b); err != nil {
		return err.Error()
	}
	return b.String()
}

func TestEverySettingIsDocumentedAndBounded(t *testing.T) {
	check := func(t *testing.T, root reflect.Type) {
		for i := range root.NumField() {
			f := root.Field(i)
			if f.Tag.Get("doc") == "" || f.Tag.Get("yaml") == "" {
				t.Errorf("%s.%s lacks a doc or yaml tag", root.Name(), f.Name)
			}
			number := f.Type.Kind() == reflect.Int || f.Type == reflect.TypeFor[time.Duration]()
			if number && f.Tag.Get("min") == "" {
				t.Errorf("%s.%s has no least value", root.Name(), f.Name)
			}
		}
	}
	root := reflect.TypeFor[config]()
	check(t, root)
	for i := range root.NumField() {
		if section := root.Field(i).Type; section.Kind() == reflect.Struct {
			check(t, section)
		}
	}
}

func TestEverySettingHasAnEnvironmentVariable(t *testing.T) {
	// Values that differ from the defaults, for the settings that do not take an
	// arbitrary number.
	odd := map[string]string{
		"listen": ":9", "name": "x", "admin.listen": ":10", "log.level": "debug", "log.format": "json",
		"engine.window_min": "1ms", "engine.window_max": "1s", "protocol.keepalive_default": "4s", "protocol.keepalive_max": "30s",
		"limits.sessions_per_address": "7", "engine.huge_pages": "false", "protocol.control_link": "push1.example.com", "protocol.sticky_cookie": "node=1", "engine.recent": "1MiB", "cors.origins": "https://a.example, https://b.example",
		"adapter_sets": "{X: {data: {Q: {type: demo}}}}",
	}
	for _, path := range settings.New(defaultConfig(), nil).Paths() {
		values := []string{odd[path]}
		if values[0] == "" {
			values = []string{"2s", "15000", "3"} // a duration, or else a number
		}
		name := settings.EnvName(envPrefix, path)
		var failures []string
		for _, value := range values {
			env := &environment{environ: []string{name + "=" + value}}
			conf, s, err := new(configFlags).load(env)
			if err != nil {
				failures = append(failures, err.Error())
				continue
			}
			failures = nil
			if s.Origin(path) != name+" (environment)" {
				t.Errorf("%s comes from %s", path, s.Origin(path))
			}
			if withoutEmptyLists(conf) == withoutEmptyLists(defaultConfig()) {
				t.Errorf("%s=%s changes nothing", name, value)
			}
			break
		}
		if failures != nil {
			t.Errorf("%s cannot be set by %s: %s", path, name, strings.Join(failures, "; "))
		}
	}
}

func TestFlagBeatsEnvironmentBeatsFileBeatsDefault(t *testing.T) {
	file := writeFile(t, "halley.yaml", "listen: \":1\"\nname: file\nengine: {drain: 1s}\n")
	flags := &configFlags{sets: []assignment{{"-listen", "listen", ":3"}}}
	env := &environment{environ: []string{"HALLEY_CONFIG=" + file, "HALLEY_LISTEN=:2", "HALLEY_NAME=env"}}
	conf, s, err := flags.load(env)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{conf.Listen, conf.Name, conf.Engine.Drain.String(), conf.Admin.Listen}
	want := []string{":3", "env", "1s", "127.0.0.1:8081"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for path, want := range map[string]string{
		"listen": "-listen (flag)", "name": "HALLEY_NAME (environment)", "engine.drain": file + ":3", "admin.listen": "default",
	} {
		if got := s.Origin(path); got != want {
			t.Errorf("%s comes from %q, want %q", path, got, want)
		}
	}
}

func TestTheDefaultOfAnAddressFollowsTheLimitOfAll(t *testing.T) {
	for sessions, want := range map[string]int{"1": 1, "50": 50, "200": 100} {
		conf, _, err := (&configFlags{file: writeFile(t, "halley.yaml", "limits: {sessions: "+sessions+"}\n")}).load(&environment{})
		if err != nil || conf.Limits.SessionsPerAddress != want {
			t.Errorf("of %s sessions an address may have %d, want %d (%v)", sessions, conf.Limits.SessionsPerAddress, want, err)
		}
	}
}

func TestConfigFaults(t *testing.T) {
	cases := map[string]struct {
		file string
		want []string
	}{
		"an address without a port":     {"listen: localhost\n", []string{`:1:9: listen: "localhost" is not host:port`}},
		"an address with a scheme":      {"listen: \"http://x:80\"\n", []string{`:1:9: listen: "http://x:80" is not host:port`}},
		"a port too high":               {"listen: :70000\n", []string{`:1:9: listen: the port of ":70000" must be a number`}},
		"one port for both":             {"listen: :9\nadmin: {listen: \"127.0.0.1:9\"}\n", []string{`:2:17: admin.listen: 127.0.0.1:9 is where clients connect`}},
		"windows the wrong way":         {"engine:\n  window_min: 1s\n", []string{`:2:15: engine.window_min: 1s is longer than window_max, 500ms`}},
		"keepalives the wrong way":      {"protocol:\n  keepalive_min: 2m\n", []string{`:2:18: protocol.keepalive_min: 2m0s is longer`}},
		"a keepalive out of bounds":     {"protocol:\n  keepalive_default: 200ms\n", []string{`:2:22: protocol.keepalive_default: 200ms is not between`}},
		"a content length too small":    {"protocol:\n  content_length_default: 2000\n", []string{`:2:27: protocol.content_length_default: 2000 is less`}},
		"an address with more than all": {"limits: {sessions: 50, sessions_per_address: 60}\n", []string{`:1:46: limits.sessions_per_address: 60 is more than the limit`}},
		"an origin with a path":         {"cors:\n  origins: [\"*\", https://a.b/c]\n", []string{`:2:18: cors.origins[1]: "https://a.b/c" is no origin`}},
		"no adapter sets":               {"adapter_sets: {}\n", []string{`:1:1: adapter_sets: there is none`}},
		"a set without data":            {"adapter_sets:\n  X: {data: {}}\n", []string{`:2:7: adapter_sets.X.data: there is no Data Adapter`}},
		"an unknown type of adapter":    {"adapter_sets:\n  X:\n    data:\n      Q:\n        type: demmo\n", []string{`:5:15: adapter_sets.X.data.Q.type: unknown type "demmo"; did you mean "demo"?`}},
		"an unknown key of an adapter": {"adapter_sets:\n  X:\n    data:\n      Q:\n        type: replay\n        files: [a]\n        sped: 2\n",
			[]string{`:7:9: adapter_sets.X.data.Q: unknown key "sped"; did you mean "speed"?`}},
		"a wrong value of an adapter": {"adapter_sets:\n  X:\n    data:\n      Q:\n        type: replay\n        files: [a]\n        speed: -2\n",
			[]string{`:7:16: adapter_sets.X.data.Q.speed: -2 is no speed`}},
		"a broker without a port": {"adapter_sets:\n  X:\n    data:\n      Q:\n        type: kafka\n        brokers: [a:9092, b]\n        topics:\n          - topic: quotes\n            form: latest\n            fields: {bid: \"#{VALUE.bid\"}\n            from: last many\n          - item: x\n",
			[]string{
				`:6:27: adapter_sets.X.data.Q.brokers[1]: "b" has no port`,
				`:9:13: adapter_sets.X.data.Q.topics[0]: unknown key "form"; did you mean "from"?`,
				`:10:27: adapter_sets.X.data.Q.topics[0].fields.bid: `,
				`:11:19: adapter_sets.X.data.Q.topics[0].from: "many" is not a number of offsets`,
				`:12:13: adapter_sets.X.data.Q.topics[1].topic: is missing`,
			}},
		"a wrong pattern": {"adapter_sets:\n  X:\n    metadata:\n      type: literal\n      items: [a, \"[\"]\n    data: {Q: {type: demo}}\n",
			[]string{`:5:18: adapter_sets.X.metadata.items[1]: "[" is no pattern`}},
		"users with faults": {"adapter_sets:\n  X:\n    metadata:\n      type: static\n      users:\n        ann: {hash: x, roles: [a, b]}\n      roles: {a: {items: [\"[\"], max_sessions: -1}}\n    data: {Q: {type: demo}}\n",
			[]string{
				`:6:21: adapter_sets.X.metadata.users.ann.hash: is no hash of a password; 'halley hash-password' makes one`,
				`:6:35: adapter_sets.X.metadata.users.ann.roles[1]: there is no role "b"; there are a`,
				`:7:27: adapter_sets.X.metadata.roles.a.items[0]: "[" is no pattern`,
				`:7:47: adapter_sets.X.metadata.roles.a.max_sessions: -1 is too small; it must be at least 0`,
				"4 faults in the configuration",
			}},
		"tokens with faults": {"adapter_sets:\n  X:\n    metadata:\n      type: jwt\n      algorithms: [RS256, none]\n      jwks_url: http://login.example.com/keys\n      refresh: 1s\n      roles: {a: {items: [x]}}\n      default_roles: [A]\n    data: {Q: {type: demo}}\n",
			[]string{
				`:5:27: adapter_sets.X.metadata.algorithms[1]: "none" is not one of RS256, `,
				`:6:17: adapter_sets.X.metadata.jwks_url: "http://login.example.com/keys" does not begin with https://`,
				`:7:16: adapter_sets.X.metadata.refresh: 1s is too small; it must be at least 10s`,
				`:9:23: adapter_sets.X.metadata.default_roles[0]: there is no role "A"; there are a`,
				"4 faults in the configuration",
			}},
		"all at once": {"lisen: :80\nengine:\n  drain: 5\nadapter_sets:\n  X: {data: {Q: {type: x}}}\n",
			[]string{`:1:1: unknown key "lisen"; did you mean "listen"?`, `:3:10: engine.drain: 5 has no unit`, `:5:24: adapter_sets.X.data.Q.type: unknown type "x"`, "3 faults in the configuration"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := run(t, "config", "check", writeFile(t, "halley.yaml", c.file))
			if got.code != exitUsage || got.stdout != "" {
				t.Errorf("exit code %d, stdout %q", got.code, got.stdout)
			}
			for _, want := range c.want {
				if !strings.Contains(got.stderr, want) {
					t.Errorf("%q gives\n%s\nwhich lacks %q", c.file, got.stderr, want)
				}
			}
		})
	}
}

// TestCheckLooksIntoTheFiles has what serve would not start with, or start without.
func TestCheckLooksIntoTheFiles(t *testing.T) {
	set := func(metadata, data string) string {
		return "adapter_sets:\n  X:\n    metadata: " + metadata + "\n    data: {Q: " + data + "}\n"
	}
	short := writeFile(t, "secret", "secret")
	users := writeFile(t, "users.yaml", "users:\n  ann: {hash: x, roles: [b]}\n")
	demo, literal := "{type: demo}", "{type: literal}"
	cases := map[string]struct {
		file string
		want []string
	}{
		"no users file":         {set("{type: static, users_file: nowhere.yaml, roles: {a: {}}}", demo), []string{`metadata.users_file: open nowhere.yaml: no such file or directory; paths start from the folder`}},
		"faults in it":          {set("{type: static, users_file: "+users+", roles: {a: {}}}", demo), []string{`users.ann.hash: is no hash of a password`, `users.ann.roles[0]: there is no role "b"; there are a`}},
		"no secret file":        {set("{type: jwt, algorithms: [HS256], secret_file: nowhere, roles: {a: {}}}", demo), []string{`metadata.secret_file: open nowhere: no such file`}},
		"a short secret":        {set("{type: jwt, algorithms: [HS256], secret_file: "+short+", roles: {a: {}}}", demo), []string{`metadata.secret_file: `, `32`}},
		"no recording":          {set(literal, "{type: replay, files: [ibm_20131008_quote.zip]}"), []string{`data.Q: open ibm_20131008_quote.zip: no such file or directory; paths start`}},
		"no program":            {set(literal, "{type: plugin, command: ./nope}"), []string{`data.Q.command: there is no "./nope"; paths start`}},
		"no program in PATH":    {set("{type: plugin, command: halley-nope}", demo), []string{`metadata.command: there is no program "halley-nope" in PATH`}},
		"a file and no program": {set(literal, "{type: plugin, command: "+users+"}"), []string{`data.Q.command: "` + users + `" cannot be started: permission denied`}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := run(t, "config", "check", writeFile(t, "halley.yaml", c.file))
			if got.code != exitUsage || got.stdout != "" {
				t.Errorf("exit code %d, stdout %q", got.code, got.stdout)
			}
			for _, want := range c.want {
				if !strings.Contains(got.stderr, want) {
					t.Errorf("%q gives\n%s\nwhich lacks %q", c.file, got.stderr, want)
				}
			}
		})
	}
}

func TestCheckIsQuick(t *testing.T) {
	best := time.Hour
	for range 5 { // the machine may be busy
		started := time.Now()
		if got := run(t, "config", "check", sampleFile); got.code != exitOK {
			t.Fatalf("the sample is no good: %s", got.stderr)
		}
		best = min(best, time.Since(started))
	}
	if best > 50*time.Millisecond {
		t.Errorf("checking takes %v, want less than 50ms", best)
	}
}

func TestPrintCanBeReadBack(t *testing.T) {
	printed := run(t, "HALLEY_NAME=a: b", "config", "print", "-set", "engine.drain=7s")
	if printed.code != exitOK {
		t.Fatal(printed.stderr)
	}
	for _, want := range []string{`name: "a: b"`, "# HALLEY_NAME (environment)", "  drain: 7s", "# -set engine.drain (flag)"} {
		if !strings.Contains(printed.stdout, want) {
			t.Errorf("%q is missing in\n%s", want, printed.stdout)
		}
	}
	if got := run(t, "config", "check", writeFile(t, "printed.yaml", printed.stdout)); got.code != exitOK {
		t.Errorf("what was printed has faults:\n%s", got.stderr)
	}
}

// TestPluginsKeepTheirSecrets has secrets in the settings of a plugin, and mistakes in
// the lines with them. They were printed.
func TestPluginsKeepTheirSecrets(t *testing.T) {
	text := "adapter_sets:\n  X:\n    data:\n      Q:\n        type: plugin\n        command: feed\n        env: [PATH, API_KEY=hush, \"OTHER=${HALLEY_KAFKA_PASSWORD}\"]\n        parameters: {key: hush, other: \"${HALLEY_KAFKA_PASSWORD}\"}\n"
	printed := run(t, "HALLEY_KAFKA_PASSWORD=hush as well", "config", "print", "-c", writeFile(t, "halley.yaml", text))
	for _, want := range []string{`env: [PATH, "API_KEY=********", "OTHER=********"]`, `key: "********"`, `other: "********"`} {
		if !strings.Contains(printed.stdout, want) {
			t.Errorf("%q is missing in\n%s%s", want, printed.stdout, printed.stderr)
		}
	}
	if strings.Contains(printed.stdout, "hush") {
		t.Errorf("a secret is printed:\n%s", printed.stdout)
	}
	conf, _, err := (&configFlags{file: writeFile(t, "halley.yaml", text)}).load(&environment{environ: []string{"HALLEY_KAFKA_PASSWORD=looked up"}})
	if err != nil {
		t.Fatal(err)
	}
	c := conf.AdapterSets["X"].Data["Q"].Config.(*pluginDataConfig)
	if c.Env[2] != "OTHER=looked up" || c.Parameters["other"] != "looked up" {
		t.Errorf("the plugin gets %q and %q", c.Env, c.Parameters)
	}
	for name, wrong := range map[string]string{
		"a key misspelled":         strings.Replace(text, "parameters:", "paramters:", 1),
		"no name":                  strings.Replace(text, "API_KEY=", "=", 1),
		"a password of Kafka's":    "adapter_sets:\n  X: {data: {Q: {type: kafka, brokers: [\"a:1\"], topics: [], sasl: {pasword: hush}}}}\n",
		"the password on one line": "adapter_sets:\n  X:\n    data:\n      Q:\n        type: kafka\n        sasl:\n          pasword: hush\n",
	} {
		if got := run(t, "HALLEY_KAFKA_PASSWORD=hush", "config", "check", writeFile(t, "halley.yaml", wrong)); got.code != exitUsage || strings.Contains(got.stderr, "hush") {
			t.Errorf("%s: %d and\n%s", name, got.code, got.stderr)
		}
	}
}

func TestUnreadableFiles(t *testing.T) {
	got := run(t, "config", "check", t.TempDir())
	if got.code != exitUsage || !strings.Contains(got.stderr, "cannot be read: is a directory") {
		t.Errorf("a folder gives %d and %q", got.code, got.stderr)
	}
	if err := unreadable("x", os.ErrPermission); !strings.Contains(err.Error(), "may not be read") {
		t.Errorf("got %v", err)
	}
}

// writeFile writes a file that is gone after the test, and returns its path.
func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestVariablesOfOthersAreNoSettings has those of halley sub and of plugins in a debugger,
// which stay in the environment of a shell.
func TestVariablesOfOthersAreNoSettings(t *testing.T) {
	for _, name := range otherEnv {
		if _, _, err := new(configFlags).load(&environment{environ: []string{name + "=x"}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
