package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"testing"
	"time"
)

// garden is a configuration with one field of every sort.
type garden struct {
	Name  string            `yaml:"name" doc:"What it is called."`
	Open  bool              `yaml:"open"`
	Trees int               `yaml:"trees" min:"0" max:"64"`
	Area  float64           `yaml:"area"`
	Tank  int               `yaml:"tank" unit:"bytes" min:"1KiB" doc:"How much it holds."`
	Water gardenWater       `yaml:"water" doc:"When to water."`
	Tags  []string          `yaml:"tags"`
	Beds  map[string]bed    `yaml:"beds"`
	Key   string            `yaml:"key" secret:"true"`
	Style string            `yaml:"style" oneof:"english|french|wild"`
	Rows  []row             `yaml:"rows"`
	Free  map[string]string `yaml:"free"`
}

type gardenWater struct {
	Every   time.Duration `yaml:"every" min:"1m" doc:"How often."`
	Minimum int           `yaml:"minimum"`
	Maximum int           `yaml:"maximum"`
}

// Validate checks what concerns two fields.
func (w *gardenWater) Validate() error {
	var errs []error
	if w.Minimum > w.Maximum {
		errs = append(errs, fmt.Errorf("minimum: %d is above maximum (%d)", w.Minimum, w.Maximum))
	}
	if w.Maximum > 1000 {
		errs = append(errs, errors.New("a flood"))
	}
	return errors.Join(errs...)
}

type row struct {
	Length int `yaml:"length" min:"1"`
}

type bed struct{ Variant }

// Kinds returns the kinds of beds.
func (bed) Kinds() []Kind {
	return []Kind{
		{"flowers", "A bed of flowers.", func() any { return &flowers{Colour: "red"} }},
		{"herbs", "A bed of herbs.", func() any { return new(herbs) }},
		{"rock", "A bed of stones.", func() any { return new(rock) }},
	}
}

type flowers struct {
	Colour string `yaml:"colour"`
}

type herbs struct {
	Names []string `yaml:"names"`
}

type rock struct {
	Stones []row `yaml:"stones"`
}

// Validate wants names.
func (h *herbs) Validate() error {
	if len(h.Names) == 0 {
		return errors.New("herbs: names: at least one is needed")
	}
	return nil
}

func newGarden() *garden {
	return &garden{
		Name: "home", Trees: 3, Tank: 64 << 10, Style: "wild",
		Water: gardenWater{Every: time.Hour, Maximum: 10},
		Beds:  map[string]bed{"front": {Variant{"flowers", &flowers{Colour: "red"}}}},
	}
}

