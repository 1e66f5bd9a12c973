package main

import (
	"io"
	"log/slog"
	"reflect"
	"testing"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/internal/settings"
)

func TestTypesOfAdapters(t *testing.T) {
	seen := make(map[string]bool)
	for _, kind := range settingsKinds(dataKinds()) {
		if seen[kind.Name] || kind.Doc == "" {
			t.Errorf("the type %q comes twice, or nothing says what it is for", kind.Name)
		}
		seen[kind.Name] = true
		if a, b := kind.New(), kind.New(); reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer() {
			t.Errorf("two adapters of type %s share their configuration", kind.Name)
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
