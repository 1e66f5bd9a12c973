package transport

import (
	"testing"
	"unsafe"

	"github.com/halley-stream/halley/engine"
)

// A server holds ten thousands of these. Who makes them larger should know it.
func TestSizes(t *testing.T) {
	for name, c := range map[string]struct{ size, most uintptr }{
		"conn":           {unsafe.Sizeof(conn{}), 256},
		"engine.Link":    {unsafe.Sizeof(engine.Link{}), 320},
		"engine.Session": {unsafe.Sizeof(engine.Session{}), 704},
	} {
		t.Logf("%s: %d bytes", name, c.size)
		if c.size > c.most {
			t.Errorf("%s has %d bytes, want at most %d", name, c.size, c.most)
		}
	}
}
