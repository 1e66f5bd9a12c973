package main

import (
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters/replay"
)

func TestRowsAreWhole(t *testing.T) {
	tick := func(symbol string, values ...replay.Value) *replay.Tick {
		return &replay.Tick{Symbol: symbol, Kind: replay.Quote, Time: time.Second, Values: values}
	}
	value := func(f replay.Field, text string) replay.Value { return replay.Value{Field: f, Text: []byte(text)} }
	r := make(rows)
	for _, c := range []struct {
		tick *replay.Tick
		want string
	}{
		{tick("IBM", value(replay.Time, "1"), value(replay.Bid, "180.1")), `{"symbol":"IBM","time":"1","bid":180.1}`},
		{tick("AIG", value(replay.Time, "2"), value(replay.Ask, "50")), `{"symbol":"AIG","time":"2","ask":50}`},
		{tick("IBM", value(replay.Time, "3"), value(replay.Ask, "180.3")), `{"symbol":"IBM","time":"3","bid":180.1,"ask":180.3}`},
		{tick("IBM", value(replay.Time, "10"), value(replay.Bid, "9")), `{"symbol":"IBM","time":"10","bid":9,"ask":180.3}`},
	} {
		if got := string(replay.AppendJSON(nil, r.whole(c.tick))); got != c.want {
			t.Errorf("row %s, want %s", got, c.want)
		}
	}
}
