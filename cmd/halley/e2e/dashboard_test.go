package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/halley-stream/halley/adapters/demo"
)

func TestDashboardIsLive(t *testing.T) {
	b := runBrowser(t)
	s := serve(t, market())
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
	b := runBrowser(t)
	s := serve(t, market())
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
	b := runBrowser(t)
	s := serve(t, market())
	b.open(s.url() + "/")
	b.connected("websocket")
	b.moves()

	// The page breaks its connection, as a failing network would.
	for range 2 {
		b.evaluate(`(() => { window.states = []; new MutationObserver(() => states.push(document.querySelector("#connection").dataset.state))
			.observe(document.querySelector("#connection"), { attributes: true, attributeFilter: ["data-state"] }); return true; })()`, new(bool))
		b.click("#kill")
		b.wait(`window.states.includes("retrying") && window.states.at(-1) === "connected"`)
		b.moves()
	}

	// The server goes away, and comes back.
	s.stop()
	b.wait(`["retrying", "connecting"].includes(document.querySelector("#connection").dataset.state)`)
	b.wait(`document.body.dataset.state !== "connected"`)
	s.start()
	s.waitReady()
	b.connected("websocket")
	b.moves()
	b.forgive("net::ERR_CONNECTION_REFUSED")
}

// TestPicture takes the picture of the README, when it is told where to put it.
func TestPicture(t *testing.T) {
	path := os.Getenv("HALLEY_PICTURE")
	if path == "" {
		t.Skip("HALLEY_PICTURE does not name a file")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	b := runBrowser(t)
	s := serve(t, strings.ReplaceAll(market(), "rate: 20", "rate: 1"))
	b.open(s.url() + "/")
	b.connected("websocket")
	b.do("wait", map[string]any{"expression": `performance.now() > 58_000`, "timeout": 70_000})
	b.do("picture", map[string]any{"path": path, "width": 1440, "height": 900})
}
