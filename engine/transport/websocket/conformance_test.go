package websocket

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// conformance is a case of the public WebSocket test suite, rebuilt from RFC 6455
// under the same number: what a client sends and what an echo server sends back.
// Where the suite sends binary messages, this server refuses them.
type conformance struct {
	number string
	send   []byte
	want   []string
}

func all(frames ...[]byte) []byte { return slices.Concat(frames...) }

func conformanceCases() []conformance {
	var cases []conformance
	add := func(number string, send []byte, want ...string) {
		cases = append(cases, conformance{number, send, want})
	}
	x := func(n int) string { return strings.Repeat("*", n) }

	// 1: framing.
	for i, n := range []int{0, 125, 126, 127, 128, 65535, 65536, 65536} {
		add(fmt.Sprint("1.1.", i+1), message(x(n)), text(x(n)))
		add(fmt.Sprint("1.2.", i+1), binaryMsg(strings.Repeat("\xfe", n)), closed(1003))
	}

	// 2: pings and pongs.
	odd := "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
	long := strings.Repeat("\xfe", 125)
	add("2.1", ping(""), pong(""))
	add("2.2", ping("Hello, world!"), pong("Hello, world!"))
	add("2.3", ping(odd), pong(odd))
	add("2.4", ping(long), pong(long))
	add("2.5", ping(long+"\xfe"), closed(1002))
	add("2.6", ping(long), pong(long))
	add("2.7", unasked(""))
	add("2.8", unasked("unsolicited pong payload"))
	add("2.9", all(unasked("unsolicited pong payload"), ping("ping payload")), pong("ping payload"))
	var pings []byte
	var pongs []string
	for i := range 10 {
		pings = append(pings, ping(fmt.Sprint("payload-", i))...)
		pongs = append(pongs, pong(fmt.Sprint("payload-", i)))
	}
	add("2.10", pings, pongs...)
	add("2.11", pings, pongs...)

	// 3: reserved bits.
	hello := message("Hello, world!")
	add("3.1", frame(ws.OpText, true, 1, "Hello, world!"), closed(1002))
	for i, rsv := range []byte{2, 3, 4} {
		add(fmt.Sprint("3.", i+2), all(hello, frame(ws.OpText, true, rsv, "Hello, world!"), ping("")), text("Hello, world!"), closed(1002))
	}
	add("3.5", frame(ws.OpBinary, true, 5, odd), closed(1002))
	add("3.6", frame(ws.OpPing, true, 6, "Hello, world!"), closed(1002))
	add("3.7", frame(ws.OpClose, true, 7, "\x03\xe8"), closed(1002))

	// 4: reserved opcodes.
	for i, first := range []ws.OpCode{3, 11} {
		add(fmt.Sprintf("4.%d.1", i+1), frame(first, true, 0, ""), closed(1002))
		add(fmt.Sprintf("4.%d.2", i+1), frame(first+1, true, 0, "reserved opcode payload"), closed(1002))
		add(fmt.Sprintf("4.%d.3", i+1), all(hello, frame(first+2, true, 0, ""), ping("")), text("Hello, world!"), closed(1002))
		add(fmt.Sprintf("4.%d.4", i+1), all(hello, frame(first+3, true, 0, "reserved opcode payload"), ping("")), text("Hello, world!"), closed(1002))
		add(fmt.Sprintf("4.%d.5", i+1), all(hello, frame(first+4, true, 0, "reserved opcode payload"), ping("")), text("Hello, world!"), closed(1002))
	}

	// 5: fragmentation.
	two := inFrames("fragment1", "fragment2")
	withPing := all(begin("fragment1"), ping("ping payload"), last("fragment2"))
	add("5.1", all(frame(ws.OpPing, false, 0, "fragment1"), last("fragment2")), closed(1002))
	add("5.2", all(frame(ws.OpPong, false, 0, "fragment1"), last("fragment2")), closed(1002))
	for _, number := range []string{"5.3", "5.4", "5.5"} {
		add(number, two, text("fragment1fragment2"))
	}
	for _, number := range []string{"5.6", "5.7", "5.8"} {
		add(number, withPing, pong("ping payload"), text("fragment1fragment2"))
	}
	for _, number := range []string{"5.9", "5.10", "5.11"} {
		add(number, all(last("non-continuation payload"), hello), closed(1002))
	}
	for _, number := range []string{"5.12", "5.13", "5.14"} {
		add(number, all(more("non-continuation payload"), hello), closed(1002))
	}
	add("5.15", all(two, more("fragment3"), message("fragment4")), text("fragment1fragment2"), closed(1002))
	add("5.16", all(more("fragment1"), begin("fragment2"), last("fragment3")), closed(1002))
	add("5.17", all(last("fragment1"), begin("fragment2"), last("fragment3")), closed(1002))
	add("5.18", all(begin("fragment1"), message("fragment2")), closed(1002))
	for _, number := range []string{"5.19", "5.20"} {
		add(number, all(begin("fragment1"), more("fragment2"), ping("pongme 1!"), more("fragment3"), more("fragment4"), ping("pongme 2!"), last("fragment5")),
			pong("pongme 1!"), pong("pongme 2!"), text("fragment1fragment2fragment3fragment4fragment5"))
	}

	// 6: text and UTF-8.
	valid := func(number, p string) { add(number, message(p), text(p)) }
	invalid := func(number, p string) { add(number, message(p), closed(1007)) }
	kosme := "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"
	mixed := "Hello-µ@ßöäüàá-UTF-8!!"
	surrogate := kosme + "\xed\xa0\x80edited"
	valid("6.1.1", "")
	add("6.1.2", inFrames("", "", ""), text(""))
	add("6.1.3", inFrames("", "middle frame payload", ""), text("middle frame payload"))
	valid("6.2.1", mixed)
	add("6.2.2", inFrames("Hello-µ@ßöä", "üàá-UTF-8!!"), text(mixed))
	add("6.2.3", inFrames(octets(mixed)...), text(mixed))
	add("6.2.4", inFrames(octets(kosme)...), text(kosme))
	invalid("6.3.1", surrogate)
	add("6.3.2", inFrames(octets(surrogate)...), closed(1007))
	add("6.4.1", inFrames(kosme, "\xf4\x90\x80\x80", "edited"), closed(1007))
	add("6.4.2", inFrames(kosme+"\xf4", "\x90", "\x80\x80edited"), closed(1007))
	invalid("6.4.3", kosme+"\xf4\x90\x80\x80edited")
	invalid("6.4.4", kosme+"\xf4\x90\x80\x80edited")
	for i, p := range []string{"hello$world", "hello¢world", "hello€world", "hello𤭢world", kosme} {
		valid(fmt.Sprint("6.5.", i+1), p)
	}
	for i := range kosme {
		if i > 0 {
			valid(fmt.Sprint("6.6.", i), kosme[:i])
		}
	}
	valid("6.6.11", kosme)
	for _, i := range []int{1, 3, 4, 6, 8, 10} {
		invalid(fmt.Sprint("6.6.", i), kosme[:i])
	}
	sections := []struct {
		section int
		valid   bool
		texts   []string
	}{
		{7, true, []string{"\x00", "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80"}},
		{8, false, []string{"\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80"}},
		{9, true, []string{"\x7f", "\xdf\xbf", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"}},
		{10, false, []string{"\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf"}},
		{12, false, []string{
			"\x80", "\xbf", "\x80\xbf", "\x80\xbf\x80", "\x80\xbf\x80\xbf", "\x80\xbf\x80\xbf\x80", "\x80\xbf\x80\xbf\x80\xbf",
			span(0x80, 0xbf, ""),
		}},
		{13, false, []string{span(0xc0, 0xdf, " "), span(0xe0, 0xef, " "), span(0xf0, 0xf7, " "), span(0xf8, 0xfb, " "), span(0xfc, 0xfd, " ")}},
		{14, false, []string{
			"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80",
			"\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf",
		}},
		{15, false, []string{"\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80\xfc\x80\x80\x80\x80\xdf\xef\xbf\xf7\xbf\xbf\xfb\xbf\xbf\xbf\xfd\xbf\xbf\xbf\xbf"}},
		{16, false, []string{"\xfe", "\xff", "\xfe\xfe\xff\xff"}},
		{17, false, []string{"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf"}},
		{18, false, []string{"\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf"}},
		{19, false, []string{"\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80"}},
		{20, false, []string{"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf"}},
		{21, false, []string{
			"\xed\xa0\x80\xed\xb0\x80", "\xed\xa0\x80\xed\xbf\xbf", "\xed\xad\xbf\xed\xb0\x80", "\xed\xad\xbf\xed\xbf\xbf",
			"\xed\xae\x80\xed\xb0\x80", "\xed\xae\x80\xed\xbf\xbf", "\xed\xaf\xbf\xed\xb0\x80", "\xed\xaf\xbf\xed\xbf\xbf",
		}},
		{22, true, nonCharacters()},
		{23, true, []string{"\ufff9", "\ufffa", "\ufffb", "\ufffc", "\ufffd", "\ufffe", "\uffff"}},
	}
	for _, s := range sections {
		for i, p := range s.texts {
			add := invalid
			if s.valid {
				add = valid
			}
			add(fmt.Sprintf("6.%d.%d", s.section, i+1), p)
		}
	}
	for i, p := range []string{"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf"} {
		valid(fmt.Sprint("6.11.", i+1), p)
	}
	invalid("6.11.5", "\xf4\x90\x80\x80")

	// 7: closing.
	normal := byeCode(1000)
	big := x(256 << 10)
	add("7.1.1", all(hello, normal), text("Hello, world!"), closed(1000))
	add("7.1.2", all(normal, normal), closed(1000))
	add("7.1.3", all(normal, ping("")), closed(1000))
	add("7.1.4", all(normal, hello), closed(1000))
	add("7.1.5", all(begin("fragment1"), normal, last("fragment2")), closed(1000))
	add("7.1.6", all(message(big), normal, ping("")), text(big), closed(1000))
	add("7.3.1", bye(""), closed(CodeNone))
	add("7.3.2", bye("a"), closed(1002))
	add("7.3.3", normal, closed(1000))
	add("7.3.4", bye("\x03\xe8Hello World!"), closed(1000))
	add("7.3.5", bye("\x03\xe8"+x(123)), closed(1000))
	add("7.3.6", bye("\x03\xe8"+x(124)), closed(1002))
	add("7.5.1", bye("\x03\xe8"+surrogate), closed(1007))
	for i, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		add(fmt.Sprint("7.7.", i+1), byeCode(code), closed(code))
	}
	for i, code := range []int{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		add(fmt.Sprint("7.9.", i+1), byeCode(code), closed(1002))
	}
	for i, code := range []int{5000, 65535} {
		add(fmt.Sprint("7.13.", i+1), byeCode(code), closed(1002))
	}

	// 10: fragments of a size that the client has chosen.
	var parts []string
	for p := x(65536); p != ""; {
		n := min(1300, len(p))
		parts = append(parts, p[:n])
		p = p[n:]
	}
	add("10.1.1", inFrames(parts...), text(x(65536)))
	return cases
}

// span is all bytes from one to another, each followed by sep.
func span(from, to byte, sep string) string {
	var p []byte
	for c := int(from); c <= int(to); c++ {
		p = append(append(p, byte(c)), sep...)
	}
	return string(p)
}

// nonCharacters are the last two code points of each plane.
func nonCharacters() []string {
	var texts []string
	for plane := range rune(17) {
		texts = append(texts, string(plane<<16|0xfffe), string(plane<<16|0xffff))
	}
	return texts
}

func TestConformance(t *testing.T) {
	cases := conformanceCases()
	if len(cases) != 247 {
		t.Fatalf("%d cases, the suite has 247", len(cases))
	}
	seen := map[string]bool{}
	for i, c := range cases {
		if seen[c.number] {
			t.Fatalf("%s twice", c.number)
		}
		seen[c.number] = true
		t.Run(c.number, func(t *testing.T) {
			for name, size := range chops(uint64(i)) {
				e := &echo{t: t, most: 1 << 20, fresh: len(c.send) < 4<<10}
				e.feed(c.send, size)
				if got := e.sent(); !slices.Equal(got, c.want) {
					t.Errorf("%s:\ngot  %q\nwant %q", name, got, c.want)
				}
			}
		})
	}
}

// Bad text is refused at the first byte that no continuation can make good, also
// in the middle of a frame.
func TestBadTextAtOnce(t *testing.T) {
	for _, c := range conformanceCases() {
		if !slices.Equal(c.want, []string{closed(1007)}) || ws.OpCode(c.send[0]&0xf) == ws.OpClose {
			continue
		}
		taken := (&echo{t: t, most: 1 << 20, fresh: true}).feed(c.send, func() int { return 1 })
		before, at := textOf(c.send[:taken-1]), textOf(c.send[:taken])
		if !canBecomeText(before) {
			t.Errorf("%s: %q has not been refused", c.number, before)
		}
		if canBecomeText(at) && taken < len(c.send) {
			t.Errorf("%s: %q has been refused", c.number, at)
		}
	}
}

// textOf is what the payloads of a client's frames up to the last, incomplete one
// are, unmasked.
func textOf(p []byte) string {
	var all []byte
	for len(p) >= 6 {
		size := min(int(p[1]&0x7f), len(p)-6)
		payload := slices.Clone(p[6 : 6+size])
		ws.Cipher(payload, [4]byte(p[2:6]), 0)
		all = append(all, payload...)
		p = p[6+size:]
	}
	return string(all)
}

// canBecomeText tries everything.
func canBecomeText(p string) bool {
	if utf8.ValidString(p) {
		return true
	}
	for _, a := range []string{"\x80", "\x90", "\xa0"} {
		for _, b := range []string{"", "\x80", "\x80\x80"} {
			if utf8.ValidString(p + a + b) {
				return true
			}
		}
	}
	return false
}
