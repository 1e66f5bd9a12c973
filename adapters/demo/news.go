package demo

import (
	"github.com/halley-stream/halley/adapters"
)

// AllNews is the item of the News adapter that has all headlines; the others are
// named after the symbols.
const AllNews = "NEWS"

// The fields of news.
const (
	newsTime = iota
	newsSymbol
	newsHeadline
)

var newsFields = []string{"time", "symbol", "headline"}

// news shows headlines. Its items have the instruments' indices; the last one is
// AllNews. It keeps the last headlines of each, for snapshots.
type news struct {
	tape *tape
	past [][]*headline // by item, oldest first, up to backlog of each
}

func newNews(t *tape) *news {
	n := &news{tape: t, past: make([][]*headline, len(t.instruments)+1)}
	for _, h := range t.newsroom.backlog {
		n.keep(h)
	}
	return n
}

func (n *news) fields() []string { return newsFields }

// all is the index of AllNews.
func (n *news) all() int { return len(n.past) - 1 }

func (n *news) keep(h *headline) {
	for _, i := range []int{h.of, n.all()} {
		if past := n.past[i]; len(past) < backlog {
			n.past[i] = append(past, h)
		} else {
			copy(past, past[1:])
			past[backlog-1] = h
		}
	}
}

func (n *news) snapshot(out *output, index int, item adapters.Item) {
	for _, h := range n.past[index] {
		n.put(out, h)
		out.snapshot(item)
	}
}

func (n *news) follow(out *output, t *tick, wanted []adapters.Item) {
	if t.news == nil {
		return
	}
	n.keep(t.news)
	for _, i := range []int{t.of, n.all()} {
		if item := wanted[i]; item != (adapters.Item{}) {
			n.put(out, t.news)
			out.update(item)
		}
	}
}

func (n *news) put(out *output, h *headline) {
	out.text = n.tape.appendTime(out.text, h.at)
	out.end(newsTime)
	out.put(newsSymbol, n.tape.instruments[h.of].symbol)
	out.put(newsHeadline, h.text)
}
