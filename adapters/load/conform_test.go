package load

import (
	"testing"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/adaptertest"
)

func TestConformance(t *testing.T) {
	adaptertest.Conform(t, adaptertest.Conformance{
		New:   func(t testing.TB) adapters.DataAdapter { return adapter(t, Config{Items: 3, Rate: 50}) },
		Items: []string{"item0", "item1", "item2"}, Mode: adapters.Merge, Unknown: "item3",
	})
}
