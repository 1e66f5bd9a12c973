package engine

import (
	"testing"
	"unsafe"
)

// What is walked most lies in whole cache lines, and what there is most of fills the
// pieces in which the allocator hands memory out.
func TestSizes(t *testing.T) {
	for name, size := range map[string][2]uintptr{
		"outlet":       {unsafe.Sizeof(outlet{}), 128},
		"seat":         {unsafe.Sizeof(seat{}), 32},
		"fan":          {unsafe.Sizeof(fan{}), 64},
		"Session":      {unsafe.Sizeof(Session{}), 480},
		"subscription": {unsafe.Sizeof(subscription{}), 128},
		"subscriber":   {unsafe.Sizeof(subscriber{}), 112},
	} {
		if size[0] != size[1] {
			t.Errorf("%s has %d bytes, want %d", name, size[0], size[1])
		}
	}
}
