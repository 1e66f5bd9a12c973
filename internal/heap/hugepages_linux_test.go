package heap

import "testing"

func TestParseMapping(t *testing.T) {
	for line, want := range map[string]*region{
		"123ed1000000-123ed7c00000 rw-p 00000000 00:00 0 ":                       {0x123ed1000000, 0x123ed7c00000},
		"c000000000-c000400000 rw-p 00000000 00:00 0      [anon: Go: heap]":      {0xc000000000, 0xc000400000},
		"123ed0000000-123ed1000000 ---p 00000000 00:00 0 ":                       nil,
		"0058e000-00599000 rw-p 0018e000 fe:00 10003153   /usr/bin/halley":       nil,
		"7ffc765cc000-7ffc765ed000 rw-p 00000000 00:00 0                [stack]": nil,
		"": nil,
	} {
		got, ok := parseMapping(line)
		if ok != (want != nil) || ok && got != *want {
			t.Errorf("%q is %x, %v; want %x", line, got, ok, want)
		}
	}
}

// The heap is found, and the kernel takes the advice.
func TestAdvice(t *testing.T) {
	if err := adviseHugePages(); err != nil {
		t.Error(err)
	}
}
