package protocol

import (
	"strings"
	"testing"
)

func BenchmarkAppendToken(b *testing.B) {
	for name, value := range map[string][]byte{
		"plain8":    plainValue,
		"plain3":    []byte("bid"),
		"plain64":   []byte(strings.Repeat("abcdefgh", 8)),
		"escapes":   []byte("EUR|USD%"),
		"non-ascii": []byte("Zürich"),
		"null":      nil,
	} {
		b.Run(name, func(b *testing.B) {
			buf := make([]byte, 0, 256)
			b.ReportAllocs()
			for b.Loop() {
				AppendToken(buf, value)
			}
		})
	}
}

func BenchmarkBody(b *testing.B) {
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		appendTestBody(buf)
	}
}

func BenchmarkAppendUpdateHead(b *testing.B) {
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		AppendUpdateHead(buf, 12, 345)
	}
}

func BenchmarkParseLine(b *testing.B) {
	for name, line := range map[string]string{
		"U": string(updateLine), "PROBE": "PROBE\r\n", "SUBOK": "SUBOK,1,1,20\r\n", "MSGFAIL": "MSGFAIL,SEQ,4,34,no\r\n",
	} {
		b.Run(name, func(b *testing.B) {
			line := []byte(line)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseLine(line); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkApply(b *testing.B) {
	state := NewItemState(8)
	if err := state.Apply([]byte("1|2|3|4|5|6|7|8")); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := state.Apply(updateBody); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkApplyDiff(b *testing.B) {
	base := []byte(strings.Repeat("The quick brown fox jumps. ", 40))
	w := BeginDiff(nil)
	w.Copy(500)
	w.Add([]byte("!"), 1)
	w.Delete(1)
	w.Copy(len(base) - 501)
	diff, dst := w.End(), make([]byte, 0, 2*len(base))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ApplyDiff(dst, base, diff); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseControl(b *testing.B) {
	line := []byte("LS_reqId=1&LS_op=add&LS_subId=1&LS_mode=MERGE&LS_group=eur&LS_schema=bid%20ask&LS_data_adapter=FX&LS_snapshot=true&LS_ack=false")
	var p Params
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Parse(line); err != nil {
			b.Fatal(err)
		}
		if _, err := ParseControl(&p); err != nil {
			b.Fatal(err)
		}
	}
}
