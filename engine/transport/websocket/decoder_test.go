package websocket

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/gobwas/ws"
)

func TestDecoderIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(Decoder{}); n > 64 {
		t.Errorf("a decoder has %d bytes, want 64 at most", n)
	}
}

// What the rebuilt cases of the public suite do not contain. Each is run at once,
// byte by byte and in pieces; messages may have 10 bytes.
func TestDecoder(t *testing.T) {
	header := func(p ...byte) []byte { return p }
	mask := []byte{1, 2, 3, 4}
	for _, c := range []struct {
		name string
		send []byte
		want []string
	}{
		{"nothing", nil, nil},
		// RFC 6455 5.1
		{"no mask", header(0x81, 0x01, 'a'), []string{closed(1002)}},
		{"no mask, nothing to mask", header(0x81, 0x00), []string{closed(1002)}},
		{"ping without a mask", header(0x89, 0x00), []string{closed(1002)}},
		{"close without a mask", header(0x88, 0x02, 0x03, 0xe8), []string{closed(1002)}},
		{"a mask of zeros", header(0x81, 0x81, 0, 0, 0, 0, 'a'), []string{text("a")}},
		// RFC 6455 5.2: the shortest form, and no highest bit.
		{"125 in 16 bits", all(header(0x81, 0xfe, 0, 125), mask), []string{closed(1002)}},
		{"5 in 16 bits", all(header(0x81, 0xfe, 0, 5), mask), []string{closed(1002)}},
		{"5 in 64 bits", all(header(0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 5), mask), []string{closed(1002)}},
		{"65535 in 64 bits", all(header(0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff), mask), []string{closed(1002)}},
		{"2^63 in 64 bits", all(header(0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0), mask), []string{closed(1002)}},
		{"2^64-1 in 64 bits", all(header(0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), mask), []string{closed(1002)}},
		// RFC 6455 5.5
		{"ping of 16 bits", all(header(0x89, 0xfe, 0, 126), mask), []string{closed(1002)}},
		{"ping of 64 bits", all(header(0x89, 0xff, 0, 0, 0, 0, 0, 1, 0, 0), mask), []string{closed(1002)}},
		{"close in two frames", all(frame(ws.OpClose, false, 0, "\x03\xe8")), []string{closed(1002)}},
		{"pings between frames", all(ping("a"), begin("1"), ping("b"), unasked("x"), more("2"), ping("c"), last("3"), ping("d")),
			[]string{pong("a"), pong("b"), pong("c"), text("123"), pong("d")}},
		{"ping larger than messages may be", ping(strings.Repeat("a", 125)), []string{pong(strings.Repeat("a", 125))}},
		// RFC 6455 7.4
		{"close codes registered since", byeCode(1012), []string{closed(1012)}},
		{"1013", byeCode(1013), []string{closed(1013)}},
		{"1014", byeCode(1014), []string{closed(1014)}},
		{"1015 is never sent", byeCode(1015), []string{closed(1002)}},
		{"close reason cut in a character", bye("\x03\xe8\xc3"), []string{closed(1007)}},
		{"bad code and bad reason", bye("\x03\xe7\xff"), []string{closed(1002)}},
		// Sizes: 1009 as soon as the length is known.
		{"a message as large as may be", message("0123456789"), []string{text("0123456789")}},
		{"too large, nothing but the header", header(0x81, 0x80|11), []string{closed(1009)}},
		{"too large in 16 bits", header(0x81, 0xfe, 0, 126), []string{closed(1009)}},
		{"too large in 64 bits", header(0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), []string{closed(1009)}},
		{"frames as large as may be", inFrames("01234", "", "56789", ""), []string{text("0123456789")}},
		{"too large in frames", all(begin("01234"), header(0x80, 0x80|6)), []string{closed(1009)}},
		{"too large in many frames", inFrames(slices.Repeat([]string{"a"}, 11)...), []string{closed(1009)}},
		{"large after large", all(inFrames("01234", "56789"), inFrames("01234", "56789"), message("0123456789")),
			[]string{text("0123456789"), text("0123456789"), text("0123456789")}},
		{"an endless row of empty frames", all(begin(""), slices.Concat(slices.Repeat([][]byte{more("")}, 1000)...), last("a")), []string{text("a")}},
		// Order: what is before a fault is answered.
		{"a message before a fault", all(message("a"), ping("b"), header(0x83)), []string{text("a"), pong("b"), closed(1002)}},
		{"binary in a message", all(begin("a"), binaryMsg("b")), []string{closed(1002)}},
		{"binary, nothing but a byte", header(0x82), []string{closed(1003)}},
		{"binary without a mask", header(0x82, 0x01, 0xff), []string{closed(1003)}},
		{"bad text before a large frame", all(begin("\xc3"), more("a"), header(0x80, 0x80|11)), []string{closed(1007)}},
		{"bad text in an incomplete frame", all(header(0x81, 0x8a, 0, 0, 0, 0), []byte("abc\xff")), []string{closed(1007)}},
		{"text cut in a character", message("a\xe2\x82"), []string{closed(1007)}},
		{"a character in three frames", inFrames("\xe2", "\x82", "\xac"), []string{text("€")}},
		{"a character around empty frames and pings", all(begin("\xe2"), more(""), ping("\xff"), more("\x82"), last("\xac")), []string{pong("\xff"), text("€")}},
		{"good text after a message", all(inFrames("\xe2", "\x82\xac"), message("a")), []string{text("€"), text("a")}},
		// RFC 6455 5.5.1: nothing after a close.
		{"a fault after a close", all(byeCode(1001), header(0xff, 0xff)), []string{closed(1001)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, size := range chops(uint64(len(c.send))) {
				e := &echo{t: t, most: 10, fresh: true}
				e.feed(c.send, size)
				if got := e.sent(); !slices.Equal(got, c.want) {
					t.Errorf("%s:\ngot  %q\nwant %q", name, got, c.want)
				}
			}
		})
	}
}

