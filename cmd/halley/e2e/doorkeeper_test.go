package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/halley-stream/halley/adapters"
	"github.com/halley-stream/halley/adapters/literal"
)

// doorkeeper is a Metadata Adapter that decides by what it is told: some users may
// not come in, some items may not be had, and messages say themselves what becomes
// of them.
type doorkeeper struct {
	*literal.Adapter
	released chan struct{}
	once     sync.Once

	mu    sync.Mutex
	came  []login
	heard []string
}

// login is who wanted to come in.
type login struct {
	User     string              `json:"user"`
	Password string              `json:"password"`
	Header   map[string][]string `json:"header"`
	Address  string              `json:"address"`
}

func newDoorkeeper() *doorkeeper {
	a, err := literal.New(literal.Config{Selectors: true})
	if err != nil {
		panic(err) // it is the same in each test
	}
	return &doorkeeper{Adapter: a, released: make(chan struct{})}
}

// Authenticate decides by the user's name.
func (d *doorkeeper) Authenticate(_ context.Context, l adapters.Login) (adapters.Permit, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.came = append(d.came, login{l.User, l.Password, l.Header, l.Address})
	permit := adapters.Permit{User: l.User}
	switch l.User {
	case "mallory":
		return permit, fmt.Errorf("%q: %w", l.User, adapters.ErrCredentials)
	case "banned":
		return permit, &adapters.Refusal{Code: -3, Text: "Not you, Jürgen: 100%"}
	case "early":
		if len(d.came) < 2 {
			return permit, errors.New("the directory is not up yet")
		}
	case "narrow":
		permit.MaxBandwidth = 20
	}
	return permit, nil
}

// Resolve refuses one item and limits another.
func (d *doorkeeper) Resolve(ctx context.Context, i adapters.Interest) (adapters.Resolution, error) {
	r, err := d.Adapter.Resolve(ctx, i)
	switch {
	case strings.Contains(i.Group, "m-forbidden"):
		err = &adapters.Refusal{Code: -5, Text: "Not for you, sorry"}
	case strings.Contains(i.Group, "m-limited"):
		r.MaxFrequency = 4
	}
	return r, err
}

// Message does what a message says.
func (d *doorkeeper) Message(ctx context.Context, m adapters.Message) (string, error) {
	d.mu.Lock()
	d.heard = append(d.heard, fmt.Sprintf("%s%d:%s", m.Sequence, m.Number, m.Text))
	d.mu.Unlock()
	switch what, _, _ := strings.Cut(m.Text, " "); what {
	case "deny":
		return "", &adapters.Refusal{Code: -9, Text: "No, never"}
	case "fail":
		return "", errors.New("it does not work")
	case "wait":
		select {
		case <-d.released:
		case <-ctx.Done():
		}
	case "nothing":
		return "", nil
	}
	return "heard " + m.Text, nil
}

// release lets messages be answered that wait.
func (d *doorkeeper) release() { d.once.Do(func() { close(d.released) }) }

func (d *doorkeeper) logins() []login {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]login{}, d.came...)
}

func (d *doorkeeper) messages() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string{}, d.heard...)
}
