package main

import (
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/internal/settings"
)

func TestTypesOfAdapters(t *testing.T) {
	for _, kinds := range [][]settings.Kind{settingsKinds(dataKinds()), settingsKinds(metadataKinds())} {
		seen := make(map[string]bool)
		for _, kind := range kinds {
			if seen[kind.Name] || kind.Doc == "" {
				t.Errorf("the type %q comes twice, or nothing says what it is for", kind.Name)
			}
			seen[kind.Name] = true
			if a, b := kind.New(), kind.New(); reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer() {
				t.Errorf("two adapters of type %s share their configuration", kind.Name)
			}
		}
	}
}

func TestASetIsBuilt(t *testing.T) {
	text := `adapter_sets:
  ONE:
    data:
      Q: {type: demo, part: quotes, seed: 1}
      D: {type: demo, part: depth, seed: 1}
      N: {type: demo, part: news, seed: 2}
`
	conf := defaultConfig()
	s := settings.New(conf, nil)
	s.File("x.yaml", []byte(text))
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	sets := buildAdapters(conf, s, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err := s.Err(); err != nil || len(sets) != 1 {
		t.Fatalf("%d sets, %v", len(sets), err)
	}
	var names []string
	for _, d := range sets[0].data {
		names = append(names, d.name)
		if _, err := d.adapter.(adapters.Catalog).Describe("AAPL"); err != nil {
			t.Errorf("%s: %v", d.name, err)
		}
	}
	if want := []string{"D", "N", "Q"}; !reflect.DeepEqual(names, want) {
		t.Errorf("the adapters are %v, want %v", names, want)
	}
}

func TestFaultsOfBuildingHaveTheirPlaces(t *testing.T) {
	users := writeFile(t, "users.yaml", "users:\n  ann: {hash: x, roles: [a]}\n")
	text := `adapter_sets:
  ONE:
    metadata:
      type: static
      users_file: ` + users + `
      roles: {a: {items: ["*"]}}
    data: {Q: {type: demo}}
  TWO:
    metadata:
      type: jwt
      algorithms: [HS256]
      secret_file: there/is/none
      roles: {a: {items: ["*"]}}
    data: {Q: {type: demo}}
`
	conf := defaultConfig()
	s := settings.New(conf, nil)
	s.File("x.yaml", []byte(text))
	s.Validate()
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	buildAdapters(conf, s, slog.New(slog.DiscardHandler))
	got := fmt.Sprint(s.Err())
	for _, want := range []string{
		"x.yaml:5:19: adapter_sets.ONE.metadata.users_file: " + users + ":2:15: users.ann.hash: is no hash",
		"x.yaml:12:20: adapter_sets.TWO.metadata.secret_file: open there/is/none: no such file or directory; paths start from the folder",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nlacks %q", got, want)
		}
	}
}
