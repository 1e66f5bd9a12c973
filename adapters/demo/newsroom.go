package demo

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// backlog is how many headlines a market begins with.
const backlog = 20

// headline is a piece of news about an instrument. It is immutable.
type headline struct {
	at   time.Duration // since the tape's start, before it in the backlog
	of   int           // the instrument's index
	text string
}

// newsroom writes a headline every few seconds. What it says is true, in the
// simulation.
type newsroom struct {
	rand    *rand.Rand
	due     time.Duration
	backlog []*headline
}

// open writes the backlog, of a time just before the start.
func (n *newsroom) open(r *rand.Rand, about []instrument) {
	n.rand = r
	for range backlog {
		n.backlog = append(n.backlog, n.report(about))
	}
	for _, h := range n.backlog {
		h.at -= n.due
	}
	n.due = n.pause()
}

// report writes the headline that is due, and plans the next.
func (n *newsroom) report(about []instrument) *headline {
	of := n.rand.IntN(len(about))
	h := &headline{at: n.due, of: of, text: n.write(&about[of])}
	n.due += n.pause()
	return h
}

func (n *newsroom) pause() time.Duration {
	return 2*time.Second + time.Duration(n.rand.Int64N(int64(4*time.Second)))
}

func (n *newsroom) write(in *instrument) string {
	price := func(f field) string { return string(appendDecimal(nil, in.row[f], in.decimals)) }
	pct := in.row[fieldChangePct]
	way, side, edge := "up", "Buyers", fieldHigh
	if pct < 0 {
		way, side, edge, pct = "down", "Sellers", fieldLow, -pct
	}
	move := string(appendDecimal(nil, pct, 2))
	switch n.rand.IntN(7) {
	case 0:
		return fmt.Sprintf("%s %s %s%% at %s", in.name, way, move, price(fieldLast))
	case 1:
		return fmt.Sprintf("%s take the lead in %s, last %s", side, in.name, price(fieldLast))
	case 2:
		return fmt.Sprintf("%s %s %s%% on the day, %s of the day %s", in.name, way, move, fieldNames[edge], price(edge))
	case 3:
		return fmt.Sprintf("%s between %s and %s today", in.name, price(fieldLow), price(fieldHigh))
	case 4:
		return fmt.Sprintf("Spread in %s: %s bid, %s asked", in.name, price(fieldBid), price(fieldAsk))
	case 5:
		return fmt.Sprintf("%s opened at %s and is now at %s", in.name, price(fieldOpen), price(fieldLast))
	default:
		return fmt.Sprintf("Turnover in %s reaches %s %s", in.name, round(in.row[fieldVolume]), units[in.kind])
	}
}

// units are what volumes count, by kind.
var units = [...]string{share: "shares", currency: "units", metal: "ounces", index: "contracts"}

// round writes a volume as people do: 12.3 million.
func round(v int64) string {
	switch {
	case v >= 1e9:
		return fmt.Sprintf("%d.%d billion", v/1e9, v/1e8%10)
	case v >= 1e6:
		return fmt.Sprintf("%d.%d million", v/1e6, v/1e5%10)
	default:
		return fmt.Sprintf("%d thousand", v/1e3)
	}
}
