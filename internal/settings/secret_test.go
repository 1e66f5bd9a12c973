package settings

import (
	"strings"
	"testing"
)

// vault is a configuration with secrets of every sort.
type vault struct {
	Name  string            `yaml:"name"`
	Door  door              `yaml:"door"`
	Codes map[string]string `yaml:"codes" secret:"true"`
	Env   []string          `yaml:"env" secret:"value"`
	Lamp  lamp              `yaml:"lamp"`
	Box   box               `yaml:"box"`
}

type door struct {
	Lock string `yaml:"lock" oneof:"old|new"`
	Key  string `yaml:"key" secret:"true"`
}

type lamp struct {
	Watts int `yaml:"watts"`
}

type box struct{ Variant }

// Kinds returns the kind of boxes.
func (box) Kinds() []Kind {
	return []Kind{{"safe", "A safe.", func() any { return &door{Lock: "new"} }}}
}

func openVault(text string) (*vault, *Settings) {
	v := &vault{Door: door{Lock: "new"}, Box: box{Variant{"safe", &door{Lock: "new"}}}}
	s := New(v, []string{"PASS=hush"})
	s.readFile = func(string) ([]byte, error) { return []byte("from file\n"), nil }
	s.File("vault.yaml", []byte(text))
	s.Validate()
	return v, s
}

func TestSecretsInMapsAndAssignments(t *testing.T) {
	v, s := openVault("codes: {a: '${PASS}', b: file:/f, c: hush}\nenv: [PATH, 'A=${PASS}', B=file:/f, C=hush, D=]\n")
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	if v.Codes["a"] != "hush" || v.Codes["b"] != "from file" || v.Codes["c"] != "hush" {
		t.Errorf("the codes are %q", v.Codes)
	}
	if got := strings.Join(v.Env, " "); got != "PATH A=hush B=from file C=hush D=" {
		t.Errorf("the environment is %q", got)
	}
	var b strings.Builder
	if err := s.Print(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`a: "********"`, `env: [PATH, "A=********", "B=********", "C=********", "D="]`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s is missing in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "hush") {
		t.Errorf("a secret is printed:\n%s", b.String())
	}
	_, s = openVault("env: ['A=${NONE}']\n")
	if err := s.Err(); err == nil || !strings.Contains(err.Error(), "env[0]: the environment variable NONE is not set") {
		t.Errorf("got %v", err)
	}
}

// TestFaultsKeepSecrets has faults in lines that hold a secret, or what was meant to be
// one. Those lines were quoted.
func TestFaultsKeepSecrets(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"a secret's key misspelled":   {"door:\n  kye: hush\n", "unknown key \"kye\"; did you mean \"key\"?\n  2 |   kye: ********\n    |   ^"},
		"in one line with others":     {"door: {lock: older, kye: hush}\n", "  1 | door: ********\n"},
		"beside another fault":        {"door: {key: hush, lock: older}\n", "\"older\" is not one of old, new\n  1 | door: ********\n"},
		"of another shape":            {"door:\n  key: [hush]\n", "  2 |   key: ********\n    |        ^"},
		"in the place of keys":        {"door: hush\n", "this must be keys with values, not a single value\n  1 | door: ********"},
		"without a blank":             {"door:\n  key:hush\n", "this must be keys with values, not a single value\n  2 |   ********"},
		"in the place of a map":       {"codes: hush\n", "this must be keys with values, not a single value\n  1 | codes: ********"},
		"in the place of a list":      {"env: A=hush\n", "this must be a list, such as [a, b], not a single value\n  1 | env: ********"},
		"below a key misspelled":      {"dor: {key: hush}\n", "  1 | dor: ********"},
		"twice":                       {"door:\n  key: x\n  key: hush\n", "  3 |   key: ********\n    |   ^"},
		"in a variant of no type":     {"box: {type: saef, key: hush}\n", "unknown type \"saef\"; did you mean \"safe\"? There are safe\n  1 | box: ********"},
		"in several lines":            {"lamp: {watts: x, waats: 1}\ndoor: {key: \"a\n  hush\", lock: x}\n", "  3 |   ********\n"},
		"below an anchor":             {"name: &n hush\ndoor: {key: *n}\nnmae: *n\n", "  3 | nmae: ********"},
		"in no YAML":                  {"door:\n  key: \"hush\n", "this is not valid YAML: "},
		"in no YAML, further on":      {"door:\n  lock: old\n  key:hush\n", "  3 |   ********"},
		"no YAML where no secret is":  {"lamp:\n  watts: [60\n", "  2 |   watts: [60\n"},
		"that begins as a block":      {"door:\n  key: |hush\n", "this is not valid YAML: invalid header option; put quotes around text that starts with | or >\n  2 |   key: ********"},
		"misspelled, without a value": {"door:\n  kye:\n", "unknown key \"kye\"; did you mean \"key\"?\n  2 |   kye:\n    |   ^"},
		"with a comma in it":          {"door: {lock: old, key: a,hush}\n", "door: a key without a value; known here: lock, key\n  1 | door: ********\n"},
		"without a colon":             {"door: {lock: old, key 'hush'}\n", "door: a key without a value; known here: lock, key\n"},
		"not UTF-8":                   {"door:\n  key: hush\xff\n", "  2 |   key: ********\n"},
		"no secret is about":          {"lamp: {waats: 60}\n", "  1 | lamp: {waats: 60}\n    |        ^"},
		"no secret is in this place":  {"door:\n  lock: older\n", "  2 |   lock: older\n    |         ^"},
	} {
		t.Run(name, func(t *testing.T) {
			_, s := openVault(c.file)
			got := s.Err()
			if got == nil || !strings.Contains(got.Error()+"\n", c.want) || strings.Contains(got.Error(), "hush") {
				t.Errorf("%q gives\n%v\nwant\n%s", c.file, got, c.want)
			}
		})
	}
}
