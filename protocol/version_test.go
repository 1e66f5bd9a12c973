package protocol

import "testing"

func TestParseVersion(t *testing.T) {
	for _, c := range []struct {
		text string
		want Version
	}{
		{"TLCP-2.0.0", V20},
		{"TLCP-2.1.0", V21},
		{"TLCP-2.2.0", V22},
		{"TLCP-2.3.0", V23},
		{"TLCP-2.4.0", V24},
		{"TLCP-2.5.0", V25},
		{"TLCP-2.5.9", V25},
		{"TLCP-2.1.12", V21},
		{"TLCP-2.6.0", 0},
		{"TLCP-2./.0", 0},
		{"TLCP-2.50.0", 0},
		{"TLCP-3.0.0", 0},
		{"TLCP-2.5", 0},
		{"TLCP-2.5.", 0},
		{"TLCP-2.5.x", 0},
		{"TLCP-2.5x0", 0},
		{"TLCP-2.5.0 ", 0},
		{"tlcp-2.5.0", 0},
		{"", 0},
	} {
		got, ok := ParseVersion(c.text)
		if ok != (c.want != 0) || ok && got != c.want {
			t.Errorf("version %q: got %v, %v, want %v", c.text, got, ok, c.want)
		}
		got, ok = ParseSubprotocol(c.text + ".lightstreamer.com")
		if ok != (c.want != 0) || ok && got != c.want {
			t.Errorf("subprotocol of %q: got %v, %v, want %v", c.text, got, ok, c.want)
		}
		if _, ok := ParseSubprotocol(c.text); ok {
			t.Errorf("%q is no subprotocol", c.text)
		}
	}
}

func TestVersionsAreOrdered(t *testing.T) {
	var none Version
	if none >= V20 || V20 >= V21 || V24 >= V25 {
		t.Error("later versions are not greater")
	}
	for v := V20; v <= V25; v++ {
		if got, ok := ParseVersion(v.String()); !ok || got != v {
			t.Errorf("%v: got %v, %v", v, got, ok)
		}
	}
	if got, ok := ParseVersion(none.String()); ok {
		t.Errorf("the zero value is %v", got)
	}
}
