package engine

import (
	"fmt"
	"sync"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/conflation/selector"
	"github.com/halley-stream/halley/protocol"
)

// selectors are the expressions in use. Any goroutine.
type selectors struct {
	mu     sync.Mutex
	byText map[string]*selector.Selector
	// ofItem counts the subscriptions of an item by the selector that they have.
	ofItem map[itemKey]map[string]int
}

// selectorsKept is how many compiled expressions are kept to be used again.
const selectorsKept = 4096

// compile returns the selector of an expression.
func (s *selectors) compile(text string) (*selector.Selector, error) {
	s.mu.Lock()
	known := s.byText[text]
	s.mu.Unlock()
	if known != nil {
		return known, nil
	}
	made, err := selector.Compile(text)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byText == nil {
		s.byText = make(map[string]*selector.Selector)
	}
	if len(s.byText) < selectorsKept {
		s.byText[text] = made
	}
	return made, nil
}

// selects compiles the selector of a wish that may have one.
func (w *wish) selects(e *Engine) (err error) {
	switch {
	case !w.resolution.Selector:
		return fmt.Errorf("selectors are not allowed: %w", adapters.ErrBadSelector)
	case w.subscription.unfiltered && w.interest.Mode == adapters.Merge:
		return &protocol.Error{Code: protocol.ReqUnfilteredPrefilter, Text: "Unfiltered is not allowed with a selector in MERGE"}
	}
	if w.selector, err = e.selectors.compile(w.interest.Selector); err != nil {
		return &protocol.Error{Code: protocol.ReqSelector, Text: "Bad selector: " + err.Error()}
	}
	return nil
}

// use counts a subscription with a selector in, unless an item has too many
// different ones.
func (s *selectors) use(w *wish, most int) error {
	source, items, text := w.subscription.source, w.resolution.Items, w.interest.Selector
	if w.selector == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ofItem == nil {
		s.ofItem = make(map[itemKey]map[string]int)
	}
	for _, name := range items {
		if of := s.ofItem[itemKey{source.number, name}]; of[text] == 0 && len(of) >= most {
			return &protocol.Error{Code: protocol.ReqSelector, Text: tooMany("different selectors of an item", "selectors_per_item", most)}
		}
	}
	for _, name := range items {
		key := itemKey{source.number, name}
		if s.ofItem[key] == nil {
			s.ofItem[key] = make(map[string]int)
		}
		s.ofItem[key][text]++
	}
	return nil
}

// release counts a subscription out; without a selector it was never in.
func (s *selectors) release(source *source, items []string, used *selector.Selector) {
	if used == nil {
		return
	}
	text := used.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range items {
		key := itemKey{source.number, name}
		of := s.ofItem[key]
		if of[text]--; of[text] <= 0 {
			delete(of, text)
		}
		if len(of) == 0 {
			delete(s.ofItem, key)
		}
	}
}