// After a close and after an error everything is swallowed.
func TestDecoderEnds(t *testing.T) {
	for _, end := range [][]byte{byeCode(1000), {0xff}, all(begin("abc"), byeCode(1000))} {
		var d Decoder
		if _, n, _ := d.Next(append(slices.Clone(end), "rest"...), 100); n != len(end)+4 {
			t.Errorf("%x: used %d bytes, want all", end, n)
		}
		if event, n, err := d.Next(message("a"), 100); event.Kind != None || n != 7 || err != nil {
			t.Errorf("%x: then got %v, %d, %v", end, event, n, err)
		}
		if d.message != nil {
			t.Errorf("%x: memory is kept", end)
		}
	}
}

func TestPayloads(t *testing.T) {
	var d Decoder
	buf := all(message("abc"), inFrames("d", "e"), bye("\x0f\xa0bye"))
	event, n, err := d.Next(buf, 100)
	if err != nil || string(event.Payload) != "abc" || &event.Payload[0] != &buf[6] || cap(event.Payload) != 3 {
		t.Errorf("got %q, cap %d, %v; want a part of the input", event.Payload, cap(event.Payload), err)
	}
	buf = buf[n:]
	event, n, err = d.Next(buf, 100)
	if err != nil || string(event.Payload) != "de" || d.message != nil {
		t.Errorf("got %q, %v; decoder keeps %q", event.Payload, err, d.message)
	}
	event, _, err = d.Next(buf[n:], 100)
	if err != nil || event.Kind != Close || event.Code != 4000 || string(event.Payload) != "bye" {
		t.Errorf("got %+v, %v", event, err)
	}
	if got := fmt.Sprint((&CloseError{CodeTooBig, "x"}).Error()); got != "x (close code 1009)" {
		t.Errorf("got %q", got)
	}
}

func TestDecoderAllocs(t *testing.T) {
	small := message(strings.Repeat("LS_op=add&", 10))
	part := small[:len(small)-1]
	pong := unasked("x")
	buf := make([]byte, 0, 1024)
	var d Decoder
	for name, f := range map[string]func(){
		"a small message": func() {
			buf = append(buf[:0], small...)
			if event, _, _ := d.Next(buf, 1000); event.Kind != Text {
				t.Fatalf("event %v", event)
			}
		},
		"an incomplete message": func() {
			buf = append(buf[:0], part...)
			d = Decoder{}
			if event, n, err := d.Next(buf, 1000); event.Kind != None || n != 0 || err != nil {
				t.Fatalf("event %v", event)
			}
		},
		"a pong": func() {
			buf = append(buf[:0], pong...)
			d = Decoder{}
			if event, _, _ := d.Next(buf, 1000); event.Kind != Pong {
				t.Fatalf("event %v", event)
			}
		},
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func BenchmarkDecoder(b *testing.B) {
	for _, size := range []int{16, 100, 1000, 16 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			in := message(strings.Repeat("a", size))
			buf := make([]byte, len(in))
			var d Decoder
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				copy(buf, in)
				if event, _, _ := d.Next(buf, 1<<20); event.Kind != Text {
					b.Fatal(event)
				}
			}
		})
	}
}
