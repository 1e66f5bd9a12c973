package e2e

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/adapters/demo"
)

func TestDashboardIsLive(t *testing.T) {
	s := serve(t, market())
	b := runBrowser(t)
	b.open(s.url() + "/")
	b.connected("websocket")
	b.moves()

	list := b.watchList()
	for _, symbol := range demo.Symbols() {
		row := list[symbol]
		if row["symbol"] != symbol || row["name"] == "" {
			t.Errorf("the row of %s shows %q", symbol, row)
		}
		bid, bidErr := strconv.ParseFloat(row["bid"], 64)
		ask, askErr := strconv.ParseFloat(row["ask"], 64)
		if bidErr != nil || askErr != nil || !(0 < bid && bid < ask) {
			t.Errorf("%s is %q bid and %q asked", symbol, row["bid"], row["ask"])
		}
	}
	if len(list) != len(demo.Symbols()) {
		t.Errorf("the list has %d rows, want %d", len(list), len(demo.Symbols()))
	}

	// The chosen instrument: title, chart, order book, best levels first.
	b.wait(`document.querySelector("#chart-symbol").textContent === "AAPL" && document.querySelector("#chart-price").textContent !== ""`)
	b.wait(`document.querySelectorAll("#depth .level .price").length === 20 && [...document.querySelectorAll("#depth .level .price")].every(p => p.textContent !== "")`)
	// A fresh page has 20 headlines at least.
	b.wait(`document.querySelectorAll("#news li").length >= 20`)
	b.wait(`Number(document.querySelector("#updates").textContent.replaceAll(",", "")) > 100`)

	b.click(`#watch [role=row][data-item=EURUSD]`)
	b.wait(`document.querySelector("#chart-symbol").textContent === "EURUSD" && document.querySelector("#chart-name").textContent === "Euro / US Dollar"`)
	b.wait(`document.querySelectorAll("#depth .level .price").length === 20 && [...document.querySelectorAll("#depth .level .price")].every(p => /^\d\.\d{5}$/.test(p.textContent))`)
	var book struct{ Bids, Asks []string }
	b.evaluate(`({ bids: [...document.querySelectorAll("#depth .bid .level .price")].map(p => p.textContent),
		asks: [...document.querySelectorAll("#depth .ask .level .price")].map(p => p.textContent) })`, &book)
	slices.Reverse(book.Bids)
	ladder := slices.Concat(book.Bids, book.Asks) // of one length, so texts compare as numbers
	if len(ladder) != 20 || !slices.IsSorted(ladder) || len(slices.Compact(ladder)) != 20 {
		t.Errorf("the book is %q bid and %q asked, want 10 levels each, best first", book.Bids, book.Asks)
	}
}

func TestDashboardChangesItsTransport(t *testing.T) {
	s := serve(t, market())
	b := runBrowser(t)
	b.open(s.url() + "/")
	b.connected("websocket")
	for _, transport := range []string{"http-streaming", "http-polling", "websocket", "auto"} {
		b.click(`#transport label:has(input[value=` + transport + `])`)
		counted, shown := transport, transport
		switch transport {
		case "auto":
			counted, shown = "ws-streaming", "websocket"
		case "websocket":
			counted = "ws-streaming"
		}
		b.connected(shown)
		b.moves()
		if transport != "http-polling" { // a poll may be between two
			s.waitMetric(1, "halley_sessions", `"`+counted+`"`)
		}
	}
	// The address can say it, too.
	b.open(s.url() + "/?transport=http-streaming&items=IBM,SPY&fields=bid,ask,time")
	b.connected("http-streaming")
	b.moves()
	if list := b.watchList(); len(list) != 2 || list["IBM"]["bid"] == "" || list["SPY"]["ask"] == "" {
		t.Errorf("the list shows %v, want IBM and SPY", list)
	}
}

func TestDashboardComesBack(t *testing.T) {
	s := serve(t, market())
	b := runBrowser(t)
	b.open(s.url() + "/")
	b.connected("websocket")
	b.moves()

	// The page breaks its connection, as a failing network would.
	for range 2 {
		b.evaluate(`(() => { window.states = []; new MutationObserver(() => states.push(document.querySelector("#connection").dataset.state))
			.observe(document.querySelector("#connection"), { attributes: true, attributeFilter: ["data-state"] }); return true; })()`, new(bool))
		b.click("#kill")
		b.wait(`window.states.includes("recovering") && window.states.at(-1) === "connected"`)
		b.moves()
	}

	// The server goes away, and comes back.
	b.forgive("net::ERR_CONNECTION_REFUSED")
	b.forgive("net::ERR_CONNECTION_RESET") // while the server drains
	s.stop()
	b.wait(`["recovering", "retrying", "connecting"].includes(document.querySelector("#connection").dataset.state)`)
	b.wait(`document.body.dataset.state !== "connected"`)
	s.start()
	s.waitReady()
	b.connected("websocket")
	b.moves()
}

var picture = flag.String("picture", "", "where to write a picture of the dashboard, as PNG")

// TestPicture takes the picture of the README, when it is told where to put it.
func TestPicture(t *testing.T) {
	if *picture == "" {
		t.Skip("-picture does not name a file")
	}
	s := serve(t, strings.ReplaceAll(market(), "rate: 20", "rate: 1"))
	b := runBrowser(t)
	b.open(s.url() + "/")
	b.connected("websocket")
	b.waitFor(`performance.now() > 60_000`, 70*time.Second)
	raw := filepath.Join(t.TempDir(), "raw.png")
	b.do("picture", map[string]any{"path": raw, "width": 1440, "height": 900})
	if err := compress(raw, *picture); err != nil {
		t.Fatal(err)
	}
}

// compress writes a PNG again, with the 256 colours that suit it best.
func compress(from, to string) error {
	in, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	full, err := png.Decode(bytes.NewReader(in))
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, reduce(full)); err != nil {
		return err
	}
	return os.WriteFile(to, out.Bytes(), 0o644)
}

// reduce paints a picture with few colours: the means of the most frequent groups
// of similar ones.
func reduce(full image.Image) image.Image {
	const similar = 8
	type group struct{ count, r, g, b int }
	groups := make(map[color.RGBA]*group)
	all := full.Bounds()
	each := func(paint func(x, y int, c color.RGBA)) {
		for y := all.Min.Y; y < all.Max.Y; y++ {
			for x := all.Min.X; x < all.Max.X; x++ {
				paint(x, y, color.RGBAModel.Convert(full.At(x, y)).(color.RGBA))
			}
		}
	}
	each(func(_, _ int, c color.RGBA) {
		key := color.RGBA{c.R / similar, c.G / similar, c.B / similar, 0}
		if groups[key] == nil {
			groups[key] = new(group)
		}
		g := groups[key]
		g.count, g.r, g.g, g.b = g.count+1, g.r+int(c.R), g.g+int(c.G), g.b+int(c.B)
	})
	frequent := slices.SortedFunc(maps.Values(groups), func(a, b *group) int { return b.count - a.count })
	var palette color.Palette
	for _, g := range frequent[:min(256, len(frequent))] {
		palette = append(palette, color.RGBA{uint8(g.r / g.count), uint8(g.g / g.count), uint8(g.b / g.count), 255})
	}
	few, nearest := image.NewPaletted(all, palette), make(map[color.RGBA]uint8)
	each(func(x, y int, c color.RGBA) {
		i, known := nearest[c]
		if !known {
			i = uint8(palette.Index(c))
			nearest[c] = i
		}
		few.SetColorIndex(x, y, i)
	})
	return few
}