// read applies a file and the environment to a new garden.
func read(file string, environ ...string) (*garden, *Settings) {
	g := newGarden()
	s := New(g, environ)
	s.readFile = func(name string) ([]byte, error) {
		if name == "/secret" {
			return []byte("from file\n"), nil
		}
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	s.File("garden.yaml", []byte(file))
	s.Env("GARDEN_")
	s.Validate()
	return g, s
}

func TestFileSetsValues(t *testing.T) {
	cases := map[string]struct {
		file    string
		environ []string
		want    func(*garden)
	}{
		"an empty file keeps the defaults":    {"", nil, func(*garden) {}},
		"comments alone keep the defaults":    {"# nothing\n", nil, func(*garden) {}},
		"a byte order mark is no key":         {"\ufeffname: x\n", nil, func(g *garden) { g.Name = "x" }},
		"a section may be empty":              {"water:\n  # every: 1h\n", nil, func(*garden) {}},
		"numbers stay text where text is due": {"name: 0815\n", nil, func(g *garden) { g.Name = "0815" }},
		"sizes have units":                    {"tank: 1MiB\n", nil, func(g *garden) { g.Tank = 1 << 20 }},
		"sizes may have decimal units":        {"tank: 5kB\n", nil, func(g *garden) { g.Tank = 5000 }},
		"sizes may be plain":                  {"tank: 2_048\n", nil, func(g *garden) { g.Tank = 2048 }},
		"durations have units":                {"water: {every: 1h30m}\n", nil, func(g *garden) { g.Water.Every = 90 * time.Minute }},
		"maps are replaced as a whole":        {"beds: {}\n", nil, func(g *garden) { g.Beds = map[string]bed{} }},
		"variants start from their defaults": {"beds:\n  a: {type: flowers}\n  b: {names: [dill], type: herbs}\n", nil, func(g *garden) {
			g.Beds = map[string]bed{
				"a": {Variant{"flowers", &flowers{Colour: "red"}}},
				"b": {Variant{"herbs", &herbs{Names: []string{"dill"}}}},
			}
		}},
		"aliases stand for their anchors": {"tags: &t [a, b]\nbeds:\n  x: {type: herbs, names: *t}\n", nil, func(g *garden) {
			g.Tags = []string{"a", "b"}
			g.Beds = map[string]bed{"x": {Variant{"herbs", &herbs{Names: []string{"a", "b"}}}}}
		}},
		"merge keys fill in what is missing": {"free: &f {a: 1, b: 2}\nbeds: {}\nwater:\n  <<: {minimum: 4, maximum: 5}\n  maximum: 6\n", nil, func(g *garden) {
			g.Free = map[string]string{"a": "1", "b": "2"}
			g.Beds = map[string]bed{}
			g.Water.Minimum, g.Water.Maximum = 4, 6
		}},
		"the environment beats the file": {"trees: 4\nname: a\n", []string{"GARDEN_TREES=5", "GARDEN_WATER_EVERY=2h"}, func(g *garden) {
			g.Name, g.Trees, g.Water.Every = "a", 5, 2*time.Hour
		}},
		"lists are separated by commas in the environment": {"", []string{"GARDEN_TAGS=a, b,c"}, func(g *garden) { g.Tags = []string{"a", "b", "c"} }},
		"maps are YAML in the environment": {"", []string{"GARDEN_BEDS={x: {type: herbs, names: [dill]}}"}, func(g *garden) {
			g.Beds = map[string]bed{"x": {Variant{"herbs", &herbs{Names: []string{"dill"}}}}}
		}},
		"what a container platform sets is ignored": {"", []string{"GARDEN_PORT=tcp://10.0.0.1:80", "GARDEN_SERVICE_HOST=10.0.0.1", "GARDEN_PORT_80_TCP_PORT=80"}, func(*garden) {}},
		"a secret is a variable":                    {"key: ${PASS}\n", []string{"PASS=x"}, func(g *garden) { g.Key = "x" }},
		"a secret is a file":                        {"key: file:/secret\n", nil, func(g *garden) { g.Key = "from file" }},
		"a secret is itself":                        {"key: plain\n", nil, func(g *garden) { g.Key = "plain" }},
		"a block of text":                           {"name: |\n  two\n  lines\ntrees: 1\n", nil, func(g *garden) { g.Name, g.Trees = "two\nlines\n", 1 }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, s := read(c.file, c.environ...)
			if err := s.Err(); err != nil {
				t.Fatalf("faults in %q:\n%v", c.file, err)
			}
			want := newGarden()
			c.want(want)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%q gives\n%+v, want\n%+v", c.file, got, want)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	cases := map[string]struct {
		file    string
		environ []string
		want    []string // each fault's line
	}{
		"a key misspelled":              {"nmae: x\n", nil, []string{`garden.yaml:1:1: unknown key "nmae"; did you mean "name"?`}},
		"a key at the wrong level":      {"every: 1h\n", nil, []string{`garden.yaml:1:1: unknown key "every" here; did you mean "water.every"?`}},
		"a key unlike any other":        {"water:\n  zzz: 1\n", nil, []string{`garden.yaml:2:3: water: unknown key "zzz"; known here: every, maximum, minimum`}},
		"a key with a hyphen":           {"water:\n  mini-mum: 1\n", nil, []string{`garden.yaml:2:3: water: unknown key "mini-mum"; did you mean "minimum"?`}},
		"a key twice":                   {"trees: 1\ntrees: 2\n", nil, []string{`garden.yaml:2:1: key "trees" comes twice; it is also in line 1`}},
		"no number":                     {"trees: many\n", nil, []string{`garden.yaml:1:8: trees: "many" is not a whole number`}},
		"a number out of bounds":        {"trees: 65\n", nil, []string{`garden.yaml:1:8: trees: 65 is out of range; it must be from 0 to 64`}},
		"a number too large to hold":    {"trees: 99999999999999999999\n", nil, []string{`garden.yaml:1:8: trees: 99999999999999999999 is out of range`}},
		"no unit":                       {"water: {every: 10}\n", nil, []string{`garden.yaml:1:16: water.every: 10 has no unit; write for example 10s or 10ms`}},
		"no duration":                   {"water: {every: soon}\n", nil, []string{`garden.yaml:1:16: water.every: "soon" is not a duration; write for example 400ms, 10s or 1m30s`}},
		"a duration too short":          {"water: {every: 1s}\n", nil, []string{`garden.yaml:1:16: water.every: 1s is too small; it must be at least 1m`}},
		"no size":                       {"tank: 5 buckets\n", nil, []string{`garden.yaml:1:7: tank: "5 buckets" is not a size; write for example 64KiB or 1MiB`}},
		"neither true nor false":        {"open: yes\n", nil, []string{`garden.yaml:1:7: open: "yes" is neither true nor false`}},
		"not one of the words":          {"style: frensh\n", nil, []string{`garden.yaml:1:8: style: "frensh" is not one of english, french, wild; did you mean "french"?`}},
		"no value":                      {"trees:\n", nil, []string{`garden.yaml:1:8: trees: a value is missing; leave out the key to get the default`}},
		"a list for a value":            {"trees: [1]\n", nil, []string{`garden.yaml:1:8: trees: this must be a single value, not a list`}},
		"a value for a list":            {"tags: a\n", nil, []string{`garden.yaml:1:7: tags: this must be a list, such as [a, b], not the single value "a"`}},
		"a value for a section":         {"water: 3\n", nil, []string{`garden.yaml:1:8: water: this must be keys with values, not the single value "3"`}},
		"a list for the whole":          {"- a\n", nil, []string{`garden.yaml:1:1: this must be keys with values, not a list`}},
		"a fault of the struct's own":   {"water:\n  minimum: 20\n", nil, []string{`garden.yaml:2:12: water.minimum: 20 is above maximum (10)`}},
		"a fault of the whole section":  {"water:\n  maximum: 2000\n", nil, []string{`garden.yaml:1:1: water: a flood`}},
		"a fault inside a list":         {"rows:\n  - length: 1\n  - length: 0\n", nil, []string{`garden.yaml:3:13: rows[1].length: 0 is too small; it must be at least 1`}},
		"a fault inside a variant":      {"beds:\n  x:\n    type: flowers\n    color: red\n", nil, []string{`garden.yaml:4:5: beds.x: unknown key "color"; did you mean "colour"?`}},
		"a fault found by the variant":  {"beds:\n  x:\n    type: herbs\n", nil, []string{`garden.yaml:2:3: beds.x.names: at least one is needed`}},
		"an unknown type":               {"beds:\n  x:\n    type: flower\n", nil, []string{`garden.yaml:3:11: beds.x.type: unknown type "flower"; did you mean "flowers"? There are flowers, herbs, rock`}},
		"no type":                       {"beds:\n  x: {colour: red}\n", nil, []string{`garden.yaml:2:3: beds.x.type: the key type is missing; it is one of flowers, herbs, rock`}},
		"a secret without its variable": {"key: ${PASS}\n", nil, []string{`garden.yaml:1:6: key: the environment variable PASS is not set`}},
		"a secret without its file":     {"key: file:/nope\n", nil, []string{`garden.yaml:1:6: key: the secret's file cannot be read: open /nope: file does not exist`}},
		"a reference that is no secret": {"name: ${HOST}\n", []string{"HOST=h"}, []string{`garden.yaml:1:7: name: references such as "${HOST}" work for secrets only; every setting has an environment variable of its own`}},
		"an unknown variable":           {"", []string{"GARDEN_TREE=1"}, []string{`GARDEN_TREE (environment): there is no such setting; did you mean GARDEN_TREES?`}},
		"a wrong variable":              {"", []string{"GARDEN_WATER_EVERY=often"}, []string{`GARDEN_WATER_EVERY (environment): water.every: "often" is not a duration; write for example 400ms, 10s or 1m30s`}},
		"a fault in a variable's YAML":  {"", []string{"GARDEN_BEDS={x: {type: weeds}}"}, []string{`GARDEN_BEDS (environment):1:12: beds.x.type: unknown type "weeds"; it must be one of flowers, herbs, rock`}},
		"a tab":                         {"water:\n\tevery: 1h\n", nil, []string{`garden.yaml:2:1: this is not valid YAML: found character '	' that cannot start any token; indent with blanks, not tabs, and put quotes around text that starts with a special character`}},
		"two documents":                 {"trees: 1\n---\ntrees: 2\n", nil, []string{`garden.yaml:1:1: this is not valid YAML: there is more than one document; leave out the line ---`}},
		"not UTF-8":                     {"trees: 1\nname: \xff\n", nil, []string{`garden.yaml:2:1: this line is not valid UTF-8; save the text as UTF-8`}},
		"an unknown alias":              {"name: *x\n", nil, []string{`garden.yaml:1:7: name: this must be a single value, not the unknown alias *x`}},
		"a merge with itself": {"water: &w\n  <<: *w\n  every: 1h\n", nil, []string{
			`garden.yaml:2:7: too many merge keys; does a mapping merge itself?`}},
		"all at once, in the order of the lines": {
			"trees: many\nwater:\n  every: 5\n  minimum: 11\nstyle: x\nopne: true\n", []string{"GARDEN_AREA=big"},
			[]string{
				`garden.yaml:1:8: trees: "many" is not a whole number`,
				`garden.yaml:3:10: water.every: 5 has no unit; write for example 5s or 5ms`,
				`garden.yaml:4:12: water.minimum: 11 is above maximum (10)`,
				`garden.yaml:5:8: style: "x" is not one of english, french, wild`,
				`garden.yaml:6:1: unknown key "opne"; did you mean "open"?`,
				`GARDEN_AREA (environment): area: "big" is not a number; write for example 0.5`,
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, s := read(c.file, c.environ...)
			var faults Faults
			errors.As(s.Err(), &faults)
			var got []string
			for _, f := range faults {
				got = append(got, f.Error())
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%q with %q gives\n  %s\nwant\n  %s", c.file, c.environ, strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

func TestFaultShowsTheLineWithACaret(t *testing.T) {
	_, s := read("water:\n  every: soon # or later\nstyle: grün\n")
	want := `garden.yaml:2:10: water.every: "soon" is not a duration; write for example 400ms, 10s or 1m30s
  2 |   every: soon # or later
    |          ^
garden.yaml:3:8: style: "grün" is not one of english, french, wild
  3 | style: grün
    |        ^`
	if got := s.Err().Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestSetBeatsEverythingElse(t *testing.T) {
	g := newGarden()
	s := New(g, []string{"GARDEN_TREES=5"})
	s.File("f", []byte("trees: 4\n"))
	s.Env("GARDEN_")
	s.Set("-trees", "trees", "6")
	s.Set("-set", "water.evry", "1h")
	if g.Trees != 6 || s.Origin("trees") != "-trees (flag)" {
		t.Errorf("trees are %d from %s, want 6 from the flag", g.Trees, s.Origin("trees"))
	}
	want := `-set (flag): there is no setting "water.evry"; did you mean "water.every"?`
	if err := s.Err(); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestWhatIsInsideAMapCannotBeSetByItself(t *testing.T) {
	s := New(newGarden(), []string{"GARDEN_BEDS_ROSES_TYPE=flowers"})
	s.Env("GARDEN_")
	s.Set("-set", "beds.roses.type", "flowers")
	want := "GARDEN_BEDS_ROSES_TYPE (environment): GARDEN_BEDS" + wholeOnly + "\n-set (flag): beds" + wholeOnly
	if err := s.Err(); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestPrintShowsOriginsAndMasksSecrets(t *testing.T) {
	_, s := read("trees: 4\nkey: hush\nbeds:\n  \"a b\":\n    type: flowers\nrows: [{length: 2}]\nfree: {yes: 'no'}\n", "GARDEN_TAGS=x,1")
	var b strings.Builder
	if err := s.Print(&b); err != nil {
		t.Fatal(err)
	}
	want := `name: home         # default
open: false        # default
trees: 4           # garden.yaml:1
area: 0            # default
tank: 64KiB        # default
water:
  every: 1h        # default
  minimum: 0       # default
  maximum: 10      # default
tags: [x, "1"]     # GARDEN_TAGS (environment)
beds:
  a b:
    type: flowers  # garden.yaml:5
    colour: red    # default
key: "********"    # garden.yaml:2
style: wild        # default
rows:
  -
    length: 2      # garden.yaml:6
free:
  "yes": "no"      # garden.yaml:7
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestSampleIsReadBackAsTheDefaults(t *testing.T) {
	var b strings.Builder
	if err := Sample(&b, newGarden()); err != nil {
		t.Fatal(err)
	}
	got, s := read(b.String())
	if err := s.Err(); err != nil {
		t.Fatalf("the sample has faults:\n%v\n%s", err, b.String())
	}
	want := newGarden()
	want.Tags, want.Rows, want.Free = []string{}, []row{}, map[string]string{} // [] and {} are empty, not missing
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the sample\n%s\ngives\n%+v, want\n%+v", b.String(), got, want)
	}
	for _, part := range []string{
		"# What it is called.\nname: home\n",
		"  # How often. (at least 1m)\n  every: 1h\n",
		"\n# beds.<name>:\n#   # A bed of herbs.\n#   type: herbs\n#   names: []\n",
		"\n#   # A bed of stones.\n#   type: rock\n#   stones:\n#     -\n#       # (at least 1)\n#       length: 0\n",
	} {
		if !strings.Contains(b.String(), part) {
			t.Errorf("the sample lacks %q:\n%s", part, b.String())
		}
	}
	if strings.Contains(b.String(), "A bed of flowers") {
		t.Errorf("the sample documents flowers twice:\n%s", b.String())
	}
}
