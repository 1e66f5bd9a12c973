package jwt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"
)

// keySet is keys that change: a JSON Web Key Set that is loaded again now and then.
// It has no goroutine of its own; logins load it. Any goroutine.
type keySet struct {
	load  func(ctx context.Context) ([]byte, error)
	every time.Duration // after which it is loaded again
	least time.Duration // between two attempts
	log   *slog.Logger

	mu      sync.Mutex
	set     *publicKeys // nil until it was loaded once, another one each time
	loaded  time.Time
	tried   time.Time
	loading chan struct{} // closed when the attempt under way is over; nil: there is none
}

// errNoKeys says that no keys could be loaded yet.
var errNoKeys = errors.New("there are no keys to verify tokens with")

// current returns the set, after loading it when it is time.
func (s *keySet) current(ctx context.Context) (keyring, error) {
	s.mu.Lock()
	set := s.set
	due := s.loading == nil && time.Since(s.loaded) >= s.every
	s.mu.Unlock()
	if set == nil || due {
		set = s.refresh(ctx)
	}
	if set == nil {
		return nil, errNoKeys
	}
	return set, nil
}

// newer returns the set if it is another than old, or if it is loaded now.
func (s *keySet) newer(ctx context.Context, old keyring) (keyring, bool) {
	s.mu.Lock()
	set := s.set
	s.mu.Unlock()
	if keyring(set) == old {
		set = s.refresh(ctx)
	}
	return set, keyring(set) != old
}

// refresh loads the set, unless that was tried a short time ago, and returns the set
// that there is then, or nil. Who comes while it is being loaded waits for the first
// set only: tokens with keys that are not known must not hold all who could answer
// others.
func (s *keySet) refresh(ctx context.Context) *publicKeys {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.loading != nil && s.set != nil:
	case s.loading != nil:
		over := s.loading
		s.mu.Unlock()
		select {
		case <-over:
		case <-ctx.Done():
		}
		s.mu.Lock()
	case s.tried.IsZero() || time.Since(s.tried) >= s.least:
		over := make(chan struct{})
		s.tried, s.loading = time.Now(), over
		s.mu.Unlock()
		set, err := s.parsed(ctx)
		s.mu.Lock()
		s.loading = nil
		close(over)
		if err != nil {
			s.log.Error("the key set cannot be loaded; the keys from before are good", "error", err)
		} else {
			s.set, s.loaded = set, time.Now()
		}
	}
	return s.set
}

// parsed loads the set and parses it.
func (s *keySet) parsed(ctx context.Context) (*publicKeys, error) {
	text, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	set, err := parseSet(text)
	return &set, err
}

// fromFile loads a key set from a file.
func fromFile(path string) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return os.ReadFile(path) }
}

// keySetMax bounds the answer of a URL, in bytes.
const keySetMax = 1 << 20

// fromURL loads a key set from an address.
func fromURL(address string, timeout time.Duration) func(context.Context) ([]byte, error) {
	client := &http.Client{Timeout: timeout}
	return func(ctx context.Context) ([]byte, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, err
		}
		response, err := client.Do(request)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s answers %s", address, response.Status)
		}
		text, err := io.ReadAll(io.LimitReader(response.Body, keySetMax+1))
		if err == nil && len(text) > keySetMax {
			err = fmt.Errorf("%s answers more than %d bytes", address, keySetMax)
		}
		return text, err
	}
}
