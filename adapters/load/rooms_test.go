package load

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/adaptertest"
)

func TestRooms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := adapter(t, Config{Items: 3, Fields: 3})
		rooms := NewRooms(a)
		feed := adaptertest.NewFeed(t)
		adaptertest.Run(t, a, feed)
		feed.Subscribe(a, "item1", adapters.Merge)
		synctest.Wait()
		for _, text := range []string{"item1 123 hello there", "item2 124 nobody hears this", "item1 125 "} {
			if _, err := rooms.Message(t.Context(), adapters.Message{Text: text}); err != nil {
				t.Errorf("%q: %v", text, err)
			}
		}
		for _, text := range []string{"", "item1", "item3 1 there is no such", "item1 soon x", "$rest 1 x"} {
			var refusal *adapters.Refusal
			if _, err := rooms.Message(t.Context(), adapters.Message{Text: text}); !errors.As(err, &refusal) {
				t.Errorf("%q: %v, want a refusal", text, err)
			}
		}
		synctest.Wait()
		var got [][3]string
		for _, e := range feed.EventsOf("item1") {
			if e.Kind == adaptertest.Update {
				got = append(got, [3]string{e.Values[SeqField].Text, e.Values[SentField].Text, e.Values["f2"].Text})
			}
		}
		want := [][3]string{{"1", "123", "hello there"}, {"2", "125", ""}}
		if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] {
			t.Errorf("said %q, want %q", got, want)
		}
		if n := len(feed.EventsOf("item2")); n != 0 {
			t.Errorf("%d events of an item that nobody has", n)
		}
	})
}
