package demo

import (
	"testing"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/adaptertest"
)

func TestConformance(t *testing.T) {
	part := func(of func(*Market) adapters.DataAdapter) func(testing.TB) adapters.DataAdapter {
		return func(t testing.TB) adapters.DataAdapter {
			m, err := NewMarket(Config{Rate: 20, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			return of(m)
		}
	}
	for name, c := range map[string]adaptertest.Conformance{
		"quotes": {New: part(func(m *Market) adapters.DataAdapter { return m.Quotes() }), Mode: adapters.Merge},
		"depth":  {New: part(func(m *Market) adapters.DataAdapter { return m.Depth() }), Mode: adapters.Command},
		"news":   {New: part(func(m *Market) adapters.DataAdapter { return m.News() }), Mode: adapters.Distinct},
	} {
		t.Run(name, func(t *testing.T) {
			c.Items, c.Unknown = []string{"AAPL", "MSFT"}, "NOSUCH"
			adaptertest.Conform(t, c)
		})
	}
}
